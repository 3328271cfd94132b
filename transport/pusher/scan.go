package pusher

import (
	"bytes"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A value is one JSON value as it stands in the text it was scanned from.
type value struct {
	raw []byte // all its bytes, without white space around it; nil: there is none
}

func (v value) kind() jsontext.Kind {
	if len(v.raw) == 0 {
		return jsontext.KindInvalid
	}
	return jsontext.Value(v.raw).Kind()
}

// isNull says that the value is null or not there.
func (v value) isNull() bool {
	k := v.kind()
	return k == jsontext.KindInvalid || k == jsontext.KindNull
}

func (v value) isString() bool { return v.kind() == jsontext.KindString }

// bytes returns a string's text, nil for every other kind. Without escapes it is part of the scanned text. Half a
// character, which JavaScript can make of a whole one, becomes U+FFFD.
func (v value) bytes() []byte {
	if !v.isString() {
		return nil
	}
	inner := v.raw[1 : len(v.raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	text, _ := jsontext.AppendUnquote(make([]byte, 0, len(inner)), v.raw) // its fault is that half
	return text
}

// text returns a string's text, "" for every other kind.
func (v value) text() string { return string(v.bytes()) }

// scanOptions is what JSON.parse in a client or backend takes: of a member that stands twice it keeps the last,
// and a text may be cut in the midst of a character, which is then written as one \u escape.
var scanOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

type scanner struct {
	in  bytes.Buffer
	dec jsontext.Decoder
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// scan begins to read data. done must be called when that is over, even if it is not valid.
func scan(data []byte) (s *scanner, valid bool) {
	s = scanners.Get().(*scanner)
	s.in = *bytes.NewBuffer(data)
	s.dec.Reset(&s.in, scanOptions...)
	return s, utf8.Valid(data)
}

// done lets go of data.
func (s *scanner) done() {
	s.in = bytes.Buffer{}
	s.dec.Reset(&s.in)
	scanners.Put(s)
}

// value reads the next value; it is part of data.
func (s *scanner) value(data []byte) (value, bool) {
	v, err := s.dec.ReadValue()
	if err != nil {
		return value{}, false
	}
	end := int(s.dec.InputOffset())
	return value{data[end-len(v) : end : end]}, true
}

// enter reads the bracket that opens an object or array.
func (s *scanner) enter(want jsontext.Kind) bool {
	if s.dec.PeekKind() != want {
		return false
	}
	_, err := s.dec.ReadToken()
	return err == nil
}

// leave reads the bracket that closes it, and the end.
func (s *scanner) leave() bool {
	if _, err := s.dec.ReadToken(); err != nil {
		return false
	}
	_, err := s.dec.ReadToken()
	return err == io.EOF
}

// scanObject reads data, which must be one JSON object and nothing else, and puts the value of the member names[i]
// into values[i]. Members with other names are checked for their grammar and ignored. It does not reflect, and
// runs over data once.
func scanObject(data []byte, names []string, values []value) bool {
	s, valid := scan(data)
	defer s.done()
	if !valid || !s.enter(jsontext.KindBeginObject) {
		return false
	}
	for s.dec.PeekKind() == jsontext.KindString {
		name, ok := s.value(data)
		if !ok {
			return false
		}
		v, ok := s.value(data)
		if !ok {
			return false
		}
		n := name.bytes()
		for i := range names {
			if string(n) == names[i] {
				values[i] = v
				break
			}
		}
	}
	return s.leave()
}

// scanArray reads data, which must be one JSON array and nothing else. It stops behind max elements: count is
// then max+1, and what follows is not read.
func scanArray(data []byte, max int) (elements []value, count int, ok bool) {
	s, valid := scan(data)
	defer s.done()
	if !valid || !s.enter(jsontext.KindBeginArray) {
		return nil, 0, false
	}
	for k := s.dec.PeekKind(); k != jsontext.KindEndArray; k = s.dec.PeekKind() {
		if len(elements) == max {
			return elements, max + 1, true
		}
		v, ok := s.value(data)
		if !ok {
			return nil, 0, false
		}
		elements = append(elements, v)
	}
	return elements, len(elements), s.leave()
}
