package hotsock

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// MinKeySize is the fewest bytes that a plain API key may have.
const MinKeySize = 32

const hashPrefix = "sha256:"

// Keys is the set of API keys that backends may use, all equal in power: two are there at once while one
// is replaced by the other. Only their SHA-256 hashes are held. The zero value holds none, and refuses
// everybody. Its methods may be called from any goroutine.
//
// Source: Hotsock docs, Server API, "API keys".
type Keys struct {
	hashes atomic.Pointer[[][sha256.Size]byte]
}

// Set replaces all keys at once. Each is a plain key of at least MinKeySize bytes, or "sha256:" and the
// hash of one in hexadecimal digits. On an error, which names the wrong ones by their place and never by
// their text, the keys stay as they were.
func (k *Keys) Set(keys ...string) error {
	hashes := make([][sha256.Size]byte, len(keys))
	var errs []error
	for i, key := range keys {
		digits, hashed := strings.CutPrefix(key, hashPrefix)
		if !hashed {
			if len(key) < MinKeySize {
				errs = append(errs, fmt.Errorf("hotsock: API key %d has %d bytes, needs at least %d", i+1, len(key), MinKeySize))
			}
			hashes[i] = sha256.Sum256([]byte(key))
			continue
		}
		if hex.DecodedLen(len(digits)) != sha256.Size {
			errs = append(errs, fmt.Errorf("hotsock: API key %d: a SHA-256 hash has %d digits", i+1, hex.EncodedLen(sha256.Size)))
		} else if _, err := hex.Decode(hashes[i][:], []byte(digits)); err != nil {
			errs = append(errs, fmt.Errorf("hotsock: API key %d: a SHA-256 hash has hexadecimal digits only", i+1))
		}
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	k.hashes.Store(&hashes)
	return nil
}

// Fingerprint is the start of a secret's hash, enough to tell two apart in a log; "" of an empty one.
func Fingerprint(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:4])
}

// Check reports whether key is one of the set. Its time depends on the number of keys and on the length of
// key, not on what they have in common: hashes are compared, all of them, in constant time.
func (k *Keys) Check(key string) bool {
	hashes := k.hashes.Load()
	if hashes == nil {
		return false
	}
	sum := sha256.Sum256([]byte(key))
	found := 0
	for i := range *hashes {
		found |= subtle.ConstantTimeCompare(sum[:], (*hashes)[i][:])
	}
	return found == 1
}
