package cmd

import (
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

type accessKeysValue = recordsValue[accessKey, *accessKey]

func (k *accessKey) kind() (what, form string) { return "key", "{id: AKIDEXAMPLE, secret: file:/path}" }
func (k *accessKey) begins(line int)           { k.line = line }
func (k *accessKey) fields() []field {
	return []field{
		{"id", textValue{&k.id}, "any name of letters and digits"},
		{"secret", secretValue{&k.secret}, "the text, or file:/path"},
	}
}

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
