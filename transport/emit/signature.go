package emit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// A Secret signs a webhook's requests, and its receiver checks them with the same.
//
// Source: Standard Webhooks, "Signature scheme".
type Secret []byte

const secretPrefix = "whsec_"

// MinSecretSize and maxSecretSize bound a secret, in bytes, as Standard Webhooks recommends.
const (
	MinSecretSize = 24
	maxSecretSize = 64
)

// ParseSecret reads "whsec_" and base64, or any other text, whose bytes are the secret.
//
// Errors: one that says what is wrong and does not repeat the secret.
func ParseSecret(s string) (Secret, error) {
	secret := Secret(s)
	if encoded, ok := strings.CutPrefix(s, secretPrefix); ok {
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, errors.New("behind whsec_ it is not base64")
		}
		secret = decoded
	}
	if len(secret) < MinSecretSize || len(secret) > maxSecretSize {
		return nil, fmt.Errorf("it has %d bytes, wants %d to %d", len(secret), MinSecretSize, maxSecretSize)
	}
	return secret, nil
}

// sign returns the header's value: a signature with each secret, so that a receiver may have the old or the
// new one while they are exchanged.
func sign(secrets []Secret, id, timestamp string, body []byte) string {
	all := make([]string, len(secrets))
	for i, s := range secrets {
		h := hmac.New(sha256.New, s)
		h.Write([]byte(id + "." + timestamp + "."))
		h.Write(body)
		all[i] = "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	return strings.Join(all, " ")
}
