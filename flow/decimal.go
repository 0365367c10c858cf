package flow

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Decimal is an exact number: a whole number of 10^-18, from -1.7·10^20 to 1.7·10^20. Sums of decimals are the same in
// any order, which sums of floats are not.
type Decimal struct {
	hi int64
	lo uint64
}

// decimals is how many digits behind the point a Decimal has, and one is 10^decimals.
const (
	decimals = 18
	one      = 1_000_000_000_000_000_000
)

// What a text can be that is no Decimal.
var (
	errNoNumber  = errors.New("not a decimal number")
	errTooFine   = fmt.Errorf("more than %d decimals", decimals)
	errTooLarge  = errors.New("too large a number")
	errOverflows = errors.New("the sum is too large to be exact")
)

// powers are the powers of ten that fit 64 bits.
var powers = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// ParseDecimal reads a decimal number: digits with an optional sign, point and exponent ("-12", ".5", "9.765625E-4").
// It returns an error, and never a rounded number, for one that is too large or has more than 18 decimals.
func ParseDecimal(text []byte) (Decimal, error) {
	if d, ok := parseFraction(text); ok {
		return d, nil
	}
	return parseAny(text)
}

// parseFraction reads the common form of digits and a point, of 18 digits at most and less than 9.2.
func parseFraction(text []byte) (Decimal, bool) {
	if len(text) < 3 || len(text) > 2+decimals-1 || text[1] != '.' {
		return Decimal{}, false
	}
	first := text[0] - '0'
	if first > 8 {
		return Decimal{}, false
	}
	n := uint64(first)
	for _, b := range text[2:] {
		digit := b - '0'
		if digit > 9 {
			return Decimal{}, false
		}
		n = n*10 + uint64(digit)
	}
	return Decimal{lo: n * powers[decimals+2-len(text)]}, true
}

// parseAny reads every form, a digit at a time.
func parseAny(text []byte) (Decimal, error) {
	i, negative := 0, false
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		negative = text[i] == '-'
		i++
	}
	var hi, lo uint64 // the digits without trailing zeros, which are counted until another digit follows
	zeros, digits, scale := 0, 0, 0
	point, ok := false, true
	for ; i < len(text); i++ {
		switch b := text[i]; {
		case b == '.' && !point:
			point = true
			continue
		case b < '0' || b > '9':
		default:
			digits++
			if point {
				scale++
			}
			if b == '0' {
				zeros++
				continue
			}
			for ; zeros > 0 && hi|lo != 0; zeros-- {
				if hi, lo, ok = times10(hi, lo, 0); !ok {
					return Decimal{}, errTooLarge
				}
			}
			if hi, lo, ok = times10(hi, lo, uint64(b-'0')); !ok {
				return Decimal{}, errTooLarge
			}
			zeros = 0
			continue
		}
		break
	}
	if digits == 0 {
		return Decimal{}, errNoNumber
	}
	exponent := 0
	if i < len(text) {
		if text[i] != 'e' && text[i] != 'E' {
			return Decimal{}, errNoNumber
		}
		var err error
		if exponent, err = strconv.Atoi(string(text[i+1:])); errors.Is(err, strconv.ErrRange) {
			exponent = math.MaxInt32
			if text[i+1] == '-' {
				exponent = math.MinInt32
			}
		} else if err != nil {
			return Decimal{}, errNoNumber
		}
		exponent = min(max(exponent, math.MinInt32), math.MaxInt32)
	}
	if hi|lo == 0 {
		return Decimal{}, nil
	}
	shift := exponent + zeros - scale + decimals
	if shift < 0 {
		return Decimal{}, errTooFine
	}
	for ; shift > 0; shift-- {
		if hi, lo, ok = times10(hi, lo, 0); !ok {
			return Decimal{}, errTooLarge
		}
	}
	if hi > math.MaxInt64 {
		return Decimal{}, errTooLarge
	}
	d := Decimal{int64(hi), lo}
	if negative {
		d = d.negated()
	}
	return d, nil
}

// times10 returns (hi, lo)·10 + digit, and whether 128 bits hold it.
func times10(hi, lo, digit uint64) (uint64, uint64, bool) {
	over, low := bits.Mul64(lo, 10)
	wrap, high := bits.Mul64(hi, 10)
	low, carry := bits.Add64(low, digit, 0)
	high, carry = bits.Add64(high, over, carry)
	return high, low, wrap|carry == 0
}

// Whole returns n as a Decimal.
func Whole(n int64) Decimal {
	magnitude := uint64(n)
	if n < 0 {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, one)
	d := Decimal{int64(hi), lo}
	if n < 0 {
		d = d.negated()
	}
	return d
}

// negated returns -d. The least of all numbers, which has no counterpart, is never made: nothing parses to it.
func (d Decimal) negated() Decimal {
	lo, borrow := bits.Sub64(0, d.lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.hi), borrow)
	return Decimal{int64(hi), lo}
}

// plus returns d + o, and false when the sum is beyond what a Decimal holds.
func (d Decimal) plus(o Decimal) (Decimal, bool) {
	lo, carry := bits.Add64(d.lo, o.lo, 0)
	hi, _ := bits.Add64(uint64(d.hi), uint64(o.hi), carry)
	return Decimal{int64(hi), lo}, (d.hi^int64(hi))&(o.hi^int64(hi)) >= 0
}

// Compare returns -1, 0 or 1 as d is less than, equal to or more than o.
func (d Decimal) Compare(o Decimal) int {
	switch {
	case d.hi < o.hi || d.hi == o.hi && d.lo < o.lo:
		return -1
	case d == o:
		return 0
	}
	return 1
}

// Append appends d in its shortest decimal form: no exponent, no trailing zeros, no point where there are no decimals.
func (d Decimal) Append(dst []byte) []byte {
	hi, lo, dst := d.magnitude(dst)
	wholeHi, rest := hi/one, hi%one
	whole, fraction := bits.Div64(rest, lo, one)
	dst = appendWide(dst, wholeHi, whole)
	if fraction == 0 {
		return dst
	}
	at := len(dst)
	dst = strconv.AppendUint(dst, fraction+one, 10) // the leading 1 keeps the zeros, and makes room for the point
	dst[at] = '.'
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendCount appends d as the whole number of 10^-18 that it is.
func (d Decimal) appendCount(dst []byte) []byte {
	hi, lo, dst := d.magnitude(dst)
	return appendWide(dst, hi, lo)
}

// magnitude appends d's sign to dst and returns the 128 bits without it.
func (d Decimal) magnitude(dst []byte) (hi, lo uint64, signed []byte) {
	if d.hi < 0 {
		d, dst = d.negated(), append(dst, '-')
	}
	return uint64(d.hi), d.lo, dst
}

// appendWide appends the 128-bit number in decimal; hi is below 2^63.
func appendWide(dst []byte, hi, lo uint64) []byte {
	const digits = 19
	if hi == 0 {
		return strconv.AppendUint(dst, lo, 10)
	}
	front, back := bits.Div64(hi, lo, powers[digits])
	dst = strconv.AppendUint(dst, front, 10)
	var text [20]byte
	tail := strconv.AppendUint(text[:0], back, 10)
	for range digits - len(tail) {
		dst = append(dst, '0')
	}
	return append(dst, tail...)
}
