package claims

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
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// now is the time of all tests.
var now = time.Unix(1_800_000_000, 0).UTC()

// issuer signs tokens with one key, as an application's backend does.
type issuer struct {
	alg     string
	kid     string
	private any    // what jwt signs with
	public  string // what ParseKey is given
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newIssuer makes a key for alg.
func newIssuer(alg, kid string) *issuer {
	is := &issuer{alg: alg, kid: kid}
	switch alg[:2] {
	case "HS":
		secret := make([]byte, 64)
		must(rand.Read(secret))
		is.private, is.public = secret, base64.StdEncoding.EncodeToString(secret)
		return is
	case "RS", "PS":
		is.private = rsaKey()
	case "ES":
		curve := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}[alg]
		is.private = must(ecdsa.GenerateKey(curve, rand.Reader))
	default:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		is.private = must(private, err)
	}
	is.public = pemOf(is.private.(crypto.Signer).Public())
	return is
}

// pemOf writes a public key as openssl does.
func pemOf(public any) string {
	der := must(x509.MarshalPKIXPublicKey(public))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (is *issuer) key(t testing.TB) Key {
	t.Helper()
	k, err := ParseKey(is.alg, is.kid, is.public)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// verifier accepts what is signs, under o.
func (is *issuer) verifier(t testing.TB, o Options) *Verifier {
	t.Helper()
	o.Keys = append(o.Keys, is.key(t))
	v, err := NewVerifier(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// claimsJSON is a set of claims by name.
type claimsJSON map[string]any

// connect, subscribe and umd give c the exp and scope that the tests do not speak of.
func connect(c claimsJSON) claimsJSON   { return withScope("connect", c) }
func subscribe(c claimsJSON) claimsJSON { return withScope("subscribe", c) }
func umd(c claimsJSON) claimsJSON       { return withScope("umd", c) }

func withScope(scope string, c claimsJSON) claimsJSON {
	all := claimsJSON{"exp": now.Unix() + 60, "scope": scope}
	maps.Copy(all, c)
	return all
}

// channels is c with a channels claim given as JSON text.
func channels(text string) claimsJSON { return claimsJSON{"channels": json.RawMessage(text)} }

func (is *issuer) token(c claimsJSON) string {
	header := `{"alg":"` + is.alg + `","typ":"JWT"}`
	if is.kid != "" {
		header = `{"alg":"` + is.alg + `","kid":"` + is.kid + `","typ":"JWT"}`
	}
	return is.sign(header, string(must(json.Marshal(c))))
}

// sign signs any header and payload, sensible or not.
func (is *issuer) sign(header, payload string) string {
	return is.signText(b64(header) + "." + b64(payload))
}

func (is *issuer) signText(text string) string {
	return text + "." + b64(string(must(jwt.GetSigningMethod(is.alg).Sign(text, is.private))))
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// resign replaces the signature of a token.
func resign(token, signature string) string {
	return token[:strings.LastIndexByte(token, '.')+1] + signature
}

// accept verifies a token that must be good.
func accept(t testing.TB, v *Verifier, token string, use Scope) *Claims {
	t.Helper()
	c, err := v.Verify(token, use, now)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return c
}

// parse returns what a connect token with these claims says.
func parse(t testing.TB, c claimsJSON) *Claims {
	t.Helper()
	is := hs256()
	return accept(t, is.verifier(t, Options{}), is.token(connect(c)), ScopeConnect)
}

var hs256 = sync.OnceValue(func() *issuer { return newIssuer("HS256", "") })
