package query2

import (
	"math/bits"
	"strconv"
	"time"
)

// AppendRow appends generated row i to dst: a function of seed and i alone, in the shape of HiBench's generator. Each
// byte of the address is uniform (1 to 254, 0 to 254 twice, 1 to 254), which settles how many groups n rows have; the
// revenue is a uniform float of 32 bits in [0,1), written as Java writes it.
func AppendRow(dst []byte, seed uint64, i int64) []byte {
	r := rng(seed ^ bits.RotateLeft64(uint64(i)*0x9E3779B97F4A7C15, 31))
	dst = append(strconv.AppendUint(dst, 1+r.below(254), 10), '.')
	dst = append(strconv.AppendUint(dst, r.below(255), 10), '.')
	dst = append(strconv.AppendUint(dst, r.below(255), 10), '.')
	dst = append(strconv.AppendUint(dst, 1+r.below(254), 10), ',')
	dst = append(appendLetters(dst, &r, 20+r.below(66)), ',')
	dst = append(day0.AddDate(0, 0, int(r.below(days))).AppendFormat(dst, time.DateOnly), ',')
	dst = append(appendFloat(dst, float32(r.next()>>40)/(1<<24)), ',')
	dst = append(append(dst, agents[r.below(uint64(len(agents)))]...), ',')
	dst = append(append(dst, places[r.below(uint64(len(places)))]...), ',')
	dst = append(append(dst, words[r.below(uint64(len(words)))]...), ',')
	return strconv.AppendUint(dst, 1+r.below(10), 10)
}

// Visits are from 1970 up to the last of April 2012.
var (
	day0 = time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC)
	days = uint64(time.Date(2012, time.May, 1, 0, 0, 0, 0, time.UTC).Sub(day0) / (24 * time.Hour))
)

// What the columns are drawn from; places are a country and a language.
var (
	agents = []string{
		"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_6)", "Opera/9.80 (Windows NT 6.0; U)", "Links (2.3; Linux; 80x25)",
		"Lynx/2.8.7", "Mozilla/5.0 (Windows NT 6.1; WOW64)", "Wget/1.12 (linux-gnu)",
	}
	places = []string{
		"AUT,AUT-DE", "BRA,BRA-PT", "CAN,CAN-EN", "CAN,CAN-FR", "CHE,CHE-DE", "CHE,CHE-FR", "DEU,DEU-DE", "DOM,DOM-ES",
		"EGY,EGY-AR", "ESP,ESP-ES", "FRA,FRA-FR", "GBR,GBR-EN", "IND,IND-HI", "JPN,JPN-JA", "MEX,MEX-ES", "USA,USA-EN",
	}
	words = []string{
		"almanac", "barometer", "candlelight", "daffodil", "envelope", "ferryman", "gardening", "harvest", "inkwell",
		"jigsaw", "kettle", "lighthouse", "meadow", "notebook", "orchard", "pendulum", "quilt", "rainfall", "sailing",
		"teapot", "umbrella", "violin", "waterfall", "xylophone", "yarn", "zither",
	}
)

// appendLetters appends n lower-case letters.
func appendLetters(dst []byte, r *rng, n uint64) []byte {
	for range n {
		dst = append(dst, byte('a'+r.below(26)))
	}
	return dst
}

// appendFloat appends f as Java's Float.toString does: at least one digit behind the point, and an exponent below 0.001.
func appendFloat(dst []byte, f float32) []byte {
	if f >= 1e-3 || f == 0 {
		at := len(dst)
		dst = strconv.AppendFloat(dst, float64(f), 'f', -1, 32)
		if len(dst) == at+1 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	digits := strconv.AppendFloat(nil, float64(f), 'e', -1, 32) // d.ddde-0x, or de-0x
	mantissa, exponent := digits[:len(digits)-4], digits[len(digits)-2:]
	if dst = append(dst, mantissa...); len(mantissa) == 1 {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, "E-"...)
	if exponent[0] == '0' {
		exponent = exponent[1:]
	}
	return append(dst, exponent...)
}

// rng is SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195), which is started anew for every row.
type rng uint64

func (r *rng) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below returns a number below n.
func (r *rng) below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.next(), n)
	return hi
}
