package cmd

import (
	"errors"
	"fmt"
	"strings"

	"dormouse/claims"
)

// A tokenKey is one key that tokens are verified with, as configured.
type tokenKey struct {
	alg, kid string
	material secret
	line     int // of the file; zero: it came from elsewhere
}

var tokenKeyFields = []string{"alg", "kid", "key"}

// keysValue is a list of tokenKeys; in an environment variable or flag it is YAML in one line.
type keysValue struct{ p *[]tokenKey }

func (v keysValue) set(t tree, folder string) error {
	if t.kind == treeScalar {
		line := t.line
		flow, err := parseTree([]byte(t.scalar))
		if err != nil || flow.kind != treePairs && flow.kind != treeList {
			return errors.New("write [{alg: ES256, kid: a, key: file:/path}]")
		}
		t, t.line = flow, line
	}
	items := t.list
	switch t.kind {
	case treeNull:
		return nil
	case treePairs:
		items = []tree{t}
	}
	var keys []tokenKey
	var errs []error
	for i, item := range items {
		k, err := parseTokenKey(item, folder)
		for _, e := range unjoin(err) {
			errs = append(errs, &treeError{item.line, fmt.Sprintf("key %d: %v", i+1, e)})
		}
		if err == nil {
			keys = append(keys, k)
		}
	}
	*v.p = keys // those that can be read are looked at more closely, whatever the others are
	return errors.Join(errs...)
}

func parseTokenKey(t tree, folder string) (tokenKey, error) {
	k := tokenKey{line: t.line}
	if t.kind != treePairs {
		return k, errors.New("wants alg, key and perhaps kid")
	}
	var errs []error
	for _, p := range t.pairs {
		if p.value.kind > treeScalar {
			errs = append(errs, fmt.Errorf("%s wants one value", p.name))
			continue
		}
		switch p.name {
		case "alg":
			k.alg = p.value.scalar
		case "kid":
			k.kid = p.value.scalar
		case "key":
			k.material = parseSecret(p.value.scalar, folder)
		default:
			errs = append(errs, fmt.Errorf("unknown key %q%s", p.name, didYouMean(p.name, tokenKeyFields)))
		}
	}
	if k.alg == "" {
		errs = append(errs, errors.New("alg is missing: one of HS256 … EdDSA"))
	}
	if k.material == (secret{}) {
		errs = append(errs, errors.New("key is missing: the material, or file:/path"))
	}
	return k, errors.Join(errs...)
}

func (v keysValue) yaml() string {
	all := make([]string, len(*v.p))
	for i, k := range *v.p {
		all[i] = fmt.Sprintf("{alg: %s, kid: %s, key: %s}", quote(k.alg), quote(k.kid), quote(k.material.String()))
	}
	return "[" + strings.Join(all, ", ") + "]"
}
func (v keysValue) unit() string { return "keys" }

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
