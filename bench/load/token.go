package load

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

var tokenHead = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// Token signs claims, a JSON object, as a JWT with HS256 (RFC 7515, RFC 7518 section 3.2).
func Token(secret, claims []byte) string {
	text := tokenHead + "." + base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
