package acceptance

import (
	"fmt"
	"strings"
	"time"
)

// Codes of refused upgrades.
const (
	invalidToken  = "INVALID_CONNECT_TOKEN"
	connectDenied = "CONNECT_PERMISSION_DENIED"
)

func connectCases() []hotsockCase {
	return []hotsockCase{
		{number: 1, rule: "three paths open and connected comes first", play: case001},
		{number: 2, rule: "connected tells uid and umd", play: case002},
		{number: 3, rule: "no token or a worthless one is 401 before the upgrade", play: case003},
		{number: 4, rule: "expired and not yet valid are 401", play: case004},
		{number: 5, rule: "scope subscribe alone is 403", play: case005},
		{number: 6, rule: "a token bound to a connection is 403", play: case006},
		{number: 7, rule: "aud must contain the configured audience", settings: settings{"token.audience": "a"}, play: case007},
		{number: 8, rule: "iss must be the configured issuer", settings: settings{"token.issuer": "i"}, play: case008},
		{number: 9, rule: "a key without id takes any kid", play: case009},
		{number: 10, rule: "a key with an id takes its kid alone", settings: keys(hs256.named("k1")), play: case010},
		{number: 11, rule: "the second of two keys verifies", settings: keys(p256Signer, hs256), play: case011},
		{number: 12, rule: "each algorithm opens and never with another key", settings: keys(signers...), play: case012},
	}
}

var p256Signer = signer{alg: "ES256", key: p256}

// keys are the settings of a server that verifies with these.
func keys(all ...signer) settings {
	var configured []any
	for _, s := range all {
		configured = append(configured, s.configured())
	}
	return settings{"token.keys": configured}
}

func case001(s *scene) {
	for _, path := range []string{"/v1?token=", "/v1/?token=", "/?token="} {
		conn, err := s.server.dial(s.t.Context(), path+hs256.sign(string(connectToken(`{}`))))
		if err != nil {
			s.t.Fatalf("%s: %v", path, err)
		}
		if conn.Subprotocol() != "" {
			s.t.Fatalf("%s: subprotocol %q, want none", path, conn.Subprotocol())
		}
		c := newClient(s.t, s.tr, path, conn)
		frame := c.expect(`{"event":"hotsock.connected","data":{"connectionId":"<string>","connectionExpiresAt":"<second>",`+
			`"connectionSecret":"<string>"},"meta":{"uid":null,"umd":null}}`, s.vars)
		greeting := decodeInto[struct {
			Data struct{ ConnectionID, ConnectionSecret string }
		}](s.t, frame)
		if id := greeting.Data.ConnectionID; len(id) != 16 || !strings.HasSuffix(id, "=") {
			s.t.Errorf("%s: id %q, want 16 characters, the last one =", path, id)
		}
		if secret := greeting.Data.ConnectionSecret; len(secret) != 20 || strings.ContainsAny(secret, "-_=+/") {
			s.t.Errorf("%s: secret %q, want 20 letters and digits", path, secret)
		}
	}
}

func case002(s *scene) {
	conn, err := s.server.dial(s.t.Context(), "/v1?token="+hs256.sign(string(connectToken(`{"uid":"u","umd":{"n":1}}`))))
	if err != nil {
		s.t.Fatal(err)
	}
	newClient(s.t, s.tr, "A", conn).expect(
		`{"event":"hotsock.connected","data":"<any>","meta":{"uid":"u","umd":{"n":1}}}`, s.vars)
}

func case003(s *scene) {
	stranger := signer{alg: "HS256", key: func() any { return []byte(strings.Repeat("stranger", 8)) }}
	good := string(connectToken(`{}`))
	s.refuses("", 401, invalidToken)
	s.refuses("garbage", 401, invalidToken)
	s.refuses(stranger.sign(good), 401, invalidToken)
	s.refuses(encode(`{"alg":"none","typ":"JWT"}`)+"."+encode(good)+".", 401, invalidToken)
	r := refusalOf(s, "/v1")
	if r.status != 401 || r.code != invalidToken {
		s.t.Errorf("without a token parameter: %v, want 401", r)
	}
}

func case004(s *scene) {
	s.refusesClaims(claims(fmt.Sprintf(`{"exp":%d}`, in(-time.Minute))), 401, invalidToken)
	s.refusesClaims(claims(fmt.Sprintf(`{"nbf":%d}`, in(30*time.Second))), 401, invalidToken)
}

func case005(s *scene) { s.refusesClaims(`{"scope":"subscribe"}`, 403, connectDenied) }

func case006(s *scene) { s.refusesClaims(`{"connectionId":"x"}`, 403, connectDenied) }

func case007(s *scene) {
	s.accepts(hs256.sign(string(connectToken(`{"aud":"a"}`))))
	s.accepts(hs256.sign(string(connectToken(`{"aud":["b","a"]}`))))
	s.refusesClaims(`{"aud":"b"}`, 401, invalidToken)
	s.refusesClaims(`{}`, 401, invalidToken)
}

func case008(s *scene) {
	s.accepts(hs256.sign(string(connectToken(`{"iss":"i"}`))))
	s.refusesClaims(`{"iss":"other"}`, 401, invalidToken)
	s.refusesClaims(`{}`, 401, invalidToken)
}

func case009(s *scene) {
	s.accepts(hs256.named("any").sign(string(connectToken(`{}`))))
	s.accepts(hs256.sign(string(connectToken(`{}`))))
}

func case010(s *scene) {
	s.accepts(hs256.named("k1").sign(string(connectToken(`{}`))))
	s.refuses(hs256.named("k2").sign(string(connectToken(`{}`))), 401, invalidToken)
	s.refuses(hs256.sign(string(connectToken(`{}`))), 401, invalidToken)
}

func case011(s *scene) {
	s.accepts(hs256.sign(string(connectToken(`{}`))))
	s.accepts(p256Signer.sign(string(connectToken(`{}`))))
}

// Two servers beside the one with all keys have one key each: what one of them verifies, no other algorithm
// may pass for.
func case012(s *scene) {
	for _, sg := range signers {
		s.accepts(sg.sign(string(connectToken(`{}`))))
	}
	for _, only := range []signer{hs256, p256Signer} {
		one := newScene(s.t, serve(s.t, defaults().with(keys(only))))
		one.accepts(only.sign(string(connectToken(`{}`))))
		for _, sg := range signers {
			if sg.alg != only.alg {
				one.refuses(sg.sign(string(connectToken(`{}`))), 401, invalidToken)
			}
		}
	}
}
