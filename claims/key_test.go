package claims

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wrapAt breaks s into lines as base64(1) does.
func wrapAt(s, with string) string {
	var lines []string
	for len(s) > 40 {
		lines, s = append(lines, s[:40]), s[40:]
	}
	return strings.Join(append(lines, s), with)
}

func TestParseKeyReadsEveryForm(t *testing.T) {
	es, hs := newIssuer("ES256", ""), newIssuer("HS256", "")
	encoded := base64.StdEncoding.EncodeToString([]byte(es.public))
	literal := strings.ReplaceAll(es.public, "\n", `\n`)
	secret := hs.private.([]byte)
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		form     string
		is       *issuer
		material string
	}{
		{"PEM", es, es.public},
		{"PEM with white space around it", es, "\n\n  " + es.public + "  \n"},
		{"PEM with CRLF", es, strings.ReplaceAll(es.public, "\n", "\r\n")},
		{`PEM with "\n" written out`, es, literal},
		{`PEM with "\r\n" written out`, es, strings.ReplaceAll(es.public, "\n", `\r\n`)},
		{"base64 of PEM", es, encoded},
		{"base64 of PEM, wrapped", es, wrapAt(encoded, "\n")},
		{`base64 of PEM, wrapped with "\n" written out`, es, wrapAt(encoded, `\n`)},
		{`base64 of PEM with "\n" written out`, es, base64.StdEncoding.EncodeToString([]byte(literal))},
		{"a certificate", es, certificate(t, es)},
		{"a path", es, file("key.pem", es.public)},
		{"a path with a scheme", es, "file:" + file("key.pem", es.public)},
		{"a path to base64 of PEM", es, "file:" + file("key.b64", encoded+"\n")},
		{"base64 of a secret", hs, base64.StdEncoding.EncodeToString(secret)},
		{"base64 of a secret, unpadded", hs, base64.RawStdEncoding.EncodeToString(secret)},
		{"base64 of a secret, URL alphabet", hs, base64.URLEncoding.EncodeToString(secret)},
		{"base64 of a secret, wrapped", hs, wrapAt(hs.public, "\r\n")},
		{"a path to base64 of a secret", hs, file("secret", hs.public+"\n")},
	} {
		t.Run(tt.form, func(t *testing.T) {
			k, err := ParseKey(tt.is.alg, "id", tt.material)
			if err != nil {
				t.Fatal(err)
			}
			if k.Alg != tt.is.alg || k.ID != "id" {
				t.Errorf("got %v", k)
			}
			v := must(NewVerifier(Options{Keys: []Key{k}}))
			tt.is.kid = "id"
			accept(t, v, tt.is.token(connect(nil)), ScopeConnect)
		})
	}
}

func certificate(t *testing.T, is *issuer) string {
	t.Helper()
	private := is.private.(*ecdsa.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "t"}, NotAfter: now.Add(time.Hour)}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestParseKeyRefuses(t *testing.T) {
	es, rs, ed := newIssuer("ES256", ""), newIssuer("RS256", ""), newIssuer("EdDSA", "")
	rsa1024 := strongEnoughForNobody(t)
	privateEC := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(es.private.(*ecdsa.PrivateKey)))}))
	pkcs8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(rs.private))}))
	random := func(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n)) }
	for _, tt := range []struct {
		rule, alg, material string
		says                string
	}{
		{"an unknown algorithm", "none", random(32), "unknown algorithm"},
		{"an algorithm in other case", "hs256", random(32), "unknown algorithm"},
		{"nothing", "HS256", "  ", "empty"},
		{"a secret of 31 bytes", "HS256", random(31), "needs at least 32"},
		{"a secret in plain text", "HS256", "correct horse battery staple, and more of it!", "neither PEM"},
		{"a public key for a secret", "HS256", es.public, "got PEM"},
		{"base64 of a public key for a secret", "HS256", base64.StdEncoding.EncodeToString([]byte(es.public)), "base64 of PEM"},
		{"a secret for a public key", "ES256", random(64), "needs a public key"},
		{"an RSA key of 1,024 bits", "RS256", rsa1024, "2048"},
		{"an RSA key for ES256", "ES256", rs.public, "needs an ECDSA public key, got an RSA"},
		{"an EC key for RS256", "RS256", es.public, "needs an RSA public key, got an ECDSA"},
		{"an EC key for EdDSA", "EdDSA", es.public, "needs an Ed25519"},
		{"an Ed25519 key for PS512", "PS512", ed.public, "needs an RSA"},
		{"a key on another curve", "ES384", es.public, "P-384"},
		{"a private EC key", "ES256", privateEC, "private key"},
		{"a private PKCS#8 key", "RS256", pkcs8, "private key"},
		{"two keys", "ES256", es.public + newIssuer("ES256", "").public, "more than one"},
		{"no key", "ES256", "-----BEGIN nonsense", "no public key"},
		{"a broken key", "ES256", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"},
		{"another kind of PEM", "ES256", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "unknown PEM block"},
		{"a file that is not there", "ES256", "file:" + filepath.Join(t.TempDir(), "none"), "read key file"},
		{"a folder", "ES256", "file:" + t.TempDir(), "read key file"},
		{"a file without end", "HS256", "file:/dev/zero", "more than"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, err := ParseKey(tt.alg, "", tt.material)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
			if err != nil && len(tt.material) > 30 && strings.Contains(err.Error(), tt.material[:30]) && !strings.HasPrefix(tt.material, "file:") {
				t.Errorf("the error quotes the key: %v", err)
			}
		})
	}
	if _, err := ParseKey("HS256", strings.Repeat("k", 257), random(32)); err == nil {
		t.Error("a key id of 257 bytes was taken")
	}
}

// strongEnoughForNobody is a public RSA key of 1,024 bits; Go makes no such keys any more.
func strongEnoughForNobody(t *testing.T) string {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), 1023)
	return pemOf(&rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537})
}

func TestKeysDoNotPrintThemselves(t *testing.T) {
	is := newIssuer("HS256", "k1")
	k := is.key(t)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", k)
	secret := is.private.([]byte)
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), fmt.Sprintf("%s", []Key{k}), log.String()} {
		if strings.Contains(text, fmt.Sprint(secret[0])+" "+fmt.Sprint(secret[1])) || strings.Contains(text, fmt.Sprintf("%#x, %#x", secret[0], secret[1])) || !strings.Contains(text, "k1") {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestParseJWKS(t *testing.T) {
	es, ed := newIssuer("ES256", "e"), newIssuer("EdDSA", "d")
	hs, rs := newIssuer("HS512", "h"), newIssuer("PS256", "r")
	point := es.private.(*ecdsa.PrivateKey).PublicKey
	//lint:ignore SA1019 the test makes a point that the newer functions refuse to make
	x, y := b64(string(point.X.FillBytes(make([]byte, 32)))), b64(string(point.Y.FillBytes(make([]byte, 32))))
	block, _ := pem.Decode([]byte(ed.public))
	edX := b64(string(block.Bytes[len(block.Bytes)-32:]))
	k := b64(string(hs.private.([]byte)))
	n := b64(string(rsaKey().N.Bytes()))
	jwk := map[string]string{
		"e": `{"kty":"EC","crv":"P-256","kid":"e","x":"` + x + `","y":"` + y + `","x5u":"http://127.0.0.1:9/"}`,
		"d": `{"kty":"OKP","crv":"Ed25519","kid":"d","use":"sig","x":"` + edX + `","ext":true}`,
		"h": `{"kty":"oct","alg":"HS512","kid":"h","k":"` + k + `"}`,
		"r": `{"kty":"RSA","alg":"PS256","kid":"r","n":"` + n + `","e":"AQAB"}`,
	}
	all := `{"keys":[` + jwk["e"] + `,` + jwk["d"] + `,{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},` + jwk["h"] + `,` + jwk["r"] + `]}`
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := LoadJWKS(path)
	if err != nil {
		t.Fatal(err)
	}
	v := must(NewVerifier(Options{Keys: keys}))
	for _, is := range []*issuer{es, ed, hs, rs} {
		accept(t, v, is.token(connect(nil)), ScopeConnect)
	}

	for rule, document := range map[string]string{
		"no JSON":                 `keys`,
		"a list":                  `[]`,
		"no keys":                 `{}`,
		"no keys for signatures":  `{"keys":[{"kty":"RSA","use":"enc"}]}`,
		"RSA without alg":         `{"keys":[{"kty":"RSA","n":"` + n + `","e":"AQAB"}]}`,
		"a secret without alg":    `{"keys":[{"kty":"oct","k":"` + k + `"}]}`,
		"a weak secret":           `{"keys":[{"kty":"oct","alg":"HS256","k":"AAAA"}]}`,
		"a weak RSA key":          `{"keys":[{"kty":"RSA","alg":"RS256","n":"` + n[:170] + `","e":"AQAB"}]}`,
		"alg of another type":     `{"keys":[{"kty":"EC","alg":"RS256","crv":"P-256","x":"` + x + `","y":"` + y + `"}]}`,
		"alg of another curve":    `{"keys":[{"kty":"EC","alg":"ES384","crv":"P-256","x":"` + x + `","y":"` + y + `"}]}`,
		"alg none":                `{"keys":[{"kty":"oct","alg":"none","k":"` + k + `"}]}`,
		"a private key":           `{"keys":[{"kty":"EC","crv":"P-256","x":"` + x + `","y":"` + y + `","d":"AAAA"}]}`,
		"a point off its curve":   `{"keys":[{"kty":"EC","crv":"P-256","x":"` + x + `","y":"` + x + `"}]}`,
		"an unknown type":         `{"keys":[{"kty":"XYZ","alg":"ES256"}]}`,
		"an Ed25519 key too long": `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + edX + `AA"}]}`,
		"a key for agreement":     `{"keys":[{"kty":"OKP","crv":"X25519","x":"` + edX + `"}]}`,
		"a name twice":            `{"keys":[{"kty":"oct","alg":"HS256","k":"` + k + `","k":"` + k + `"}]}`,
	} {
		if keys, err := ParseJWKS([]byte(document)); err == nil {
			t.Errorf("%s: got %v", rule, keys)
		}
	}
	_, err = ParseJWKS([]byte(`{"keys":[{"kty":"oct","alg":"HS256","k":"AAAA"},` + jwk["e"] + `,{"kty":"RSA"}]}`))
	if err == nil || !strings.Contains(err.Error(), "key 1") || strings.Contains(err.Error(), "key 2") || !strings.Contains(err.Error(), "key 3") {
		t.Errorf("not every wrong key is named: %v", err)
	}
	if _, err := LoadJWKS(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file was read")
	}
}

func TestEllipticKeysAreOnTheirCurve(t *testing.T) {
	//lint:ignore SA1019 the test makes a point that the newer functions refuse to make
	_, err := newKey("ES256", "", &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)})
	if err == nil {
		t.Error("a point off its curve was taken")
	}
}
