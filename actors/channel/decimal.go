package channel

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"
)

// maxDigits bounds the numbers that can be added, written without exponent: a few bytes can name a number
// that fills the memory.
const maxDigits = 64

// addNumbers adds two JSON numbers exactly, whole or decimal: nothing is ever rounded through a float. The
// sum has as many decimals as the number with more of them, as sums of money do: 1.50 + 2 is 3.50. It has
// no exponent, and no sign if it is zero. false: one of them is no number, or has too many digits.
func addNumbers(a, b []byte) (sum []byte, ok bool) {
	x, xScale, ok := parseDecimal(a)
	if !ok {
		return nil, false
	}
	y, yScale, ok := parseDecimal(b)
	if !ok {
		return nil, false
	}
	scale := max(xScale, yScale)
	x.Mul(x, powerOfTen(scale-xScale))
	y.Mul(y, powerOfTen(scale-yScale))
	x.Add(x, y)
	digits := x.String()
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if len(digits) > maxDigits {
		return nil, false
	}
	if scale > 0 {
		whole := len(digits) - scale
		digits = digits[:whole] + "." + digits[whole:]
	}
	return []byte(sign + digits), true
}

// parseDecimal returns the number digits / 10^scale that v is.
func parseDecimal(v []byte) (digits *big.Int, scale int, ok bool) {
	if len(v) == 0 || len(v) > 2*maxDigits || v[0] != '-' && (v[0] < '0' || v[0] > '9') {
		return nil, 0, false
	}
	if i := bytes.IndexAny(v, "eE"); i >= 0 {
		exponent, err := strconv.Atoi(string(v[i+1:]))
		if err != nil || exponent < -maxDigits || exponent > maxDigits {
			return nil, 0, false
		}
		scale, v = -exponent, v[:i]
	}
	if i := bytes.IndexByte(v, '.'); i >= 0 {
		scale += len(v) - i - 1
		v = append(append(make([]byte, 0, len(v)), v[:i]...), v[i+1:]...)
	}
	digits, ok = new(big.Int).SetString(string(v), 10)
	if !ok {
		return nil, 0, false
	}
	if scale < 0 {
		digits.Mul(digits, powerOfTen(-scale))
		scale = 0
	}
	return digits, scale, scale <= maxDigits && len(digits.Text(10)) <= maxDigits+1
}

func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
