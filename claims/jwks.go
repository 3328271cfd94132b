package claims

import (
	"errors"
	"fmt"

	"github.com/MicahParks/jwkset"
	"github.com/go-json-experiment/json"
)

const (
	maxJWKSFile = 1 << 20 // bytes
	maxJWKS     = 256     // keys
)

// LoadJWKS reads the verification keys of a JWK Set file of at most 1 MiB. See [ParseJWKS].
func LoadJWKS(path string) ([]Key, error) {
	b, err := readBounded(path, maxJWKSFile)
	if err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	return ParseJWKS(b)
}

// ParseJWKS reads the verification keys of a JWK Set, 1 to 256 of them, in their order.
//
// A key's alg fixes its algorithm; without one, the curve decides for EC and OKP keys, and RSA and
// oct keys are refused, because they would fit several. Keys for encryption ("use":"enc") are
// skipped. Private keys, keys that are too weak (see [ParseKey]) and types that cannot verify a
// token are refused; the error names each by its place in the set. Certificates and URLs in the set
// (x5c, x5u) are ignored; nothing is fetched.
//
// Source: RFC 7517.
func ParseJWKS(document []byte) ([]Key, error) {
	// Not the library's own decoder: it would take repeated and odd-case names.
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, errors.New("key set: not a JSON object with a list of keys, each name once")
	}
	if len(set.Keys) > maxJWKS {
		return nil, fmt.Errorf("key set: %d keys, at most %d", len(set.Keys), maxJWKS)
	}
	var keys []Key
	var errs []error
	for i, m := range set.Keys {
		if m.USE == jwkset.UseEnc {
			continue
		}
		key, err := parseJWK(m)
		if err != nil {
			errs = append(errs, fmt.Errorf("key set, key %d: %w", i+1, err))
			continue
		}
		keys = append(keys, key)
	}
	if len(errs) == 0 && len(keys) == 0 {
		errs = append(errs, errors.New("key set: contains no key for signatures"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return keys, nil
}

func parseJWK(m jwkset.JWKMarshal) (Key, error) {
	if m.D != "" {
		return Key{}, errors.New("is a private key, give its public half")
	}
	alg, err := algOf(m)
	if err != nil {
		return Key{}, err
	}
	m.X5U, m.X5C, m.X5T, m.X5TS256 = "", nil, "", ""
	// Private is what the library calls the permission to read oct keys. Its own validation compares
	// re-encoded texts, which refuses harmless padding; ours looks at the key itself.
	jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{Private: true}, jwkset.JWKValidateOptions{SkipAll: true})
	if err != nil {
		return Key{}, fmt.Errorf("type %.20q cannot be read", string(m.KTY))
	}
	return newKey(alg, m.KID, jwk.Key())
}

// algOf returns the algorithm that m is fixed to.
func algOf(m jwkset.JWKMarshal) (string, error) {
	if m.ALG != "" {
		return string(m.ALG), nil
	}
	switch {
	case m.KTY == jwkset.KtyEC && m.CRV == jwkset.CrvP256:
		return "ES256", nil
	case m.KTY == jwkset.KtyEC && m.CRV == jwkset.CrvP384:
		return "ES384", nil
	case m.KTY == jwkset.KtyEC && m.CRV == jwkset.CrvP521:
		return "ES512", nil
	case m.KTY == jwkset.KtyOKP && m.CRV == jwkset.CrvEd25519:
		return "EdDSA", nil
	}
	return "", errors.New("needs alg, its type fits several algorithms")
}
