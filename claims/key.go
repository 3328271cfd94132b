package claims

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Strength of keys. Weaker ones can be broken with rented hardware; larger RSA keys make each
// verification slow enough to be a way of attack.
const (
	minSecretSize = 32 // bytes of an HMAC secret
	minRSABits    = 2048
	maxRSABits    = 8192
	maxKeyID      = 256 // bytes
)

// Key is one verification key, fixed to one algorithm: a token that names another algorithm never
// meets it, whatever its header says.
//
// [ParseKey], [LoadJWKS] and [ParseJWKS] make keys. The zero value is no key, and a Verifier refuses
// it. Printing or logging a Key shows Alg and ID only.
type Key struct {
	Alg string // one of Algorithms
	ID  string // compared with a token's kid; blank accepts any kid, and none

	method   jwt.SigningMethod
	material any // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey, as method wants it
}

// methods are the algorithms in the order of [Algorithms].
var methods = []jwt.SigningMethod{
	jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512,
	jwt.SigningMethodRS256, jwt.SigningMethodRS384, jwt.SigningMethodRS512,
	jwt.SigningMethodPS256, jwt.SigningMethodPS384, jwt.SigningMethodPS512,
	jwt.SigningMethodES256, jwt.SigningMethodES384, jwt.SigningMethodES512,
	jwt.SigningMethodEdDSA,
}

// Algorithms returns the names of all supported algorithms: HS, RS, PS and ES with 256, 384 and 512,
// and EdDSA (Ed25519). The slice is the caller's.
//
// Source: Hotsock docs, Signing Keys.
func Algorithms() []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Alg()
	}
	return names
}

// method returns the method named exactly so, nil if there is none.
func method(alg string) jwt.SigningMethod {
	for _, m := range methods {
		if m.Alg() == alg {
			return m
		}
	}
	return nil
}

// String returns the key's algorithm and id.
func (k Key) String() string { return fmt.Sprintf("%s key %q", k.Alg, k.ID) }

// GoString is String: %#v must not print a secret either.
func (k Key) GoString() string { return k.String() }

// LogValue keeps the key's material out of logs.
func (k Key) LogValue() slog.Value {
	return slog.GroupValue(slog.String("alg", k.Alg), slog.String("kid", k.ID))
}

// newKey checks that material is a key for alg and strong enough.
func newKey(alg, kid string, material any) (Key, error) {
	m := method(alg)
	if m == nil {
		return Key{}, fmt.Errorf("unknown algorithm %.20q, know %s", alg, strings.Join(Algorithms(), " "))
	}
	if len(kid) > maxKeyID {
		return Key{}, fmt.Errorf("the key id has more than %d bytes", maxKeyID)
	}
	if err := fits(m, material); err != nil {
		return Key{}, fmt.Errorf("%s: %w", alg, err)
	}
	return Key{Alg: alg, ID: kid, method: m, material: material}, nil
}

// fits says why material cannot be used with m.
func fits(m jwt.SigningMethod, material any) error {
	switch m := m.(type) {
	case *jwt.SigningMethodHMAC:
		if secret, ok := material.([]byte); ok {
			return fitsHMAC(secret)
		}
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
		if key, ok := material.(*rsa.PublicKey); ok {
			return fitsRSA(key)
		}
	case *jwt.SigningMethodECDSA:
		if key, ok := material.(*ecdsa.PublicKey); ok {
			return fitsECDSA(m, key)
		}
	case *jwt.SigningMethodEd25519:
		if key, ok := material.(ed25519.PublicKey); ok && len(key) == ed25519.PublicKeySize {
			return nil
		}
	}
	return fmt.Errorf("needs %s, got %s", wants(m), describe(material))
}

func fitsHMAC(secret []byte) error {
	if len(secret) < minSecretSize {
		return fmt.Errorf("the secret has %d bytes, needs at least %d", len(secret), minSecretSize)
	}
	return nil
}

func fitsRSA(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return fmt.Errorf("the RSA key has %d bits, must have %d to %d", bits, minRSABits, maxRSABits)
	}
	if key.E < 3 || key.E%2 == 0 || key.N.Bit(0) == 0 {
		return errors.New("the RSA key is not valid")
	}
	return nil
}

func fitsECDSA(m *jwt.SigningMethodECDSA, key *ecdsa.PublicKey) error {
	if key.Curve == nil || key.Curve.Params().BitSize != m.CurveBits {
		return fmt.Errorf("needs a key on curve P-%d", m.CurveBits)
	}
	if _, err := key.ECDH(); err != nil {
		return errors.New("the point is not on its curve")
	}
	return nil
}

func wants(m jwt.SigningMethod) string {
	switch m.(type) {
	case *jwt.SigningMethodHMAC:
		return "a shared secret"
	case *jwt.SigningMethodECDSA:
		return "an ECDSA public key"
	case *jwt.SigningMethodEd25519:
		return "an Ed25519 public key"
	}
	return "an RSA public key"
}

func describe(material any) string {
	switch material.(type) {
	case []byte:
		return "raw bytes"
	case *rsa.PublicKey:
		return "an RSA public key"
	case *ecdsa.PublicKey:
		return "an ECDSA public key"
	case ed25519.PublicKey:
		return "an Ed25519 public key"
	}
	return fmt.Sprintf("%T", material)
}
