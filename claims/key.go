package claims

import (
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

// Key is one verification key, fixed to one algorithm. [ParseKey] and [LoadJWKS] make keys; the zero
// value is none, and a Verifier refuses it.
type Key struct {
	Alg string // HS256 … EdDSA
	ID  string // compared with a token's kid; blank accepts any kid, and none

	method   jwt.SigningMethod
	material any
}

// ParseKey reads one verification key for alg.
func ParseKey(alg, kid, material string) (Key, error) { return Key{}, errors.ErrUnsupported }
