package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestVerifyAcceptsEveryAlgorithm(t *testing.T) {
	for _, alg := range Algorithms() {
		t.Run(alg, func(t *testing.T) {
			is := newIssuer(alg, "k1")
			c := accept(t, is.verifier(t, Options{}), is.token(connect(claimsJSON{"uid": "ann"})), ScopeConnect)
			if c.UID != "ann" {
				t.Errorf("uid is %q", c.UID)
			}
		})
	}
}

// A key is fixed to its algorithm, even where another one could use the same material.
func TestVerifyRefusesOtherAlgorithmsOfTheSameKey(t *testing.T) {
	for _, group := range [][]string{
		{"HS256", "HS384", "HS512"},
		{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
	} {
		for _, alg := range group {
			for _, other := range group {
				is := newIssuer(alg, "")
				v := is.verifier(t, Options{})
				is.alg = other
				want := ReasonAlgorithm
				if alg == other {
					want = ""
				}
				wantReason(t, v, is.token(connect(nil)), ScopeConnect, want)
			}
		}
	}
}

func wantReason(t *testing.T, v *Verifier, token string, use Scope, want Reason) {
	t.Helper()
	c, err := v.Verify(token, use, now)
	if got := ReasonOf(err); got != want || (want == "") != (c != nil) {
		t.Errorf("got reason %q (%v), want %q", got, err, want)
	}
	if err != nil && len(token) > 20 && strings.Contains(err.Error(), token[:20]) {
		t.Errorf("the error quotes the token: %v", err)
	}
}

func TestVerifyJudgesClaims(t *testing.T) {
	at := now.Unix()
	for _, tt := range []struct {
		rule    string
		options Options
		use     Scope
		claims  claimsJSON
		want    Reason
	}{
		{rule: "exp and scope are enough", claims: connect(nil)},
		{rule: "exp is required", claims: claimsJSON{"scope": "connect"}, want: ReasonClaims},
		{rule: "exp must be in the future", claims: connect(claimsJSON{"exp": at - 1}), want: ReasonExpired},
		{rule: "exp now is too late", claims: connect(claimsJSON{"exp": at}), want: ReasonExpired},
		{rule: "leeway moves exp", options: Options{Leeway: time.Minute}, claims: connect(claimsJSON{"exp": at - 59})},
		{rule: "leeway ends", options: Options{Leeway: time.Minute}, claims: connect(claimsJSON{"exp": at - 60}), want: ReasonExpired},
		{rule: "exp may be a fraction", claims: connect(claimsJSON{"exp": float64(at) + 0.5})},
		{rule: "exp may be written with an exponent", claims: connect(claimsJSON{"exp": json.RawMessage("1.9e9")})},
		{rule: "exp is no string", claims: connect(claimsJSON{"exp": fmt.Sprint(at + 60)}), want: ReasonClaims},
		{rule: "exp in milliseconds is a mistake", claims: connect(claimsJSON{"exp": (at + 60) * 1000}), want: ReasonClaims},
		{rule: "exp is finite", claims: connect(claimsJSON{"exp": json.RawMessage("1e999")}), want: ReasonClaims},
		{rule: "exp before 1970 is past", claims: connect(claimsJSON{"exp": -1}), want: ReasonExpired},
		{rule: "exp null is no date", claims: connect(claimsJSON{"exp": nil}), want: ReasonClaims},
		{rule: "a bounded lifetime", options: Options{MaxLifetime: time.Hour}, claims: connect(claimsJSON{"exp": at + 3600})},
		{rule: "more than a bounded lifetime", options: Options{MaxLifetime: time.Hour}, claims: connect(claimsJSON{"exp": at + 3601}), want: ReasonClaims},

		{rule: "nbf now is in force", claims: connect(claimsJSON{"nbf": at})},
		{rule: "nbf in the future is not", claims: connect(claimsJSON{"nbf": at + 1}), want: ReasonNotYet},
		{rule: "leeway moves nbf", options: Options{Leeway: time.Minute}, claims: connect(claimsJSON{"nbf": at + 60})},
		{rule: "nbf is a number", claims: connect(claimsJSON{"nbf": "soon"}), want: ReasonClaims},
		{rule: "iat is not looked at", claims: connect(claimsJSON{"iat": "yesterday"})},

		{rule: "aud is ignored unless configured", claims: connect(claimsJSON{"aud": 7})},
		{rule: "aud equal", options: Options{Audience: "a"}, claims: connect(claimsJSON{"aud": "a"})},
		{rule: "aud among several", options: Options{Audience: "a"}, claims: connect(claimsJSON{"aud": []string{"b", "a"}})},
		{rule: "aud of another", options: Options{Audience: "a"}, claims: connect(claimsJSON{"aud": "b"}), want: ReasonAudience},
		{rule: "aud with other case", options: Options{Audience: "a"}, claims: connect(claimsJSON{"aud": "A"}), want: ReasonAudience},
		{rule: "aud absent", options: Options{Audience: "a"}, claims: connect(nil), want: ReasonAudience},
		{rule: "aud empty list", options: Options{Audience: "a"}, claims: connect(claimsJSON{"aud": []string{}}), want: ReasonAudience},
		{rule: "aud nested list", options: Options{Audience: "a"}, claims: connect(claimsJSON{"aud": []any{[]string{"a"}}}), want: ReasonAudience},
		{rule: "iss is ignored unless configured", claims: connect(claimsJSON{"iss": 7})},
		{rule: "iss equal", options: Options{Issuer: "i"}, claims: connect(claimsJSON{"iss": "i"})},
		{rule: "iss different", options: Options{Issuer: "i"}, claims: connect(claimsJSON{"iss": "j"}), want: ReasonIssuer},
		{rule: "iss absent", options: Options{Issuer: "i"}, claims: connect(nil), want: ReasonIssuer},

		{rule: "scope is required", claims: claimsJSON{"exp": at + 60}, want: ReasonClaims},
		{rule: "scope is a string", claims: claimsJSON{"exp": at + 60, "scope": []string{"connect"}}, want: ReasonClaims},
		{rule: "an empty scope is for nothing", claims: withScope("", nil), want: ReasonScope},
		{rule: "scope subscribe does not connect", claims: subscribe(claimsJSON{"uid": "u"}), want: ReasonScope},
		{rule: "scope umd does not connect", claims: umd(claimsJSON{"uid": "u"}), want: ReasonScope},
		{rule: "scope connect does not subscribe", use: ScopeSubscribe, claims: connect(claimsJSON{"uid": "u"}), want: ReasonScope},
		{rule: "scope connect does not publish", use: ScopePublish, claims: connect(nil), want: ReasonScope},
		{rule: "one of several scopes is enough", use: ScopeSubscribe, claims: withScope("connect  future subscribe", claimsJSON{"uid": "u"})},
		{rule: "scopes are separated by spaces only", claims: withScope("connect\tsubscribe", nil), want: ReasonScope},
		{rule: "scopes are whole words", claims: withScope("connected", nil), want: ReasonScope},
		{rule: "scopes have exact case", claims: withScope("Connect", nil), want: ReasonScope},
		{rule: "a use must be known", use: "admin", claims: withScope("admin", nil), want: ReasonScope},

		{rule: "connectionId forbids connecting", claims: connect(claimsJSON{"connectionId": "x"}), want: ReasonBinding},
		{rule: "connectionId forbids connecting, empty too", claims: connect(claimsJSON{"connectionId": ""}), want: ReasonBinding},
		{rule: "connectionId forbids publishing over HTTP", use: ScopePublish, claims: withScope("publish", claimsJSON{"connectionId": "x"}), want: ReasonBinding},
		{rule: "a subscribe token needs uid or connectionId", use: ScopeSubscribe, claims: subscribe(nil), want: ReasonBinding},
		{rule: "an empty uid is none", use: ScopeSubscribe, claims: subscribe(claimsJSON{"uid": ""}), want: ReasonBinding},
		{rule: "a subscribe token with connectionId", use: ScopeSubscribe, claims: subscribe(claimsJSON{"connectionId": "x"})},
		{rule: "a umd token needs uid or connectionId", use: ScopeUMD, claims: umd(nil), want: ReasonBinding},
		{rule: "a publish token needs neither", use: ScopePublish, claims: withScope("publish", nil)},
		{rule: "a read token needs neither", use: ScopeRead, claims: withScope("read", nil)},

		{rule: "expiry comes before structure", claims: connect(claimsJSON{"exp": at - 1, "keepAlive": 1}), want: ReasonExpired},
		{rule: "scope comes before structure", claims: subscribe(claimsJSON{"keepAlive": 1}), want: ReasonScope},
		{rule: "structure comes before binding", claims: connect(claimsJSON{"connectionId": "x", "keepAlive": 1}), want: ReasonClaims},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			use := tt.use
			if use == "" {
				use = ScopeConnect
			}
			wantReason(t, hs256().verifier(t, tt.options), hs256().token(tt.claims), use, tt.want)
		})
	}
}

func TestVerifyChoosesKeysByID(t *testing.T) {
	blank, k1, k2 := newIssuer("HS256", ""), newIssuer("HS256", "k1"), newIssuer("HS256", "k2")
	as := func(is *issuer, kid string) string { // signed by is, whatever its id
		return (&issuer{alg: is.alg, kid: kid, private: is.private}).token(connect(nil))
	}
	for _, tt := range []struct {
		rule  string
		keys  []*issuer
		token string
		want  Reason
	}{
		{"a blank id takes any kid", []*issuer{blank}, as(blank, "whatever"), ""},
		{"a blank id takes no kid", []*issuer{blank}, as(blank, ""), ""},
		{"an id takes its kid", []*issuer{k1}, as(k1, "k1"), ""},
		{"an id does not take another kid", []*issuer{k1}, as(k1, "k2"), ReasonKey},
		{"an id does not take a missing kid", []*issuer{k1}, as(k1, ""), ReasonKey},
		{"an id has exact case", []*issuer{k1}, as(k1, "K1"), ReasonKey},
		{"the second key may sign", []*issuer{k1, k2}, as(k2, "k2"), ""},
		{"the second blank key may sign", []*issuer{newIssuer("HS256", ""), blank}, as(blank, "x"), ""},
		{"two keys with one id may both sign", []*issuer{newIssuer("HS256", "k1"), k1}, as(k1, "k1"), ""},
		{"a blank key stands behind an id", []*issuer{k1, blank}, as(blank, "k1"), ""},
		{"another key's kid does not help", []*issuer{k1, k2}, as(k2, "k1"), ReasonSignature},
		{"a key of another algorithm", []*issuer{newIssuer("HS512", "")}, as(blank, ""), ReasonAlgorithm},
		{"no keys at all", nil, as(blank, ""), ReasonAlgorithm},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			var o Options
			for _, is := range tt.keys {
				o.Keys = append(o.Keys, is.key(t))
			}
			v, err := NewVerifier(o)
			if err != nil {
				t.Fatal(err)
			}
			wantReason(t, v, tt.token, ScopeConnect, tt.want)
		})
	}
}

func TestSetKeysReplacesAllOrNothing(t *testing.T) {
	old, next := newIssuer("HS256", ""), newIssuer("EdDSA", "n")
	v := old.verifier(t, Options{})
	if err := v.SetKeys([]Key{next.key(t), {Alg: "HS256"}}); err == nil {
		t.Error("a key that nobody parsed was taken")
	}
	wantReason(t, v, old.token(connect(nil)), ScopeConnect, "")
	altered := old.key(t)
	altered.Alg = "HS512"
	if err := v.SetKeys([]Key{altered}); err == nil {
		t.Error("a key with another algorithm than it was parsed for was taken")
	}
	if err := v.SetKeys([]Key{next.key(t)}); err != nil {
		t.Fatal(err)
	}
	wantReason(t, v, old.token(connect(nil)), ScopeConnect, ReasonAlgorithm)
	wantReason(t, v, next.token(connect(nil)), ScopeConnect, "")
}

func TestBind(t *testing.T) {
	for _, tt := range []struct {
		rule              string
		claims            claimsJSON
		connectionID, uid string
		want              Reason
	}{
		{"connectionId of this connection", claimsJSON{"connectionId": "A"}, "A", "", ""},
		{"connectionId of another", claimsJSON{"connectionId": "A"}, "B", "", ReasonBinding},
		{"connectionId decides, and uid may differ", claimsJSON{"connectionId": "A", "uid": "z"}, "A", "u", ""},
		{"connectionId decides, equal uid does not help", claimsJSON{"connectionId": "A", "uid": "u"}, "B", "u", ReasonBinding},
		{"an empty connectionId is nobody's", claimsJSON{"connectionId": "", "uid": "u"}, "", "u", ReasonBinding},
		{"uid of this user", claimsJSON{"uid": "u"}, "A", "u", ""},
		{"uid of another user", claimsJSON{"uid": "v"}, "A", "u", ReasonBinding},
		{"uid on a connection without one", claimsJSON{"uid": "v"}, "A", "", ReasonBinding},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			c := accept(t, hs256().verifier(t, Options{}), hs256().token(subscribe(tt.claims)), ScopeSubscribe)
			if got := ReasonOf(c.Bind(tt.connectionID, tt.uid)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("no uid and no uid are not the same user", func(t *testing.T) {
		if got := ReasonOf(parse(t, nil).Bind("A", "")); got != ReasonBinding {
			t.Errorf("got %q", got)
		}
	})
}

func TestClaimsAreReadAsWritten(t *testing.T) {
	c := parse(t, claimsJSON{
		"exp": float64(now.Unix()) + 1.25, "nbf": now.Unix() - 10, "jti": "j", "singleUse": true,
		"scope": "subscribe connect connect",
		"uid":   "ä", "umd": json.RawMessage("{ \"b\" : 1.50, \"a\": [1152921504606846977, 1e2, \"\\u00e9\"] , \"c\":null}"),
		"umdUpdate": true, "umdPropagate": true, "keepAlive": true, "heartbeatTimeout": 5,
		"Uid": "other", "sendMessages": true, "clientHeartbeatInterval": 1,
	})
	if got, want := string(c.UMD), `{"b":1.50,"a":[1152921504606846977,1e2,"\u00e9"],"c":null}`; got != want {
		t.Errorf("umd is %s, want %s", got, want)
	}
	if c.UID != "ä" || !c.HasUID || !c.HasUMD || !c.UMDUpdate || !c.UMDPropagate || !c.KeepAlive || c.HeartbeatTimeout != 5*time.Second {
		t.Errorf("got %+v", c)
	}
	if fmt.Sprint(c.Scopes) != "[connect subscribe]" || !c.Has(ScopeConnect) || c.Has(ScopeUMD) {
		t.Errorf("scopes are %v", c.Scopes)
	}
	if !c.ExpiresAt.Equal(now.Add(1250*time.Millisecond)) || !c.NotBefore.Equal(now.Add(-10*time.Second)) {
		t.Errorf("exp %s, nbf %s", c.ExpiresAt, c.NotBefore)
	}
	null := parse(t, claimsJSON{"uid": nil, "umd": nil, "umdPropagate": true})
	if null.UID != "" || !null.HasUID || null.UMD != nil || !null.HasUMD || null.UMDPropagate {
		t.Errorf("got %+v", null)
	}
	if absent := parse(t, nil); absent.HasUID || absent.HasUMD || absent.HasConnectionID || absent.AutoSubscribes() != nil || absent.Channels() != nil {
		t.Errorf("got %+v", absent)
	}
}

// A record that went at exp would let a token in again during the leeway.
func TestSpendOutlivesTheLeeway(t *testing.T) {
	v := hs256().verifier(t, Options{Leeway: time.Minute})
	c := accept(t, v, hs256().token(connect(claimsJSON{"singleUse": true, "jti": "j"})), ScopeConnect)
	want := Spend{App: "a", ID: "j", Until: now.Add(2 * time.Minute)}
	if got := c.Spend("a"); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOptionsNameEveryWrongField(t *testing.T) {
	_, err := NewVerifier(Options{
		Keys: []Key{{}}, Leeway: -1, MaxLifetime: -1,
		Limits: Limits{TokenSize: 1, Depth: 1000, RegexSize: 1025, UID: -1},
	})
	for _, want := range []string{"key 1", "Leeway", "MaxLifetime", "TokenSize", "Depth", "RegexSize", "UID"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in: %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "HeaderSize") {
		t.Errorf("a right field is named in: %v", err)
	}
}

func TestReasonsMapToTwoAnswers(t *testing.T) {
	for r, want := range map[Reason]bool{
		ReasonMalformed: false, ReasonAlgorithm: false, ReasonKey: false, ReasonSignature: false,
		ReasonClaims: false, ReasonExpired: false, ReasonNotYet: false, ReasonAudience: false,
		ReasonIssuer: false, ReasonScope: true, ReasonBinding: true, ReasonSpent: true,
	} {
		if r.Forbidden() != want {
			t.Errorf("%s: Forbidden is %v", r, !want)
		}
	}
	if ReasonOf(nil) != "" || ReasonOf(errors.New("disk")) != "" || ReasonOf(fmt.Errorf("spend: %w", ErrSpent)) != ReasonSpent {
		t.Error("ReasonOf is wrong")
	}
	if !errors.Is(refuse(ReasonSpent, "used"), ErrSpent) || errors.Is(refuse(ReasonScope, "no"), ErrSpent) {
		t.Error("a spent refusal is not ErrSpent")
	}
}

// Sixteen goroutines verify, with claims seen before and not, while the keys change under them.
func TestVerifyIsSafeForConcurrentUse(t *testing.T) {
	one, two := newIssuer("HS256", "1"), newIssuer("HS256", "2")
	v := one.verifier(t, Options{})
	sets := [][]Key{{one.key(t)}, {one.key(t), two.key(t)}}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 50 {
				if g == 0 {
					if err := v.SetKeys(sets[i%2]); err != nil {
						t.Error(err)
					}
					continue
				}
				token := one.token(connect(channels(fmt.Sprintf(`{"#regex:^r%d$":{"subscribe":true},"r*":{"getInfo":true}}`, i/4))))
				c, err := v.Verify(token, ScopeConnect, now)
				if err != nil {
					t.Error(err)
					return
				}
				if g := (Layers{Connect: c}).Channel(fmt.Sprintf("r%d", i/4)); !g.Subscribe() || !g.GetInfo() {
					t.Error("denied")
				}
			}
		})
	}
	wg.Wait()
}
