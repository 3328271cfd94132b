package acceptance

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// goodClaims would open every door, if the token around them were one.
func goodClaims() string {
	return fmt.Sprintf(`{"exp":%d,"scope":"connect subscribe","uid":"u","channels":{"h":{"subscribe":true}}}`, in(time.Hour))
}

const goodHeader = `{"alg":"HS256","typ":"JWT"}`

var (
	rs256 = signer{alg: "RS256", key: rsaKey}
	eddsa = signer{alg: "EdDSA", key: edKey}
)

// A tokenAttack is a token that nobody who may make tokens has made, or one that says nonsense.
type tokenAttack struct {
	name string
	make func() string
}

// secretly signs with HS256 and a secret that is not one.
func secretly(header string, secret func() []byte) func() string {
	return func() string {
		return signer{alg: "HS256", key: func() any { return secret() }}.signParts(header, goodClaims())
	}
}

func publicPEM(s signer) func() []byte { return func() []byte { return []byte(s.material()) } }

func publicDER(s signer) func() []byte {
	return func() []byte {
		block, _ := pem.Decode([]byte(s.material()))
		return block.Bytes
	}
}

// payload signs claims as they should be signed.
func payload(format string) func() string {
	return func() string { return hs256.sign(strings.ReplaceAll(format, "EXP", fmt.Sprint(in(time.Hour)))) }
}

// header signs good claims under another header.
func header(h string) func() string {
	return func() string { return hs256.signParts(h, goodClaims()) }
}

// bent changes a good token.
func bent(bend func(head, body, signature string) string) func() string {
	return func() string {
		parts := strings.Split(hs256.sign(goodClaims()), ".")
		return bend(parts[0], parts[1], parts[2])
	}
}

func unsigned(alg string) func() string {
	return func() string { return encode(`{"alg":"`+alg+`","typ":"JWT"}`) + "." + encode(goodClaims()) + "." }
}

var signatureAttacks = []tokenAttack{
	{"alg none", unsigned("none")},
	{"alg None", unsigned("None")},
	{"alg nOnE", unsigned("nOnE")},
	{"alg empty", unsigned("")},
	{"alg HS256 without a signature", unsigned("HS256")},
	{"alg none with a good signature", header(`{"alg":"none","typ":"JWT"}`)},
	{"alg in small letters", header(`{"alg":"hs256","typ":"JWT"}`)},
	{"alg twice", header(`{"alg":"none","typ":"JWT","alg":"HS256"}`)},
	{"alg is a list", header(`{"alg":["HS256"],"typ":"JWT"}`)},
	{"no alg", header(`{"typ":"JWT"}`)},
	{"HS256 with the RSA key's PEM", secretly(goodHeader, publicPEM(rs256))},
	{"HS256 with the RSA key's PEM without its last line end", secretly(goodHeader, func() []byte { return []byte(strings.TrimSpace(rs256.material())) })},
	{"HS256 with the RSA key's DER", secretly(goodHeader, publicDER(rs256))},
	{"HS256 with the EC key's PEM", secretly(goodHeader, publicPEM(p256Signer))},
	{"HS256 with the EC key's DER", secretly(goodHeader, publicDER(p256Signer))},
	{"HS256 with the Ed25519 key's PEM", secretly(goodHeader, publicPEM(eddsa))},
	{"HS256 with an empty secret", secretly(goodHeader, func() []byte { return nil })},
	{"HS256 with the secret's base64", func() string {
		return signer{alg: "HS256", key: func() any { return []byte(hs256.material()) }}.sign(goodClaims())
	}},
	{"HS384 with the secret of HS256", func() string { return signer{alg: "HS384", key: sharedSecret}.sign(goodClaims()) }},
	{"PS256 with the key of RS256", func() string { return signer{alg: "PS256", key: rsaKey}.sign(goodClaims()) }},
	{"one bit of the signature", bent(func(h, b, s string) string {
		raw := must(base64.RawURLEncoding.DecodeString(s))
		raw[7] ^= 1
		return h + "." + b + "." + base64.RawURLEncoding.EncodeToString(raw)
	})},
	{"a shorter signature", bent(func(h, b, s string) string { return h + "." + b + "." + s[:len(s)-6] })},
	{"a longer signature", bent(func(h, b, s string) string { return h + "." + b + "." + s + "AAAA" })},
	{"another token's signature", bent(func(h, _, s string) string { return h + "." + encode(`{"scope":"connect"}`) + "." + s })},
	{"ES256 with r and s of zero", signedES256(func([]byte) []byte { return make([]byte, 64) })},
	{"ES256 with r and s changed about", signedES256(func(s []byte) []byte { return append(s[32:], s[:32]...) })},
	{"ES256 in DER", signedES256(func(s []byte) []byte { return append([]byte{0x30, 68, 2, 32}, s...) })},
	{"ES256 of nothing", signedES256(func([]byte) []byte { return nil })},
	{"the key in the header", embeddedKey},
	{"a jku", header(`{"alg":"HS256","typ":"JWT","kid":"x","jku":"http://127.0.0.1:1/keys","crit":["jku"]}`)},
	{"an unknown crit", header(`{"alg":"HS256","typ":"JWT","crit":["exp2"],"exp2":1}`)},
	{"an unencoded payload", header(`{"alg":"HS256","typ":"JWT","b64":false,"crit":["b64"]}`)},
	{"a kid of a megabyte", header(`{"alg":"HS256","typ":"JWT","kid":"` + strings.Repeat("k", 1<<20) + `"}`)},
	{"a kid that is a number", header(`{"alg":"HS256","typ":"JWT","kid":7}`)},
	{"a kid with NUL, and claims that are another's", func() string {
		return rs256.named("\x00").signParts(`{"alg":"HS256","kid":"\u0000"}`, goodClaims())
	}},
	{"a header that is a list", header(`["HS256"]`)},
	{"a header that is a string", header(`"HS256"`)},
	{"a header that is no JSON", header(`{"alg":"HS256"`)},
	{"a typ of JWE", header(`{"alg":"HS256","typ":"JWE"}`)},
}

var shapeAttacks = []tokenAttack{
	{"five parts", bent(func(h, b, s string) string { return h + "." + b + "." + s + "." + b + "." + s })},
	{"two parts", bent(func(h, b, _ string) string { return h + "." + b })},
	{"four parts", bent(func(h, b, s string) string { return h + "." + b + "." + s + "." })},
	{"dots", func() string { return strings.Repeat(".", 60_000) }},
	{"a megabyte of dots", func() string { return strings.Repeat(".", 1<<20) }},
	{"padding", bent(func(h, b, s string) string { return h + "." + b + "." + s + "=" })},
	{"white space before", bent(func(h, b, s string) string { return "%20" + h + "." + b + "." + s })},
	{"white space within", bent(func(h, b, s string) string { return h + ".%0A" + b + "." + s })},
	{"the JSON form", bent(func(h, b, s string) string {
		return fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, b, h, s)
	})},
	{"a token in a token", func() string { return hs256.signParts(`{"alg":"HS256","cty":"JWT"}`, hs256.sign(goodClaims())) }},
	{"Bearer before it", bent(func(h, b, s string) string { return "Bearer%20" + h + "." + b + "." + s })},
	{"NUL after it", bent(func(h, b, s string) string { return h + "." + b + "." + s + "%00" })},
}

var claimAttacks = []tokenAttack{
	{"no exp", payload(`{"scope":"connect subscribe","uid":"u"}`)},
	{"an exp of null", payload(`{"exp":null,"scope":"connect subscribe","uid":"u"}`)},
	{"an exp of words", payload(`{"exp":"EXP","scope":"connect subscribe","uid":"u"}`)},
	{"an exp of 1e999", payload(`{"exp":1e999,"scope":"connect subscribe","uid":"u"}`)},
	{"a negative exp", payload(`{"exp":-1,"scope":"connect subscribe","uid":"u"}`)},
	{"an exp of true", payload(`{"exp":true,"scope":"connect subscribe","uid":"u"}`)},
	{"an exp that is a list", payload(`{"exp":[EXP],"scope":"connect subscribe","uid":"u"}`)},
	{"two exps", payload(`{"exp":1,"scope":"connect subscribe","uid":"u","exp":EXP}`)},
	{"two exps, one escaped", payload(`{"exp":1,"scope":"connect subscribe","uid":"u","\u0065xp":EXP}`)},
	{"an Exp", payload(`{"Exp":EXP,"scope":"connect subscribe","uid":"u"}`)},
	{"no scope", payload(`{"exp":EXP,"uid":"u"}`)},
	{"a Scope", payload(`{"exp":EXP,"Scope":"connect subscribe","uid":"u"}`)},
	{"a scope that is a list", payload(`{"exp":EXP,"scope":["connect","subscribe"],"uid":"u"}`)},
	{"a scope of comma and case", payload(`{"exp":EXP,"scope":"CONNECT,connect,subscribe","uid":"u"}`)},
	{"a right twice", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","channels":{"h":{"subscribe":false,"subscribe":true}}}`)},
	{"a right that is a word", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","channels":{"h":{"subscribe":"true"}}}`)},
	{"channels that are a list", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","channels":["h"]}`)},
	{"a uid that is a number", payload(`{"exp":EXP,"scope":"connect subscribe","uid":7}`)},
	{"a uid that is no UTF-8", payload("{\"exp\":EXP,\"scope\":\"connect subscribe\",\"uid\":\"\xff\"}")},
	{"a uid that is half a character", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"\ud83d"}`)},
	{"claims that are a list", payload(`[{"exp":EXP,"scope":"connect subscribe","uid":"u"}]`)},
	{"claims that are null", payload(`null`)},
	{"claims and something", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u"}{}`)},
	{"claims after a mark of order", payload("\xef\xbb\xbf" + `{"exp":EXP,"scope":"connect subscribe","uid":"u"}`)},
	{"claims a thousand levels deep", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`)},
	{"claims of three thousand values", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","x":[` + strings.Repeat("1,", 3000) + `1]}`)},
	{"two hundred patterns", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","channels":{` + patterns(200, `%d*`) + `}}`)},
	{"a hundred regexes", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","channels":{` + patterns(100, `#regex:%d`) + `}}`)},
	{"heavy regexes", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","channels":{` + patterns(30, `#regex:%d(\\pL{1000}){1}`) + `}}`)},
	{"nested repeats", payload(`{"exp":EXP,"scope":"connect subscribe","uid":"u","channels":{"#regex:((a{100}){100}){100}":{"subscribe":true}}}`)},
}

func patterns(n int, format string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"`+format+`":{"subscribe":true}`, i)
	}
	return strings.Join(all, ",")
}

// signedES256 makes a token of ES256 and changes its signature.
func signedES256(change func(signature []byte) []byte) func() string {
	return func() string {
		parts := strings.Split(p256Signer.sign(goodClaims()), ".")
		signature := change(must(base64.RawURLEncoding.DecodeString(parts[2])))
		return parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
}

// embeddedKey signs with a key of its own and brings it along.
func embeddedKey() string {
	own := signer{alg: "ES256", key: func() any { return p384() }}
	der := must(x509.MarshalPKIXPublicKey(own.key().(crypto.Signer).Public()))
	h := map[string]any{"alg": "ES384", "typ": "JWT", "x5c": []string{base64.StdEncoding.EncodeToString(der)}}
	return signer{alg: "ES384", key: p384}.signParts(string(must(json.Marshal(h))), goodClaims())
}

// subscribable is the size up to which a token fits into a frame.
const subscribable = 250 << 10

func TestHostileTokens(t *testing.T) {
	s := besiege(t, keys(hs256, rs256, p256Signer, eddsa))
	s.accepts(hs256.sign(goodClaims())) // what all the others come close to
	attacks := append(append(signatureAttacks, shapeAttacks...), claimAttacks...)
	for i, a := range attacks {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			token := a.make()
			conn, err := s.server.dial(t.Context(), "/v1?token="+token)
			var r *refusal
			switch {
			case err == nil:
				_ = conn.CloseNow()
				t.Errorf("it opens a connection: %.2000s", token)
			case !errors.As(err, &r):
				s.tr.add("%v", err) // too long to be looked at
			case r.status < 400 || r.status >= 500:
				t.Errorf("%v, want a refusal", r)
			}
			if len(token) <= subscribable {
				s.bystander.send(fmt.Sprintf(`{"event":"hotsock.subscribe","channel":"h","data":{"token":%s}}`, text(token)))
				s.play(`bystander < error INVALID_SUBSCRIBE_TOKEN h`)
			}
			s.holds(t, i+1)
		})
	}
	t.Logf("%d tokens refused", len(attacks))
}
