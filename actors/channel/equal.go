package channel

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// equalJSON says whether two compact JSON values are the same value: the same bytes, or the same after
// their objects' members are put in order and the escapes in their strings are written one way. Numbers
// are compared as they are written: 1 and 1.0 differ, and no digit of a large integer is lost. nil is
// null. What is not valid JSON in UTF-8, or names a member twice, is equal to the same bytes only.
func equalJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if len(a) == 0 || len(b) == 0 {
		return isNull(a) && isNull(b)
	}
	if cannotBeEqual(a, b) {
		return false
	}
	x, y := jsontext.Value(bytes.Clone(a)), jsontext.Value(bytes.Clone(b))
	if x.Format(inOrder...) != nil || y.Format(inOrder...) != nil {
		return false
	}
	return bytes.Equal(x, y)
}

var inOrder = []jsontext.Options{
	jsontext.ReorderRawObjects(true),
	jsontext.CanonicalizeRawInts(false),
	jsontext.CanonicalizeRawFloats(false),
	jsontext.PreserveRawStrings(false),
}

// cannotBeEqual tells most different values apart without parsing them, which is what every set of a new
// value would otherwise pay for. Where no string has an escape, another order of members is the very same
// bytes in other places: their number and their sum are equal.
func cannotBeEqual(a, b []byte) bool {
	if bytes.IndexByte(a, '\\') >= 0 || bytes.IndexByte(b, '\\') >= 0 {
		return false
	}
	return len(a) != len(b) || checksum(a) != checksum(b)
}

// checksum adds up the squares of v's bytes: squares, so that 13 and 22 differ.
func checksum(v []byte) (sum uint64) {
	for _, c := range v {
		sum += uint64(c) * uint64(c)
	}
	return sum
}

// isNull says whether v is null: nothing, or the word.
func isNull(v []byte) bool { return len(v) == 0 || string(v) == "null" }

// isClear says whether storing v clears the entry.
func isClear(v []byte) bool { return isNull(v) || string(v) == "{}" }

// orNil returns nil for null, v for any other value.
func orNil(v []byte) []byte {
	if isNull(v) {
		return nil
	}
	return v
}
