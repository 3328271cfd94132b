package acceptance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A signer makes tokens of one algorithm, and the configuration of the key that verifies them.
type signer struct {
	alg, kid string
	key      func() any // []byte or a private key
}

// hs256 signs wherever a test does not care.
var hs256 = signer{alg: "HS256", key: sharedSecret}

var sharedSecret = sync.OnceValue(func() any {
	secret := make([]byte, 64)
	rand.Read(secret)
	return secret
})

var rsaKey = sync.OnceValue(func() any { return must(rsa.GenerateKey(rand.Reader, 2048)) })

var p256 = sync.OnceValue(func() any { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
var p384 = sync.OnceValue(func() any { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
var p521 = sync.OnceValue(func() any { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })

var edKey = sync.OnceValue(func() any {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(key, err)
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// signers are all algorithms that the protocol names.
var signers = []signer{
	hs256, {alg: "HS384", key: sharedSecret}, {alg: "HS512", key: sharedSecret},
	{alg: "RS256", key: rsaKey}, {alg: "RS384", key: rsaKey}, {alg: "RS512", key: rsaKey},
	{alg: "PS256", key: rsaKey}, {alg: "PS384", key: rsaKey}, {alg: "PS512", key: rsaKey},
	{alg: "ES256", key: p256}, {alg: "ES384", key: p384}, {alg: "ES512", key: p521},
	{alg: "EdDSA", key: edKey},
}

// named returns the same signer with a key id.
func (s signer) named(kid string) signer {
	s.kid = kid
	return s
}

// configured is the signer's key as token.keys wants it.
func (s signer) configured() map[string]string {
	entry := map[string]string{"alg": s.alg, "key": s.material()}
	if s.kid != "" {
		entry["kid"] = s.kid
	}
	return entry
}

// material is what verifies: the secret in base64, or the public key in PEM.
func (s signer) material() string {
	if secret, ok := s.key().([]byte); ok {
		return base64.StdEncoding.EncodeToString(secret)
	}
	public := s.key().(crypto.Signer).Public()
	der := must(x509.MarshalPKIXPublicKey(public))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// sign signs a payload as it stands.
func (s signer) sign(payload string) string {
	header := map[string]string{"alg": s.alg, "typ": "JWT"}
	if s.kid != "" {
		header["kid"] = s.kid
	}
	return s.signParts(string(must(json.Marshal(header))), payload)
}

// signParts signs a header and a payload as they stand.
func (s signer) signParts(header, payload string) string {
	text := encode(header) + "." + encode(payload)
	signature := must(jwt.GetSigningMethod(s.alg).Sign(text, s.key()))
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// claims are a token's payload: a JSON object whose members keep their order.
type claims string

// connectToken and subscribeToken add what a token of that scope needs and c does not say: an exp
// in a minute, and the scope.
func connectToken(c claims) claims   { return c.completed("connect") }
func subscribeToken(c claims) claims { return c.completed("subscribe") }

func (c claims) completed(scope string) claims {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(c), &members); err != nil {
		panic(fmt.Sprintf("claims %s: %v", c, err))
	}
	var added []string
	if members["exp"] == nil {
		added = append(added, fmt.Sprintf(`"exp":%d`, time.Now().Add(time.Minute).Unix()))
	}
	if members["scope"] == nil {
		added = append(added, fmt.Sprintf(`"scope":%q`, scope))
	}
	if rest := strings.TrimSpace(string(c))[1:]; len(members) > 0 {
		return claims("{" + strings.Join(append(added, rest), ","))
	}
	return claims("{" + strings.Join(added, ",") + "}")
}

// in writes a moment as claims do.
func in(d time.Duration) int64 { return time.Now().Add(d).Unix() }
