package claims

import (
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// raw is one JSON value inside a text that passed scan, without white space around it. nil stands
// for an absent member. Its methods trust the scan: they look for structure and do not check it.
type raw []byte

func (r raw) isNull() bool   { return len(r) > 0 && r[0] == 'n' }
func (r raw) isObject() bool { return len(r) > 0 && r[0] == '{' }
func (r raw) isArray() bool  { return len(r) > 0 && r[0] == '[' }

// text returns the value of a string.
func (r raw) text() (string, bool) {
	if len(r) == 0 || r[0] != '"' {
		return "", false
	}
	return string(r.unquoted()), true
}

// unquoted returns the characters of a string; it allocates only where there are escapes.
func (r raw) unquoted() []byte {
	inner := r[1 : len(r)-1]
	for _, c := range inner {
		if c == '\\' {
			b, _ := jsontext.AppendUnquote(nil, []byte(r)) // scan has checked every escape
			return b
		}
	}
	return inner
}

// boolean returns the value of true or false.
func (r raw) boolean() (value, ok bool) {
	if len(r) == 0 || r[0] != 't' && r[0] != 'f' {
		return false, false
	}
	return r[0] == 't', true
}

// float returns the value of a number that has a finite one.
func (r raw) float() (float64, bool) {
	if len(r) == 0 || r[0] != '-' && (r[0] < '0' || r[0] > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(r), 64)
	return f, err == nil
}

// integer returns the value of a number without fraction, 5 as well as 5.0 and 5e0.
func (r raw) integer() (int64, bool) {
	f, ok := r.float()
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// The years 1 and 9999, in seconds from 1970: what a NumericDate may be. Milliseconds by mistake are
// beyond it, instead of a token that never expires.
const (
	minDate = -62_135_596_800
	maxDate = 253_402_300_799
)

// date returns the instant that a NumericDate means, to the nanosecond as far as a float has them.
func (r raw) date() (time.Time, bool) {
	f, ok := r.float()
	if !ok || f < minDate || f > maxDate {
		return time.Time{}, false
	}
	// A float64 of this size is a quarter of a microsecond wide: to the nanosecond, 0.752 may be a little
	// more, and what is of that very millisecond would come before it.
	seconds := math.Floor(f)
	return time.Unix(int64(seconds), int64(math.Round((f-seconds)*1e6))*1e3).UTC(), true
}

// members yields the names and values of an object, in their order.
func (r raw) members() iter.Seq2[[]byte, raw] {
	return func(yield func([]byte, raw) bool) {
		for i := skipSpace(r, 1); r[i] != '}'; {
			end := skipValue(r, i)
			name := raw(r[i:end]).unquoted()
			i = skipSpace(r, skipSpace(r, end)+1) // past the colon
			end = skipValue(r, i)
			if !yield(name, r[i:end]) {
				return
			}
			if i = skipSpace(r, end); r[i] == ',' {
				i = skipSpace(r, i+1)
			}
		}
	}
}

// elements yields the values of an array, in their order.
func (r raw) elements() iter.Seq[raw] {
	return func(yield func(raw) bool) {
		for i := skipSpace(r, 1); r[i] != ']'; {
			end := skipValue(r, i)
			if !yield(r[i:end]) {
				return
			}
			if i = skipSpace(r, end); r[i] == ',' {
				i = skipSpace(r, i+1)
			}
		}
	}
}

// trim takes the white space around a scanned text away.
func trim(src []byte) raw {
	i := skipSpace(src, 0)
	return raw(src[i:skipValue(src, i)])
}

func skipSpace(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r' {
		i++
	}
	return i
}

// skipValue returns the index after the value that starts at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		for open := 0; ; i++ {
			switch b[i] {
			case '"':
				i = skipString(b, i) - 1
			case '{', '[':
				open++
			case '}', ']':
				if open--; open == 0 {
					return i + 1
				}
			}
		}
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return i
		}
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}
