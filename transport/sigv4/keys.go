package sigv4

import (
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
)

// MinSecretSize is the fewest bytes that a secret may have; those of AWS have 40.
const MinSecretSize = 32

// maxSecretSize keeps a wrong file from being taken for a secret.
const maxSecretSize = 256

// keyID is what an access key's id may be: it stands between slashes and commas of a header.
var keyID = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

// A Key is an access key: ID is said with every request, Secret never.
type Key struct{ ID, Secret string }

// Keys is the set of access keys that are let in, all equal in power: two are there at once while one is
// replaced by the other. The zero value holds none, and refuses everybody. Its methods may be called from any
// goroutine.
type Keys struct {
	secrets atomic.Pointer[map[string]string] // by id
}

// Set replaces all keys at once. An ID is 1 to 128 of letters, digits and _.-, and stands for one secret; a
// Secret has 32 to 256 bytes. On an error, which names the wrong ones by their place and never by their
// secret, the keys stay as they were.
func (k *Keys) Set(keys ...Key) error {
	secrets := make(map[string]string, len(keys))
	var errs []error
	for i, key := range keys {
		_, twice := secrets[key.ID]
		switch {
		case !keyID.MatchString(key.ID):
			errs = append(errs, fmt.Errorf("sigv4: key %d: the id must be 1 to 128 letters, digits, '_', '.' or '-'", i+1))
		case twice:
			errs = append(errs, fmt.Errorf("sigv4: key %d: the id %s is there twice", i+1, key.ID))
		}
		if n := len(key.Secret); n < MinSecretSize || n > maxSecretSize {
			errs = append(errs, fmt.Errorf("sigv4: key %d: the secret has %d bytes, needs %d to %d", i+1, n, MinSecretSize, maxSecretSize))
		}
		secrets[key.ID] = key.Secret
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	k.secrets.Store(&secrets)
	return nil
}

// Len is how many keys there are.
func (k *Keys) Len() int {
	if secrets := k.secrets.Load(); secrets != nil {
		return len(*secrets)
	}
	return 0
}

func (k *Keys) secret(id string) (secret string, ok bool) {
	if secrets := k.secrets.Load(); secrets != nil {
		secret, ok = (*secrets)[id]
	}
	return secret, ok
}
