package scenario

import (
	"bytes"
	"fmt"
)

// payloadSize is what one message or entry carries.
const payloadSize = 200

var payloadHead = []byte(`{"n":"`)

const digits = 8

// payload is a JSON object of payloadSize bytes with n, 0 to 99,999,999, in a place that is easily found:
// a number in a string, since JSON has no leading zeros.
func appendPayload(dst []byte, n int) []byte { return appendPayloadOf(dst, n, payloadSize) }

// appendPayloadOf is a payload of size bytes.
func appendPayloadOf(dst []byte, n, size int) []byte {
	start := len(dst)
	dst = fmt.Appendf(dst, `%s%0*d","pad":"`, payloadHead, digits, n)
	for len(dst)-start < size-2 {
		dst = append(dst, 'x')
	}
	return append(dst, `"}`...)
}

// A stamp finds the n of payloads in frames. All frames of a case have one shape, so where it was in the
// last frame it is in the next; only when it is not, it is searched for.
type stamp struct{ at int }

func (s *stamp) read(frame []byte) (n int, ok bool) {
	if end := s.at + len(payloadHead); s.at == 0 || end > len(frame) || !bytes.Equal(frame[s.at:end], payloadHead) {
		if s.at = bytes.Index(frame, payloadHead); s.at < 0 {
			s.at = 0
			return 0, false
		}
	}
	from := s.at + len(payloadHead)
	if from+digits > len(frame) {
		return 0, false
	}
	for _, c := range frame[from : from+digits] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// A sequence is one subscriber's view of one writer: each message once, in order.
type sequence struct{ next int }

func (s *sequence) take(n int) error {
	if n != s.next {
		return fmt.Errorf("message %d came where %d was due", n, s.next)
	}
	s.next++
	return nil
}

// stamps are the n of all payloads in text.
func stamps(text []byte) (numbers []int) {
	for {
		at := bytes.Index(text, payloadHead)
		if at < 0 {
			return numbers
		}
		text = text[at:]
		var s stamp
		if n, ok := s.read(text); ok {
			numbers = append(numbers, n)
		}
		text = text[len(payloadHead):]
	}
}
