package hotsock

// A kind is what a JSON value is.
type kind uint8

// Every kind of JSON value; absent is a member that was not there.
const (
	absent kind = iota
	null
	boolean
	number
	text
	array
	object
)

// String returns the kind with its article, as error messages need it.
func (k kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// A value is one JSON value as it stands in the text it was scanned from.
type value struct {
	raw     []byte // all its bytes, without white space around it
	kind    kind
	escaped bool // a string, with a backslash in it
	spaced  bool // an array or object, with white space in it outside of strings
}

// isNull says that the value is null or not there, which is the same to the protocol.
func (v *value) isNull() bool { return v.kind <= null }

// isTrue says that the value is the boolean true.
func (v *value) isTrue() bool { return v.kind == boolean && len(v.raw) == len("true") }

// bytes returns a string's text. Without escapes it is part of the scanned text.
func (v *value) bytes() []byte {
	if v.kind != text {
		return nil
	}
	inner := v.raw[1 : len(v.raw)-1]
	if v.escaped {
		return unescape(inner)
	}
	return inner
}

// text returns a string's text, "" for every other kind.
func (v *value) text() string { return string(v.bytes()) }

// compact returns a copy of the value without white space outside of strings, nil for null. Nothing else
// about it changes: neither digits, nor the order of members, nor escapes.
func (v *value) compact() []byte {
	switch {
	case v.isNull():
		return nil
	case !v.spaced:
		return append(make([]byte, 0, len(v.raw)), v.raw...)
	}
	dst := make([]byte, 0, len(v.raw))
	for i := 0; i < len(v.raw); i++ {
		switch c := v.raw[i]; c {
		case ' ', '\t', '\n', '\r':
		case '"':
			from := i
			for i++; v.raw[i] != '"'; i++ {
				if v.raw[i] == '\\' {
					i++
				}
			}
			dst = append(dst, v.raw[from:i+1]...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
