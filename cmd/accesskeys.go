package cmd

import (
	"errors"
	"fmt"
	"strings"

	"dormouse/transport/sigv4"
)

// An accessKey is one pair that AWS SDKs sign with, as configured.
type accessKey struct {
	id     string
	secret secret
	line   int // of the file; zero: it came from elsewhere
}

var accessKeyFields = []string{"id", "secret"}

// accessKeysValue is a list of accessKey; in an environment variable or flag it is YAML in one line.
type accessKeysValue struct{ p *[]accessKey }

func (v accessKeysValue) set(t tree, folder string) (err error) {
	*v.p, err = items(t, "key", "{id: AKIDEXAMPLE, secret: file:/path}", func(item tree) (accessKey, error) { return parseAccessKey(item, folder) })
	return err
}

func parseAccessKey(t tree, folder string) (accessKey, error) {
	k := accessKey{line: t.line}
	if t.kind != treePairs {
		return k, errors.New("wants id and secret")
	}
	var errs []error
	for _, p := range t.pairs {
		if p.value.kind > treeScalar {
			errs = append(errs, fmt.Errorf("%s wants one value", p.name))
			continue
		}
		switch p.name {
		case "id":
			k.id = p.value.scalar
		case "secret":
			k.secret = parseSecret(p.value.scalar, folder)
		default:
			errs = append(errs, fmt.Errorf("unknown key %q%s", p.name, didYouMean(p.name, accessKeyFields)))
		}
	}
	if k.id == "" {
		errs = append(errs, errors.New("id is missing: any name of letters and digits"))
	}
	if k.secret == (secret{}) {
		errs = append(errs, errors.New("secret is missing: the text, or file:/path"))
	}
	return k, errors.Join(errs...)
}

func (v accessKeysValue) yaml() string {
	all := make([]string, len(*v.p))
	for i, k := range *v.p {
		all[i] = fmt.Sprintf("{id: %s, secret: %s}", quote(k.id), quote(k.secret.String()))
	}
	return "[" + strings.Join(all, ", ") + "]"
}
func (v accessKeysValue) unit() string { return "keys" }

// readAccessKeys reads the secrets. Each key is asked about by itself, so that its fault has its line; what is
// wrong with all of them together is said of the setting.
func (v *validation) readAccessKeys() []sigv4.Key {
	var keys []sigv4.Key
	for i, k := range v.AccessKeys {
		text, err := k.secret.read(true)
		key := sigv4.Key{ID: k.id, Secret: strings.TrimSpace(text)}
		if err == nil {
			err = new(sigv4.Keys).Set(key)
		}
		if err == nil {
			keys = append(keys, key)
			continue
		}
		fault := Fault{Where: v.where["lambda.keys"], Key: "lambda.keys"}
		if k.line > 0 {
			fault.Where.line = k.line
		}
		for _, e := range unjoin(err) {
			fault.Message = fmt.Sprintf("key %d: %s", i+1, strings.TrimPrefix(e.Error(), "sigv4: key 1: "))
			v.faults = append(v.faults, fault)
		}
	}
	if len(keys) == len(v.AccessKeys) {
		for _, e := range unjoin(new(sigv4.Keys).Set(keys...)) {
			v.fault("lambda.keys", "%s", strings.TrimPrefix(e.Error(), "sigv4: "))
		}
	}
	return keys
}
