package claims

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// decoders are kept for what they allocate to notice equal names, two thirds of a verification's garbage.
var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(bytes.NewReader(nil)) }}

// scan accepts src if it is one JSON object and nothing else: valid UTF-8, no lone surrogates, no
// name twice in any object however it is escaped, no deeper than depth, no more than elements
// values, names included.
//
// It runs before anything is decoded, so that what follows may trust all of that. A decoder that
// takes the last of two equal names, or a name in another letter case, lets two readers of one
// token see different rights. Errors are sentences that quote nothing of src.
func scan(src []byte, depth, elements int) error {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	defer d.Reset(bytes.NewReader(nil)) // keep nothing of src
	d.Reset(bytes.NewBuffer(src))
	if d.PeekKind() != '{' {
		return errors.New("is not a JSON object")
	}
	for n := 0; ; {
		tok, err := d.ReadToken()
		if err != nil {
			return scanFault(err, d.InputOffset())
		}
		switch tok.Kind() {
		case '}', ']':
		default:
			if n++; n > elements {
				return fmt.Errorf("has more than %d names and values", elements)
			}
		}
		switch d.StackDepth() {
		case 0:
			if _, err := d.ReadToken(); err != io.EOF {
				return errors.New("has something after the JSON object")
			}
			return nil
		case depth + 1:
			return fmt.Errorf("is nested deeper than %d", depth)
		}
	}
}

// scanFault restates the library's error, which may quote what it read.
func scanFault(err error, offset int64) error {
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		offset = s.ByteOffset
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("has a name twice in one object, at byte %d", offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("is cut short")
	}
	return fmt.Errorf("is not valid JSON at byte %d", offset)
}
