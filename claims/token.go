package claims

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// parts are the three segments of a compact JWT, still encoded.
type parts struct {
	signed    string // header, dot, payload: what the signature is about
	header    string
	payload   string
	signature string
}

// split takes a token apart and accepts only the one spelling that a signer writes.
//
// Go's decoder skips line breaks inside base64, and lax decoders take padding and other alphabets, so
// that one signature would be good for many texts. Every byte is looked at before any decoding.
func split(token string) (parts, error) {
	first, last, dots := -1, -1, 0
	for i := range len(token) {
		switch c := token[i]; {
		case c == '.':
			if dots++; dots > 2 {
				return parts{}, errors.New("has more than three segments")
			}
			if dots == 1 {
				first = i
			}
			last = i
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return parts{}, fmt.Errorf("has a character outside base64url at byte %d", i)
		}
	}
	switch {
	case token == "":
		return parts{}, errors.New("is missing")
	case dots != 2:
		return parts{}, errors.New("has fewer than three segments")
	}
	p := parts{token[:last], token[:first], token[first+1 : last], token[last+1:]}
	if p.header == "" || p.payload == "" || p.signature == "" {
		return parts{}, errors.New("has an empty segment")
	}
	return p, nil
}

// decodeSegment refuses base64 whose unused last bits are not zero, another second spelling.
func decodeSegment(s string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// header is what matters of a JOSE header. jku, x5u, jwk and x5c are ignored: keys come from our
// configuration, never from the token that they are to verify.
type header struct {
	alg string
	kid string // "" if absent
}

const (
	headerDepth    = 4
	headerElements = 128
)

// parseHeader decodes and judges the header segment.
func parseHeader(segment string, l Limits) (h header, err error) {
	if base64.RawURLEncoding.DecodedLen(len(segment)) > l.HeaderSize {
		return h, fmt.Errorf("the header has more than %d bytes", l.HeaderSize)
	}
	text, err := decodeSegment(segment)
	if err != nil {
		return h, errors.New("the header is not base64url")
	}
	if err := scan(text, headerDepth, headerElements); err != nil {
		return h, fmt.Errorf("the header %w", err)
	}
	for name, value := range trim(text).members() {
		if err := h.take(string(name), value, l); err != nil {
			return h, err
		}
	}
	if h.alg == "" {
		return h, errors.New("the header has no alg")
	}
	return h, nil
}

// take judges one member of the header.
func (h *header) take(name string, value raw, l Limits) error {
	text, isText := value.text()
	switch name {
	case "alg":
		if !isText || text == "" {
			return errors.New("alg must be a non-empty string")
		}
		h.alg = text
	case "kid":
		if !isText || len(text) > l.KeyIDSize {
			return fmt.Errorf("kid must be a string of at most %d bytes", l.KeyIDSize)
		}
		h.kid = text
	case "typ":
		if !isText || !strings.EqualFold(text, "JWT") {
			return errors.New("typ must be JWT")
		}
	case "cty":
		if !isText || strings.EqualFold(text, "JWT") {
			return errors.New("nested tokens are not accepted")
		}
	case "crit":
		return errors.New("crit names extensions, and none is understood")
	case "b64":
		if b, ok := value.boolean(); !ok || !b {
			return errors.New("an unencoded payload is not accepted")
		}
	case "enc", "zip":
		return errors.New("encrypted and compressed tokens are not accepted")
	}
	return nil
}
