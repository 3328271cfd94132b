package claims

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// hostile is one token that nobody must get in with.
type hostile struct {
	rule  string
	token string
}

// fortress accepts tokens of four keys of different kinds, for one audience and issuer.
type fortress struct {
	*Verifier
	hs, rs, es, ed *issuer
	good           claimsJSON
	payload        string // good, as JSON
}

func newFortress(t testing.TB) *fortress {
	f := &fortress{
		hs: newIssuer("HS256", "hs"), rs: newIssuer("RS256", "rs"),
		es: newIssuer("ES256", "es"), ed: newIssuer("EdDSA", "ed"),
		good: connect(claimsJSON{"aud": "us", "iss": "them", "uid": "ann", "channels": json.RawMessage(`{"*":{"subscribe":true}}`)}),
	}
	f.payload = string(must(json.Marshal(f.good)))
	o := Options{Audience: "us", Issuer: "them"}
	for _, is := range []*issuer{f.hs, f.rs, f.es, f.ed} {
		o.Keys = append(o.Keys, is.key(t))
	}
	f.Verifier = must(NewVerifier(o))
	return f
}

// with is f.good with one claim changed.
func (f *fortress) with(name string, value any) claimsJSON {
	c := claimsJSON{}
	for k, v := range f.good {
		c[k] = v
	}
	c[name] = value
	return c
}

// hmac signs with any bytes as secret.
func hmac(secret []byte, header, payload string) string {
	return (&issuer{alg: "HS256", private: secret}).sign(header, payload)
}

func (f *fortress) algorithms() (all []hostile) {
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "hs256", "HS256 ", "HS1", "RS1", "ES256K", "Ed25519", "HS256\u0000", "A256KW", "dir"} {
		header := string(must(json.Marshal(map[string]any{"alg": alg, "typ": "JWT", "kid": "hs"})))
		all = append(all,
			hostile{fmt.Sprintf("alg %q with an empty signature", alg), b64(header) + "." + b64(f.payload) + "."},
			hostile{fmt.Sprintf("alg %q with a signature", alg), f.hs.sign(header, f.payload)})
	}
	all = append(all,
		hostile{"no alg", f.hs.sign(`{"typ":"JWT","kid":"hs"}`, f.payload)},
		hostile{"alg is null", f.hs.sign(`{"alg":null,"kid":"hs"}`, f.payload)},
		hostile{"alg is a number", f.hs.sign(`{"alg":256,"kid":"hs"}`, f.payload)},
		hostile{"alg is a list", f.hs.sign(`{"alg":["HS256"],"kid":"hs"}`, f.payload)},
		hostile{"alg twice", f.hs.sign(`{"alg":"none","alg":"HS256","kid":"hs"}`, f.payload)},
		hostile{"alg twice, once escaped", f.hs.sign(`{"alg":"HS256","\u0061lg":"none","kid":"hs"}`, f.payload)},
		hostile{"Alg instead of alg", f.hs.sign(`{"Alg":"HS256","kid":"hs"}`, f.payload)},
	)
	// Public keys, known to everybody, used as a shared secret.
	for kid, is := range map[string]*issuer{"rs": f.rs, "es": f.es, "ed": f.ed} {
		block, _ := pem.Decode([]byte(is.public))
		for form, secret := range map[string][]byte{
			"PEM":           []byte(is.public),
			"trimmed PEM":   []byte(strings.TrimSpace(is.public)),
			"base64 of PEM": []byte(base64.StdEncoding.EncodeToString([]byte(is.public))),
			"DER":           block.Bytes,
		} {
			all = append(all,
				hostile{"HS256 with the " + form + " of " + is.alg + ", its kid", hmac(secret, `{"alg":"HS256","kid":"`+kid+`"}`, f.payload)},
				hostile{"HS256 with the " + form + " of " + is.alg + ", the secret's kid", hmac(secret, `{"alg":"HS256","kid":"hs"}`, f.payload)})
		}
	}
	n := rsaKey().N.Bytes()
	jwk := `{"e":"AQAB","kty":"RSA","n":"` + b64(string(n)) + `"}`
	return append(all,
		hostile{"HS256 with the JWK text of RS256", hmac([]byte(jwk), `{"alg":"HS256","kid":"hs"}`, f.payload)},
		hostile{"HS256 with the modulus of RS256", hmac(n, `{"alg":"HS256","kid":"hs"}`, f.payload)},
		hostile{"HS256 with PKCS#1 DER", hmac(x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey), `{"alg":"HS256","kid":"hs"}`, f.payload)},
		hostile{"HS256 with an empty secret", hmac(nil, `{"alg":"HS256","kid":"hs"}`, f.payload)},
		hostile{"HS256 with zeros", hmac(make([]byte, 64), `{"alg":"HS256","kid":"hs"}`, f.payload)},
		hostile{"PS256 by the key of RS256", (&issuer{alg: "PS256", kid: "rs", private: f.rs.private}).token(f.good)},
		hostile{"HS512 by the key of HS256", (&issuer{alg: "HS512", kid: "hs", private: f.hs.private}).token(f.good)},
		hostile{"RS256 signature, HS256 header", resign(hmac(nil, `{"alg":"HS256","kid":"hs"}`, f.payload), lastPart(f.rs.token(f.good)))},
	)
}

func lastPart(token string) string { return token[strings.LastIndexByte(token, '.')+1:] }

func (f *fortress) headers() (all []hostile) {
	stranger := newIssuer("ES256", "")
	members := map[string]string{
		"jku to loopback":        `"jku":"http://127.0.0.1:9/jwks.json"`,
		"x5u to loopback":        `"x5u":"http://127.0.0.1:9/cert.pem"`,
		"embedded jwk":           `"jwk":{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}`,
		"embedded certificate":   `"x5c":["AAAA"]`,
		"unknown kid":            `"kid":"nobody"`,
		"kid climbs directories": `"kid":"../../../../dev/null"`,
		"kid with SQL":           `"kid":"x' UNION SELECT 'secret';--"`,
		"kid with NUL":           `"kid":"es\u0000"`,
		"kid is a URL":           `"kid":"http://127.0.0.1/key"`,
	}
	for rule, member := range members {
		all = append(all, hostile{rule + ", signed by a stranger", stranger.sign(`{"alg":"ES256",`+member+`}`, f.payload)})
	}
	for rule, member := range map[string]string{
		"kid of 65 bytes":   `"kid":"` + strings.Repeat("k", 65) + `"`,
		"kid of 4 KiB":      `"kid":"` + strings.Repeat("k", 4<<10) + `"`,
		"kid is a number":   `"kid":1`,
		"kid is a list":     `"kid":["hs"]`,
		"kid is null":       `"kid":null`,
		"unknown crit":      `"kid":"hs","crit":["exp"],"exp":1`,
		"empty crit":        `"kid":"hs","crit":[]`,
		"crit names b64":    `"kid":"hs","crit":["b64"],"b64":false`,
		"b64 false":         `"kid":"hs","b64":false`,
		"b64 is a string":   `"kid":"hs","b64":"true"`,
		"zip":               `"kid":"hs","zip":"DEF"`,
		"enc":               `"kid":"hs","enc":"A256GCM"`,
		"typ of a logout":   `"kid":"hs","typ":"logout+jwt"`,
		"typ is a number":   `"kid":"hs","typ":1`,
		"cty JWT":           `"kid":"hs","cty":"JWT"`,
		"a deep header":     `"kid":"hs","x":[[[[[[1]]]]]]`,
		"a wide header":     `"kid":"hs","x":[` + strings.Repeat("1,", 200) + `1]`,
		"bad UTF-8":         "\"kid\":\"hs\",\"x\":\"\xff\"",
		"a lone surrogate":  `"kid":"hs","x":"\ud800"`,
		"a trailing comma":  `"kid":"hs",`,
		"a comment":         `"kid":"hs"/**/`,
		"a second document": `"kid":"hs"}{"alg":"none"`,
		"single quotes":     `'kid':'hs'`,
		"a name twice":      `"kid":"hs","x":1,"x":1`,
		"a NaN":             `"kid":"hs","x":NaN`,
		"a raw line break":  "\"kid\":\"h\ns\"",
		"a byte order mark": `"kid":"hs"` + "\ufeff",
	} {
		all = append(all, hostile{"header: " + rule, f.hs.sign(`{"alg":"HS256",`+member+`}`, f.payload)})
	}
	for _, header := range []string{``, ` `, `null`, `true`, `1`, `"HS256"`, `[]`, `["HS256"]`, `{`, `{}`, "\ufeff" + `{"alg":"HS256","kid":"hs"}`, `[{"alg":"HS256","kid":"hs"}]`} {
		all = append(all, hostile{fmt.Sprintf("header is %.20q", header), f.hs.sign(header, f.payload)})
	}
	return all
}

func (f *fortress) signatures() (all []hostile) {
	for _, is := range []*issuer{f.hs, f.rs, f.es, f.ed} {
		token := is.token(f.good)
		signature := must(base64.RawURLEncoding.DecodeString(lastPart(token)))
		change := func(rule string, sig []byte) {
			all = append(all, hostile{is.alg + " signature " + rule, resign(token, b64(string(sig)))})
		}
		for _, bit := range []int{0, 7, len(signature) * 4, len(signature)*8 - 1} {
			flipped := slices.Clone(signature)
			flipped[bit/8] ^= 1 << (bit % 8)
			change(fmt.Sprintf("with bit %d flipped", bit), flipped)
		}
		change("cut by a byte", signature[:len(signature)-1])
		change("longer by a byte", append(slices.Clone(signature), 0))
		change("after a zero byte", append([]byte{0}, signature...))
		change("of zeros", make([]byte, len(signature)))
		change("of ones", slices.Repeat([]byte{0xff}, len(signature)))
		change("of one byte", []byte{1})
		change("twice", append(slices.Clone(signature), signature...))
		all = append(all,
			hostile{is.alg + " signature missing", resign(token, "")},
			hostile{is.alg + " signature of another payload", resign(token, lastPart(is.token(f.with("uid", "bob"))))},
			hostile{is.alg + " payload changed", strings.Replace(token, "."+b64(f.payload), "."+b64(strings.Replace(f.payload, "ann", "bob", 1)), 1)})
	}
	token := f.es.token(f.good)
	rs := must(base64.RawURLEncoding.DecodeString(lastPart(token)))
	n := elliptic.P256().Params().N
	word := func(i *big.Int) []byte { return i.FillBytes(make([]byte, 32)) }
	for rule, sig := range map[string][]byte{
		"r and s swapped":  slices.Concat(rs[32:], rs[:32]),
		"s zero":           slices.Concat(rs[:32], make([]byte, 32)),
		"r zero":           slices.Concat(make([]byte, 32), rs[32:]),
		"r and s of order": slices.Concat(word(n), word(n)),
		"r one, s one":     slices.Concat(word(big.NewInt(1)), word(big.NewInt(1))),
		"r plus order":     append(new(big.Int).Add(new(big.Int).SetBytes(rs[:32]), n).Bytes(), rs[32:]...),
		"in ASN.1":         slices.Concat([]byte{0x30, 0x44, 0x02, 0x20}, rs[:32], []byte{0x02, 0x20}, rs[32:]),
	} {
		all = append(all, hostile{"ES256 " + rule, resign(token, b64(string(sig)))})
	}
	return append(all,
		hostile{"signed by a stranger's secret", newIssuer("HS256", "hs").token(f.good)},
		hostile{"signed by a stranger's curve key", newIssuer("ES256", "es").token(f.good)},
		hostile{"signed by a stranger's Ed25519 key", newIssuer("EdDSA", "ed").token(f.good)},
		hostile{"our kid on another key", (&issuer{alg: "HS256", kid: "other", private: f.hs.private}).token(f.good)},
		hostile{"no kid where keys have ids", (&issuer{alg: "HS256", private: f.hs.private}).token(f.good)})
}

func (f *fortress) spellings() (all []hostile) {
	token := f.hs.token(f.good)
	p := strings.Split(token, ".")
	header, payload, signature := p[0], p[1], p[2]
	flattened := `{"payload":"` + payload + `","protected":"` + header + `","signature":"` + signature + `"}`
	for rule, text := range map[string]string{
		"empty":                          "",
		"one dot":                        ".",
		"two dots":                       "..",
		"three dots":                     "...",
		"a megabyte of dots":             strings.Repeat(".", 1<<20),
		"8 KiB of dots":                  strings.Repeat(".", 8<<10),
		"a megabyte of letters":          strings.Repeat("a", 1<<20),
		"two segments":                   header + "." + payload,
		"four segments":                  token + ".x",
		"a trailing dot":                 token + ".",
		"a leading dot":                  "." + token,
		"five segments, as in JWE":       header + "..AAAA.AAAA.AAAA",
		"detached payload":               header + ".." + signature,
		"a leading space":                " " + token,
		"a trailing space":               token + " ",
		"a trailing line break":          token + "\n",
		"a trailing CRLF":                token + "\r\n",
		"a line break inside the header": header[:4] + "\n" + header[4:] + "." + payload + "." + signature,
		"a CR inside the signature":      header + "." + payload + "." + signature[:4] + "\r" + signature[4:],
		"a tab before a dot":             header + "\t." + payload + "." + signature,
		"padding on the header":          header + "=." + payload + "." + signature,
		"padding on the signature":       token + "=",
		"double padding":                 token + "==",
		"NUL at the end":                 token + "\x00",
		"a byte order mark":              "\ufeff" + token,
		"Bearer in front":                "Bearer " + token,
		"in quotes":                      `"` + token + `"`,
		"percent-encoded dot":            strings.Replace(token, ".", "%2E", 1),
		"full-width dot":                 strings.Replace(token, ".", "．", 1),
		"flattened JSON serialisation":   flattened,
		"general JSON serialisation":     `{"payload":"` + payload + `","signatures":[{"protected":"` + header + `","signature":"` + signature + `"},{"protected":"` + header + `","signature":"` + signature + `"}]}`,
		"JSON serialisation in segments": b64(flattened) + "." + payload + "." + signature,
		"standard base64 alphabet":       standardAlphabet(f),
		"loose last bits":                looseBits(token),
		"an invalid length of base64":    header + "." + payload + "." + signature[:41],
		"a comment in front":             "/**/" + token,
		"two tokens":                     token + "," + token,
		"upper-case header":              strings.ToUpper(header) + "." + payload + "." + signature,
	} {
		all = append(all, hostile{"spelling: " + rule, text})
	}
	long := f.with("filler", strings.Repeat("x", 8<<10))
	return append(all,
		hostile{"good, but over the size", f.hs.token(long)},
		hostile{"nested token as payload", f.hs.sign(`{"alg":"HS256","kid":"hs"}`, token)})
}

// standardAlphabet signs a header whose base64 has '+' and '/' instead of '-' and '_'.
func standardAlphabet(f *fortress) string {
	header := base64.RawStdEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"hs","x":"??>>~~ÿÿ"}`))
	return f.hs.signText(header + "." + b64(f.payload))
}

// looseBits changes bits of the last character that a lax decoder drops.
func looseBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1]) // 43 characters for 32 bytes: two bits are loose
}

func (f *fortress) payloads() (all []hostile) {
	at := now.Unix()
	raw := func(rule, payload string) {
		all = append(all, hostile{"payload: " + rule, f.hs.sign(`{"alg":"HS256","kid":"hs"}`, payload)})
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(f.payload, "{"), "}")
	for rule, payload := range map[string]string{
		"empty":                          ` `,
		"null":                           `null`,
		"a list":                         `[` + f.payload + `]`,
		"a string":                       `"x"`,
		"cut short":                      f.payload[:len(f.payload)-1],
		"two objects":                    f.payload + f.payload,
		"something after it":             f.payload + `x`,
		"a byte order mark":              "\ufeff" + f.payload,
		"a trailing comma":               `{` + inner + `,}`,
		"uid twice":                      `{` + inner + `,"uid":"root"}`,
		"uid twice, once escaped":        `{` + inner + `,"\u0075id":"root"}`,
		"exp twice":                      `{` + inner + `,"exp":9999999999}`,
		"an unknown name twice":          `{` + inner + `,"x":1,"x":2}`,
		"a name twice in umd":            `{` + inner + `,"umd":{"a":1,"a":2}}`,
		"a directive twice":              strings.Replace(f.payload, `"subscribe":true`, `"subscribe":false,"subscribe":true`, 1),
		"a directive twice, escaped":     strings.Replace(f.payload, `"subscribe":true`, `"subscribe":false,"\u0073ubscribe":true`, 1),
		"a channel twice":                strings.Replace(f.payload, `"channels":{`, `"channels":{"*":{"subscribe":false},`, 1),
		"bad UTF-8 in a value":           strings.Replace(f.payload, "ann", "an\xff", 1),
		"bad UTF-8 in a name":            `{` + inner + ",\"x\xc0\xaf\":1}",
		"an overlong NUL":                `{` + inner + ",\"x\":\"\xc0\x80\"}",
		"a surrogate in UTF-8":           `{` + inner + ",\"x\":\"\xed\xa0\x80\"}",
		"a lone high surrogate":          `{` + inner + `,"x":"\ud800"}`,
		"a lone low surrogate":           `{` + inner + `,"x":"\udc00a"}`,
		"a raw control character":        `{` + inner + ",\"x\":\"\x01\"}",
		"33 levels":                      `{` + inner + `,"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
		"3,000 levels":                   `{` + inner + `,"x":` + strings.Repeat("[", 2500) + strings.Repeat("]", 2500) + `}`,
		"3,000 unclosed levels":          `{` + inner + `,"x":` + strings.Repeat("[", 3000),
		"2,500 numbers":                  `{` + inner + `,"x":[` + strings.Repeat("0,", 2500) + `0]}`,
		"a leading zero":                 strings.Replace(f.payload, `"exp":`, `"exp":0`, 1),
		"a hexadecimal number":           `{` + inner + `,"x":0x10}`,
		"Infinity":                       `{` + inner + `,"x":Infinity}`,
		"exp 1e999":                      string(must(json.Marshal(f.with("exp", json.RawMessage("1e999"))))),
		"exp -1e999":                     string(must(json.Marshal(f.with("exp", json.RawMessage("-1e999"))))),
		"Exp instead of exp":             strings.Replace(f.payload, `"exp"`, `"Exp"`, 1),
		"a folded s in ſcope":            strings.Replace(f.payload, `"scope"`, `"ſcope"`, 1),
		"SCOPE instead of scope":         strings.Replace(f.payload, `"scope"`, `"SCOPE"`, 1),
		"two claims sets, second better": `{"exp":1}` + f.payload,
	} {
		raw(rule, payload)
	}
	for rule, c := range map[string]claimsJSON{
		"exp in the past":        f.with("exp", at-1),
		"exp now":                f.with("exp", at),
		"exp a string":           f.with("exp", "9999999999"),
		"exp null":               f.with("exp", nil),
		"exp true":               f.with("exp", true),
		"exp a list":             f.with("exp", []int64{at + 60}),
		"exp negative":           f.with("exp", -at),
		"exp zero":               f.with("exp", 0),
		"exp beyond all years":   f.with("exp", json.RawMessage("9223372036854775807")),
		"exp beyond 64 bits":     f.with("exp", json.RawMessage("18446744073709551617")),
		"exp in milliseconds":    f.with("exp", at*1000),
		"nbf in the future":      f.with("nbf", at+1),
		"nbf a string":           f.with("nbf", "0"),
		"aud of another":         f.with("aud", "you"),
		"aud a prefix":           f.with("aud", "u"),
		"aud an object":          f.with("aud", map[string]any{"us": true}),
		"aud null":               f.with("aud", nil),
		"iss of another":         f.with("iss", "thee"),
		"iss a list":             f.with("iss", []string{"them"}),
		"scope subscribe":        f.with("scope", "subscribe"),
		"scope umd":              f.with("scope", "umd"),
		"scope publish":          f.with("scope", "publish"),
		"scope *":                f.with("scope", "*"),
		"scope a list":           f.with("scope", []string{"connect"}),
		"connectionId present":   f.with("connectionId", "AbC_d-EfGhIJKLM="),
		"connectionId null":      f.with("connectionId", nil),
		"uid a number":           f.with("uid", 1),
		"uid a list":             f.with("uid", []string{"ann"}),
		"singleUse without jti":  f.with("singleUse", true),
		"singleUse a string":     f.with("singleUse", "false"),
		"channels a list":        f.with("channels", []any{}),
		"channels null":          f.with("channels", nil),
		"101 wildcards":          f.with("channels", wildcards(101)),
		"33 expressions":         f.with("channels", expressions(33)),
		"an expression too long": f.with("channels", map[string]any{"#regex:" + strings.Repeat("a", 257): claimsJSON{}}),
		"an expression too slow": f.with("channels", map[string]any{`#regex:(?i)[` + strings.Repeat("b-\U0001e942", 6) + `]`: claimsJSON{}}),
		"nested repetition":      f.with("channels", map[string]any{`#regex:((a{100}){100}){100}`: claimsJSON{}}),
	} {
		all = append(all, hostile{"payload: " + rule, f.hs.token(c)})
	}
	return all
}

func wildcards(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[fmt.Sprintf("w%d*", i)] = claimsJSON{}
	}
	return m
}

func expressions(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[fmt.Sprintf("#regex:w%d", i)] = claimsJSON{}
	}
	return m
}

func TestHostileTokensAreRefused(t *testing.T) {
	f := newFortress(t)
	for _, is := range []*issuer{f.hs, f.rs, f.es, f.ed} {
		wantReason(t, f.Verifier, is.token(f.good), ScopeConnect, "") // or the rest proves nothing
	}
	all := slices.Concat(f.algorithms(), f.headers(), f.signatures(), f.spellings(), f.payloads())
	if len(all) < 250 {
		t.Errorf("only %d tokens", len(all))
	}
	for _, h := range all {
		t.Run(h.rule, func(t *testing.T) {
			c, err := f.Verify(h.token, ScopeConnect, now)
			if err == nil || c != nil {
				t.Fatalf("accepted: %+v", c)
			}
			if ReasonOf(err) == "" {
				t.Errorf("no reason in %v", err)
			}
			for _, part := range strings.Split(h.token, ".") {
				if len(part) > 12 && strings.Contains(err.Error(), part) {
					t.Errorf("the error quotes the token: %v", err)
				}
			}
			if len(err.Error()) > 400 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

// The same payload under each other use of a token.
func TestTokensAreForOneDoor(t *testing.T) {
	v := hs256().verifier(t, Options{})
	for _, made := range scopes {
		for _, use := range scopes {
			want := ReasonScope
			if made == use {
				want = ""
			}
			wantReason(t, v, hs256().token(withScope(string(made), claimsJSON{"uid": "u"})), use, want)
		}
	}
}

// Every library method must be exact about what it is given, since split and decodeSegment are ours.
func TestSignatureMethodsAreTheLibrarys(t *testing.T) {
	for _, m := range methods {
		if jwt.GetSigningMethod(m.Alg()) != m {
			t.Errorf("%s is not the registered method", m.Alg())
		}
	}
}

// The dearest claims that the limits let through must not hold a login up. The bound is loose, for
// machines that do other things; what it replaces took two seconds.
func TestTheDearestExpressionsAreCheap(t *testing.T) {
	for rule, sources := range map[string][]string{
		"Unicode classes":   {strings.Repeat(`\pL`, 80)},
		"one class of many": {`[` + strings.Repeat(`\pL`, 84) + `]`},
		"folded classes":    {`(?i)[` + strings.Repeat(`\pL`, 83) + `]`, `(?i)[` + strings.Repeat(`\PL`, 83) + `]`},
		"folded ranges":     {"(?i)[" + strings.Repeat("b-\U0001e942", 40) + "]", "(?i)" + strings.Repeat("[b-\U0001e942]", 31)},
		"escaped ranges":    {`(?i)[` + strings.Repeat(`b-\x{1e942}`, 22) + `]`, `(?s:(?m-Ui:[` + strings.Repeat(`b-\x{1e942}`, 20) + `]))`},
		"few at a time":     {strings.Repeat(`\pL`, 10), `(?i)[` + strings.Repeat(`\pL`, 10) + `]`, `(?i)[b-\x{1e942}]`},
		"anchored classes":  {`^[\p{L}\p{N}_-]{1,64}$`, `^\pL{999}$`},
		"repetitions":       {`.{0,1000}x`, `(a?){1000}`, `((a{1,10}){1,10}){1,10}`},
	} {
		t.Run(rule, func(t *testing.T) {
			all := map[string]any{}
			for i := range 24 { // as many as fit a token
				source := sources[i%len(sources)]
				all[regexPrefix+source+strings.Repeat("|", i/len(sources))] = claimsJSON{}
			}
			l := Limits{RegexSize: 1024}
			l.EnsureDefaults()
			var least time.Duration = time.Hour
			for range 3 {
				start := time.Now()
				_, err := newCompiler(l, nil).channels(raw(must(json.Marshal(all))))
				least = min(least, time.Since(start))
				if err == nil {
					t.Error("accepted 24 of them")
				}
			}
			if least > 100*time.Millisecond {
				t.Logf("took %s", least)
			}
		})
	}
}
