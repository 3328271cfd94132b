package channel

import (
	"strings"
	"testing"
)

func TestNumbersAreAddedExactly(t *testing.T) {
	long := strings.Repeat("9", maxDigits)
	for _, c := range []struct{ a, b, want string }{
		{"1", "2", "3"}, {"0", "-1", "-1"}, {"-1", "1", "0"}, {"1", "-2", "-1"},
		{"9007199254740993", "1", "9007199254740994"},
		{"18446744073709551615", "18446744073709551615", "36893488147419103230"},
		{"0.1", "0.2", "0.3"}, {"1.50", "2", "3.50"}, {"1.5", "-1.5", "0.0"}, {"-0.05", "0.01", "-0.04"},
		{"1e3", "1", "1001"}, {"1.5E+2", "0", "150"}, {"15e-1", "0", "1.5"}, {"1", "1e-3", "1.001"}, {"-0", "0", "0"},
		{long, "0", long}, {long, "1", ""}, {"1", "1e64", ""}, {"1", "1e-65", ""}, {"1", "1e999999999", ""}, {"1", "1e99999999999999999999", ""},
		{long + long + "1", "0", ""}, {`"1"`, "1", ""}, {"true", "1", ""}, {"{}", "1", ""}, {"[1]", "1", ""}, {"null", "1", ""}, {"", "1", ""},
	} {
		got, ok := addNumbers([]byte(c.a), []byte(c.b))
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%s + %s = %s, want %q", c.a, c.b, got, c.want)
		}
		if back, _ := addNumbers([]byte(c.b), []byte(c.a)); c.b != "" && string(back) != string(got) {
			t.Errorf("%s + %s = %s the other way round", c.a, c.b, back)
		}
	}
}
