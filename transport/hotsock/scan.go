package hotsock

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Bounds on the JSON that strangers send. They are far above what clients need.
const (
	// maxDepth is how deep arrays and objects may nest in a member's value. It bounds what a reader of
	// data that recurses, here or in another client, has on its stack; and it is what one word of the
	// scanner's own stack holds.
	maxDepth = 64
	// maxElements is how many values one text may have in its arrays and objects. It keeps "[0,0,0…" from
	// costing those who parse it a hundred times its size.
	maxElements = 1 << 16
	// maxMembers is how many members the outermost object may have. Names that nobody knows are
	// compared with each other, which takes its square.
	maxMembers = 64
)

// A syntaxError says where and why a text is not the JSON that we read.
type syntaxError struct {
	at  int // bytes from the beginning
	why string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.why, e.at) }

// scanObject reads data, which must be one JSON object, and puts the value of the member names[i] into
// values[i]. Members with other names are checked and then ignored.
//
// It is stricter than most: text must be valid UTF-8 without lone surrogates, written raw or escaped; names
// are compared exactly, after unescaping, and no name may stand twice in this object; there are bounds on
// depth and number. What the values hold inside is only checked for its grammar (RFC 8259): members that
// are doubled in there are the application's.
//
// It runs over data once, and allocates nothing unless it meets an escaped or unknown name.
func scanObject(data []byte, names []string, values []value) error {
	s := scanner{data: data}
	if !s.object(names, values) {
		return &syntaxError{s.at, s.why}
	}
	return nil
}

// scanner is one pass over a text. Its methods return false at the first fault and leave why and at.
type scanner struct {
	data     []byte
	at       int
	elements int
	why      string
}

func (s *scanner) fail(why string) bool {
	s.why = why
	return false
}

// peek returns the next byte, 0 at the end; no grammar rule begins with a 0.
func (s *scanner) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

// space skips white space and says whether there was any.
func (s *scanner) space() bool {
	from := s.at
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
			continue
		}
		break
	}
	return s.at > from
}

func (s *scanner) object(names []string, values []value) bool {
	s.space()
	if s.peek() != '{' {
		return s.fail("expected an object")
	}
	s.at++
	s.space()
	if s.peek() == '}' {
		s.at++
		return s.end()
	}
	var unknown [][]byte
	for n := 1; ; n++ {
		if n > maxMembers {
			return s.fail("too many members")
		}
		name := value{kind: text}
		if !s.name(&name) {
			return false
		}
		at := s.at
		var v value
		if !s.value(&v) {
			return false
		}
		if !keep(&name, &v, names, values, &unknown) {
			s.at = at
			return s.fail("a member stands twice")
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
			s.space()
		case '}':
			s.at++
			return s.end()
		default:
			return s.fail("expected a comma or the object's end")
		}
	}
}

// keep puts v where its name belongs, and returns false if something is there already.
func keep(name, v *value, names []string, values []value, unknown *[][]byte) bool {
	n := name.bytes()
	for i := range names {
		if string(n) == names[i] {
			if values[i].kind != absent {
				return false
			}
			values[i] = *v
			return true
		}
	}
	for _, u := range *unknown {
		if string(u) == string(n) {
			return false
		}
	}
	*unknown = append(*unknown, n)
	return true
}

// end allows nothing but white space behind the object.
func (s *scanner) end() bool {
	s.space()
	if s.at < len(s.data) {
		return s.fail("unexpected text after the object")
	}
	return true
}

// name reads a member's name and its colon.
func (s *scanner) name(v *value) bool {
	from := s.at
	if s.peek() != '"' {
		return s.fail("expected a member's name")
	}
	if !s.string(&v.escaped) {
		return false
	}
	v.raw = s.data[from:s.at]
	s.space()
	if s.peek() != ':' {
		return s.fail("expected a colon")
	}
	s.at++
	s.space()
	return true
}

// value reads one value of any kind.
func (s *scanner) value(v *value) bool {
	from := s.at
	switch c := s.peek(); {
	case c == '{' || c == '[':
		v.kind = object
		if c == '[' {
			v.kind = array
		}
		if !s.nested(&v.spaced) {
			return false
		}
	case !s.scalar(&v.kind, &v.escaped):
		return false
	}
	v.raw = s.data[from:s.at]
	return true
}

// nested reads an array or object with all that it holds. It does not recurse: whether each level that is
// open is an object is one bit of open, the innermost lowest.
func (s *scanner) nested(spaced *bool) bool {
	var open uint64
	var scalar kind
	var escaped bool
	depth := 0
	for {
		// At a value, or at the bracket that opens one.
		if c := s.peek(); c == '{' || c == '[' {
			if depth == maxDepth {
				return s.fail("nested too deep")
			}
			depth++
			open <<= 1
			if c == '{' {
				open |= 1
			}
			s.at++
			*spaced = s.space() || *spaced
			if s.peek() != closing(open) {
				if !s.element(open, spaced) {
					return false
				}
				continue
			}
		} else {
			if !s.scalar(&scalar, &escaped) {
				return false
			}
			*spaced = s.space() || *spaced
		}
		// Behind a value, or at the bracket that closes an empty one.
		for s.peek() == closing(open) {
			s.at++
			open >>= 1
			if depth--; depth == 0 {
				return true
			}
			*spaced = s.space() || *spaced
		}
		if s.peek() != ',' {
			return s.fail("expected a comma or the end of an array or object")
		}
		s.at++
		*spaced = s.space() || *spaced
		if !s.element(open, spaced) {
			return false
		}
	}
}

// closing is the bracket that ends the innermost open level.
func closing(open uint64) byte {
	if open&1 != 0 {
		return '}'
	}
	return ']'
}

// element counts a value and, in an object, reads the name before it.
func (s *scanner) element(open uint64, spaced *bool) bool {
	if s.elements++; s.elements > maxElements {
		return s.fail("too many values")
	}
	if open&1 == 0 {
		return true
	}
	var v value
	from := s.at
	if !s.name(&v) {
		return false
	}
	// Between the name's last quote and the value stands a colon, or there was white space.
	*spaced = *spaced || s.at-from > len(v.raw)+1
	return true
}

// scalar reads a string, a number or a literal.
func (s *scanner) scalar(k *kind, escaped *bool) bool {
	switch c := s.peek(); {
	case c == '"':
		*k = text
		return s.string(escaped)
	case c == '-' || '0' <= c && c <= '9':
		*k = number
		return s.number()
	case c == 't':
		*k = boolean
		return s.literal("true")
	case c == 'f':
		*k = boolean
		return s.literal("false")
	case c == 'n':
		*k = null
		return s.literal("null")
	case s.at >= len(s.data):
		return s.fail("unexpected end")
	}
	return s.fail("expected a value")
}

func (s *scanner) literal(word string) bool {
	if rest := s.data[s.at:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return s.fail("expected a value")
	}
	s.at += len(word)
	return true
}

func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if s.peek()|0x20 == 'e' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return true
}

// digits reads at least one digit.
func (s *scanner) digits() bool {
	from := s.at
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.at++
	}
	if s.at == from {
		return s.fail("expected a digit")
	}
	return true
}

// string reads a string from its first quote to its last.
func (s *scanner) string(escaped *bool) bool {
	d, i := s.data, s.at+1
	for {
		for i+8 <= len(d) {
			w := binary.LittleEndian.Uint64(d[i:])
			if special(w)|w&everyHigh != 0 {
				break
			}
			i += 8
		}
		for i < len(d) && d[i] < utf8.RuneSelf && plain[d[i]] {
			i++
		}
		s.at = i
		if i >= len(d) {
			return s.fail("unexpected end of a string")
		}
		switch c := d[i]; {
		case c == '"':
			s.at++
			return true
		case c == '\\':
			*escaped = true
			if !s.escape() {
				return false
			}
			i = s.at
		case c < ' ':
			return s.fail("control character in a string")
		default:
			r, n := utf8.DecodeRune(d[i:])
			if r == utf8.RuneError && n == 1 {
				return s.fail("invalid UTF-8")
			}
			i += n
		}
	}
}

// escape reads one escape, or the two that make one character.
func (s *scanner) escape() bool {
	rest := s.data[s.at+1:]
	if len(rest) == 0 {
		return s.fail("unexpected end of a string")
	}
	if rest[0] != 'u' {
		if !slices.Contains(escapes, rest[0]) {
			return s.fail("unknown escape")
		}
		s.at += 2
		return true
	}
	const high, low, end = 0xD800, 0xDC00, 0xE000
	r, ok := hex4(rest[1:])
	if !ok {
		return s.fail("bad \\u escape")
	}
	s.at += 6
	switch {
	case r < high || r >= end:
		return true
	case r < low && len(rest) >= 11 && rest[5] == '\\' && rest[6] == 'u':
		if next, ok := hex4(rest[7:]); ok && low <= next && next < end {
			s.at += 6
			return true
		}
	}
	return s.fail("lone surrogate")
}

var escapes = []byte(`"\/bfnrt`)
