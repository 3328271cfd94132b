package claims

import (
	"errors"
	"fmt"
	"slices"
)

// keyring is an immutable set of keys in the order of configuration.
type keyring []Key

// newKeyring copies keys, and names each that no ParseKey has made, or that was altered since.
func newKeyring(keys []Key) (keyring, error) {
	var errs []error
	for i, k := range keys {
		if k.method == nil || k.method.Alg() != k.Alg {
			errs = append(errs, fmt.Errorf("key %d (%s) was not made by ParseKey", i+1, k))
		}
	}
	return keyring(slices.Clone(keys)), errors.Join(errs...)
}

// verify checks the signature against each key that may have made it: those fixed to the header's
// algorithm whose id is the header's kid, then those fixed to it that have no id.
//
// Source: Hotsock docs, Signing Keys, "Key ID".
func (r keyring) verify(h header, signed string, signature []byte) *Error {
	algorithm, candidate := false, false
	for _, named := range []bool{true, false} {
		for i := range r {
			k := &r[i]
			if k.Alg != h.alg {
				continue
			}
			algorithm = true
			if named != (k.ID != "") || named && k.ID != h.kid {
				continue
			}
			candidate = true
			if k.method.Verify(signed, signature, k.material) == nil {
				return nil
			}
		}
	}
	switch {
	case candidate:
		return refuse(ReasonSignature, "the signature was made with another key, or the token was changed")
	case algorithm:
		return refuse(ReasonKey, "no key has the token's kid")
	}
	return refuse(ReasonAlgorithm, "no key is for the token's algorithm")
}
