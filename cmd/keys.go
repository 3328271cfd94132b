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

func (v keysValue) set(t tree, folder string) (err error) {
	*v.p, err = items(t, "key", "{alg: ES256, kid: a, key: file:/path}", func(item tree) (tokenKey, error) { return parseTokenKey(item, folder) })
	return err
}

// items reads a list of pairs, each of them by parse; one alone needs no list. what is what one is called, and
// form shows what it is like. Those that can be read are returned, and looked at more closely, whatever the
// others are.
func items[T any](t tree, what, form string, parse func(item tree) (T, error)) ([]T, error) {
	if t.kind == treeScalar {
		line := t.line
		flow, err := parseTree([]byte(t.scalar))
		if err != nil || flow.kind != treePairs && flow.kind != treeList {
			return nil, fmt.Errorf("write [%s]", form)
		}
		t, t.line = flow, line
	}
	list := t.list
	switch t.kind {
	case treeNull:
		return nil, nil
	case treePairs:
		list = []tree{t}
	}
	var all []T
	var errs []error
	for i, item := range list {
		one, err := parse(item)
		for _, e := range unjoin(err) {
			errs = append(errs, &treeError{item.line, fmt.Sprintf("%s %d: %v", what, i+1, e)})
		}
		if err == nil {
			all = append(all, one)
		}
	}
	return all, errors.Join(errs...)
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
