package cmd

import (
	"strings"

	"dormouse/claims"
)

// A tokenKey is one key that tokens are verified with, as configured.
type tokenKey struct {
	alg, kid string
	material secret
	line     int // of the file; zero: it came from elsewhere
}

type keysValue = recordsValue[tokenKey, *tokenKey]

func (k *tokenKey) kind() (what, form string) { return "key", "{alg: ES256, kid: a, key: file:/path}" }
func (k *tokenKey) begins(line int)           { k.line = line }
func (k *tokenKey) fields() []field {
	return []field{
		{"alg", textValue{&k.alg}, "one of HS256 … EdDSA"},
		{"kid", textValue{&k.kid}, ""},
		{"key", secretValue{&k.material}, "the material, or file:/path"},
	}
}

// claimsKey reads the material and makes the key that verifies.
func (k tokenKey) claimsKey() (claims.Key, error) {
	text, err := k.material.read(strings.HasPrefix(k.alg, "HS"))
	if err != nil {
		return claims.Key{}, err
	}
	return claims.ParseKey(k.alg, k.kid, text)
}

// secretsValue is a list of secrets, each in text or in a file.
type secretsValue struct{ p *[]secret }

func (v secretsValue) set(t tree, folder string) error {
	list, err := words(t)
	if err != nil {
		return err
	}
	secrets := make([]secret, 0, len(list))
	for _, s := range list {
		secrets = append(secrets, parseSecret(s, folder))
	}
	*v.p = secrets
	return nil
}
func (v secretsValue) yaml() string {
	all := make([]string, len(*v.p))
	for i, s := range *v.p {
		all[i] = quote(s.String())
	}
	return "[" + strings.Join(all, ", ") + "]"
}
func (v secretsValue) unit() string { return "secret,…" }
