package classifier

import (
	"crypto/md5"
	"encoding/hex"
	"math/bits"
	"strconv"
)

// Header is the header line of generated input.
const Header = "ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION"

// AppendRow appends generated row i to dst:
//
//	i , 1..100000 , float in [0,1) , md5hex(i) , md5hex(1..20000) twice
//
// It is a function of seed and i alone.
func AppendRow(dst []byte, seed uint64, i int64) []byte {
	random := rng(seed ^ bits.RotateLeft64(uint64(i)*0x9E3779B97F4A7C15, 31))
	dst = append(strconv.AppendInt(dst, i, 10), ',')
	dst = append(strconv.AppendUint(dst, 1+random.next()%100000, 10), ',')
	dst = append(strconv.AppendFloat(dst, float64(random.next()>>11)/(1<<53), 'g', -1, 64), ',')
	dst = append(appendMD5(dst, uint64(i)), ',')
	description := 1 + random.next()%20000
	dst = appendMD5(dst, description)
	return append(dst, dst[len(dst)-2*md5.Size:]...)
}

// appendMD5 appends the MD5 of n's decimal text, in hexadecimal.
func appendMD5(dst []byte, n uint64) []byte {
	var text [20]byte
	digest := md5.Sum(strconv.AppendUint(text[:0], n, 10))
	return hex.AppendEncode(dst, digest[:])
}

// rng is SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195): a generator small enough to be started
// anew for every row, which is what lets any worker make any row.
type rng uint64

func (r *rng) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
