package cmd

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// parseSigningKey reads a private key for signing: PEM, or base64 of an HMAC secret. alg may be empty: then
// the key says which it is, and an HMAC secret is HS256.
func parseSigningKey(text, alg string) (jwt.SigningMethod, any, error) {
	key, fits, err := parsePrivate(text)
	if err != nil {
		return nil, nil, err
	}
	if alg == "" {
		alg = fits[0]
	}
	for _, a := range fits {
		if a == alg {
			return jwt.GetSigningMethod(alg), key, nil
		}
	}
	return nil, nil, fmt.Errorf("%s does not fit this key; it is for %s", alg, strings.Join(fits, ", "))
}

// parsePrivate returns the key and the algorithms it can sign with.
func parsePrivate(text string) (key any, fits []string, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		secret, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, nil, errors.New("is neither PEM nor base64")
		}
		return secret, []string{"HS256", "HS384", "HS512"}, nil
	}
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, nil, fmt.Errorf("is a %s; a private key signs", strings.ToLower(block.Type))
	}
	if err != nil {
		return nil, nil, errors.New("is a damaged private key")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PrivateKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return k, []string{"ES256"}, nil
		case 384:
			return k, []string{"ES384"}, nil
		case 521:
			return k, []string{"ES512"}, nil
		}
		return nil, nil, errors.New("is on a curve that tokens are not signed with")
	case ed25519.PrivateKey:
		return k, []string{"EdDSA"}, nil
	}
	return nil, nil, errors.New("is a private key that tokens are not signed with")
}

// publicMaterial returns the material that verifies what the key signs, as token.keys wants it.
func publicMaterial(key any) (string, error) {
	var public any
	switch k := key.(type) {
	case []byte:
		return base64.StdEncoding.EncodeToString(k), nil
	case *rsa.PrivateKey:
		public = &k.PublicKey
	case *ecdsa.PrivateKey:
		public = &k.PublicKey
	case ed25519.PrivateKey:
		public = k.Public()
	default:
		return "", fmt.Errorf("no public key of a %T", key)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}
