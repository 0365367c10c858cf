package flow

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// unit is 10^18: how many units a whole number has.
var unit = new(big.Int).SetUint64(one)

// big returns d as a number of any size.
func (d Decimal) big() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(d.hi), 64)
	return n.Add(n, new(big.Int).SetUint64(d.lo))
}

// refDecimal reads text with exact fractions, and returns nil for what is no Decimal.
func refDecimal(text string) *big.Int {
	for _, c := range text {
		if !strings.ContainsRune("0123456789+-.eE", c) {
			return nil // what fractions know beyond decimals: underscores, bases, slashes
		}
	}
	if mantissa, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok && !strings.ContainsAny(mantissa, "123456789") {
		if digits := strings.TrimPrefix(strings.TrimPrefix(exponent, "-"), "+"); digits != "" && !strings.ContainsAny(digits, "+-.e") {
			text = mantissa // zero, with an exponent that may be too large for a fraction to be read
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	r.Mul(r, new(big.Rat).SetInt(unit))
	if !r.IsInt() || r.Num().BitLen() > 127 {
		return nil
	}
	return r.Num()
}

func checkDecimal(t *testing.T, text string) {
	t.Helper()
	d, err := ParseDecimal([]byte(text))
	want := refDecimal(text)
	if (err == nil) != (want != nil) || err == nil && d.big().Cmp(want) != 0 {
		t.Fatalf("%q: %v, %v, want %v", text, d.big(), err, want)
	}
	if err != nil {
		return
	}
	printed := string(d.Append([]byte("x")))[1:]
	again, err := ParseDecimal([]byte(printed))
	if err != nil || again != d {
		t.Fatalf("%q is printed %q, which is %v, %v", text, printed, again, err)
	}
	if strings.Contains(printed, ".") && strings.HasSuffix(printed, "0") || strings.HasSuffix(printed, ".") || printed == "-0" {
		t.Fatalf("%q is printed %q", text, printed)
	}
	if got := string(d.appendCount(nil)); got != want.String() {
		t.Fatalf("%q counts %s, want %s", text, got, want)
	}
}

var decimalTexts = []string{
	"", "0", "-0", "+1", "1", "-1", ".5", "5.", ".", "-", "1e", "e1", "1e5", "1E-18", "1e-19", "10e-19", "9.765625E-4",
	"5.9604645E-8", "0.14202267", "0.1234567890123456789", "0.123456789012345678", "1.000000000000000000000", "1..2",
	"1.2.3", "1e5.5", "--1", "1 ", " 1", "0x10", "1_000", "NaN", "Inf", "8.99999999999999999", "9.99999999999999999",
	"170141183460469231731.687303715884105727", "170141183460469231731.687303715884105728", "-170141183460469231731.687303715884105728",
	"340282366920938463463.374607431768211455", "1e20", "1e21", "1e99999999999999999999",
	"1e-99999999999999999999", "0.000000000000000001e38", "100000000000000000000e-20", "00000000000000000000000000000000000000001", "1e+2",
	"0.00000000000000000000000000000000000", "1000000000000000000000000000000000000000000e-42",
}

func TestDecimalsAreExact(t *testing.T) {
	for _, text := range decimalTexts {
		checkDecimal(t, text)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		var b strings.Builder
		for range 1 + random.IntN(24) {
			b.WriteByte("00123456789.-e"[random.IntN(14)])
		}
		checkDecimal(t, b.String())
	}
}

// Exponents that exact fractions do not read.
func TestZeroIsZeroWithAnyExponent(t *testing.T) {
	for _, text := range []string{"0e99999999999999999999", "-0.0E-99999999999999999999"} {
		if d, err := ParseDecimal([]byte(text)); err != nil || d != (Decimal{}) {
			t.Errorf("%s: %v, %v", text, d, err)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, text := range decimalTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok && len(exponent) > 4 {
			return // the reference would take all memory
		}
		checkDecimal(t, text)
	})
}

func TestWholeNumbersAndSums(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	numbers := []int64{0, 1, -1, 1 << 62, -1 << 63, 1<<63 - 1}
	for range 1000 {
		numbers = append(numbers, int64(random.Uint64()))
	}
	for i, n := range numbers {
		a, b := Whole(n), Whole(numbers[(i+1)%len(numbers)])
		if want := new(big.Int).Mul(big.NewInt(n), unit); a.big().Cmp(want) != 0 {
			t.Fatalf("%d is %v", n, a.big())
		}
		if a.Compare(b) != a.big().Cmp(b.big()) {
			t.Fatalf("%v and %v compare %d", a.big(), b.big(), a.Compare(b))
		}
		if c, ok := a.plus(b); !ok || c.big().Cmp(new(big.Int).Add(a.big(), b.big())) != 0 {
			t.Fatalf("%v and %v make %v", a.big(), b.big(), c.big())
		}
	}
	most, err := ParseDecimal([]byte("170141183460469231731.687303715884105727"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := most.plus(Decimal{lo: 1}); ok {
		t.Error("the largest decimal grows")
	}
}
