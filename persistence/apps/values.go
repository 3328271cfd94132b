package apps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// The readers below take one raw value each and say whether it can be read as what is wanted. Empty values do not
// come here: they count as absent.

// empty reports whether a value counts as absent.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []byte:
		return len(v) == 0
	case json.Number:
		return v == ""
	}
	return false
}

// readText reads text: text, bytes as they are, numbers by their digits.
func readText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case json.Number:
		return string(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), finite(v)
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32), finite(float64(v))
	}
	if n := reflect.ValueOf(v); n.CanInt() || n.CanUint() {
		return fmt.Sprint(v), true
	}
	return "", false
}

// maxLimit is what bigger numbers are cut to: every integer up to it is exact in a float64 and in JavaScript, and
// it can be multiplied by a thousand.
const maxLimit = 1 << 53

// readInt reads an integer as JavaScript's parseInt does: text by its leading digits, fractions dropped. The
// result is within ±maxLimit.
func readInt(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return leadingInt(v)
	case []byte:
		return leadingInt(string(v))
	case json.Number:
		if !strings.ContainsAny(string(v), "eE") {
			return leadingInt(string(v))
		}
	}
	f, ok := number(v)
	return int(within(f)), ok
}

// readFloat reads a number with fraction and exponent, text by its leading part that is one. The result is finite,
// within ±maxLimit.
func readFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case string:
		return leadingFloat(v)
	case []byte:
		return leadingFloat(string(v))
	}
	f, ok := number(v)
	return within(f), ok
}

// number is the value of what is a number by its kind, not of text.
func number(v any) (f float64, ok bool) {
	if text, ok := v.(json.Number); ok {
		return leadingFloat(string(text))
	}
	switch n := reflect.ValueOf(v); {
	case n.CanFloat():
		f = n.Float()
	case n.CanInt():
		f = float64(n.Int())
	case n.CanUint():
		f = float64(n.Uint())
	default:
		return 0, false
	}
	return f, finite(f)
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func within(f float64) float64 { return min(max(f, -maxLimit), maxLimit) }

func leadingInt(s string) (int, bool) {
	s = strings.TrimSpace(s)
	digits, negative := unsigned(s)
	n, ok := 0, false
	for i := 0; i < len(digits) && isDigit(digits[i]); i++ {
		n, ok = min(n*10+int(digits[i]-'0'), maxLimit), true
	}
	if negative {
		n = -n
	}
	return n, ok
}

func leadingFloat(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	digits, negative := unsigned(s)
	whole := digitsAt(digits, 0)
	end := whole
	if end < len(digits) && digits[end] == '.' {
		fraction := digitsAt(digits, end+1)
		if fraction == end+1 && whole == 0 {
			return 0, false
		}
		end = fraction
	} else if whole == 0 {
		return 0, false
	}
	if end < len(digits) && (digits[end] == 'e' || digits[end] == 'E') {
		exponent := end + 1
		if exponent < len(digits) && (digits[exponent] == '+' || digits[exponent] == '-') {
			exponent++
		}
		if after := digitsAt(digits, exponent); after > exponent {
			end = after
		}
	}
	// The form is checked; what is too big comes back as an infinity, beside an error.
	f, _ := strconv.ParseFloat(digits[:end], 64)
	if negative {
		f = -f
	}
	return within(f), true
}

func unsigned(s string) (digits string, negative bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:], s[0] == '-'
	}
	return s, false
}

// digitsAt returns where the digits that begin at i end.
func digitsAt(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// base64True is what a client stores that takes the word true for the base64 of bytes.
var base64True = []byte{0xb6, 0xbb, 0x9e}

// readBool reads a boolean: booleans, numbers that are zero or not, words, and a single byte as SQL's bit.
func readBool(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return ParseBool(v)
	case []byte:
		switch {
		case bytes.Equal(v, base64True):
			return true, true
		case len(v) == 1 && v[0] <= 1:
			return v[0] == 1, true
		}
		return ParseBool(string(v))
	}
	f, ok := number(v)
	return f != 0, ok
}

// Words is how a boolean may be written in text, by this package and by the environment's import.
const Words = "true, t, yes, y, on, 1 or false, f, no, n, off, 0"

// ParseBool reads one of Words, in any case and with space around it. ok is false if s is none of them.
func ParseBool(s string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "t", "yes", "y", "on", "1":
		return true, true
	case "false", "f", "no", "n", "off", "0":
		return false, true
	}
	return false, false
}

// truthy is what JavaScript takes for true, of what is not empty: soketi's reading of Enabled and
// EnableUserAuthentication.
func truthy(v any) bool {
	if b, ok := v.(bool); ok {
		return b
	}
	f, ok := number(v)
	return !ok || f != 0
}

// truthyButBytes is soketi's reading of EnableClientMessages: it alone turns bytes into text first.
func truthyButBytes(v any) bool {
	if b, ok := v.([]byte); ok {
		return string(b) == "true"
	}
	return truthy(v)
}

// maxJSONText bounds JSON inside text: twice what a DynamoDB item can hold.
const maxJSONText = 800 << 10

var errJSONSize = fmt.Errorf("longer than %d bytes", maxJSONText)

// parseJSON reads text that holds one JSON value. Errors quote nothing of it.
func parseJSON(text string) (any, error) {
	if len(text) > maxJSONText {
		return nil, errJSONSize
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON, at byte %d", d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("not one JSON value, at byte %d", d.InputOffset())
	}
	return v, nil
}

// unwrapped is v, or what the JSON in it says if it is text that begins with open. Its error is for a warning.
func unwrapped(v any, open string) (any, error) {
	text, ok := v.(string)
	if b, isBytes := v.([]byte); isBytes {
		text, ok = string(b), true
	}
	if !ok {
		return v, nil
	}
	if text = strings.TrimSpace(text); !strings.HasPrefix(text, open) {
		return text, nil
	}
	return parseJSON(text)
}
