package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func tokenCases() []hotsockCase {
	return []hotsockCase{
		{number: 13, rule: "a single use token opens once and never again", play: case013, alone: true},
		{number: 14, rule: "a refused attempt does not burn a single use token", play: case014},
		{number: 15, rule: "a regex that does not compile is 401", play: case015},
		{number: 16, rule: "heartbeatTimeout is 5 to 600", play: case016},
		{number: 17, rule: "aliases name one exact channel", play: case017},
		{number: 18, rule: "uid has 128 characters and umd 1 KiB", play: case018},
	}
}

func case013(s *scene) {
	once := hs256.sign(string(connectToken(`{"singleUse":true,"jti":"j13"}`)))
	s.accepts(once)
	s.refuses(once, 403, connectDenied)
	s.refusesClaims(`{"singleUse":true}`, 401, invalidToken)

	s.tr.add("kill -9, and start again")
	s.server.kill()
	if err := s.server.start(); err != nil {
		s.t.Fatal(err)
	}
	s.refuses(once, 403, connectDenied)
}

func case014(s *scene) {
	begin := time.Now().Add(2 * time.Second).Unix()
	later := hs256.sign(string(connectToken(claims(fmt.Sprintf(`{"singleUse":true,"jti":"j14","nbf":%d}`, begin)))))
	s.refuses(later, 401, invalidToken)
	s.wait(time.Until(time.Unix(begin, 0)) + 100*time.Millisecond)
	s.accepts(later)
	s.refuses(later, 403, connectDenied)
}

func case015(s *scene) {
	s.refusesClaims(`{"channels":{"#regex:(":{"subscribe":true}}}`, 401, invalidToken)
}

func case016(s *scene) {
	s.refusesClaims(`{"heartbeatTimeout":4}`, 401, invalidToken)
	s.refusesClaims(`{"heartbeatTimeout":601}`, 401, invalidToken)
	s.accepts(hs256.sign(string(connectToken(`{"heartbeatTimeout":5}`))))
	s.accepts(hs256.sign(string(connectToken(`{"heartbeatTimeout":600}`))))
}

func case017(s *scene) {
	s.refusesClaims(`{"channels":{"a.*":{"alias":"x"}}}`, 401, invalidToken)
	s.refusesClaims(`{"channels":{"a":{"alias":"b"},"b":{"subscribe":true}}}`, 401, invalidToken)
	s.refusesClaims(`{"channels":{"a":{"alias":"x"},"b":{"alias":"x"}}}`, 401, invalidToken)
}

func case018(s *scene) {
	umd := func(size int) string { return `"` + strings.Repeat("m", size-2) + `"` }
	s.accepts(hs256.sign(string(connectToken(claims(`{"uid":"` + strings.Repeat("ü", 128) + `","umd":` + umd(1024) + `}`)))))
	s.refusesClaims(claims(`{"uid":"`+strings.Repeat("u", 129)+`"}`), 401, invalidToken)
	s.refusesClaims(claims(`{"umd":`+umd(1025)+`}`), 401, invalidToken)
}

// refusalOf asks for a WebSocket at path, which must be refused.
func refusalOf(s *scene, path string) *refusal {
	s.t.Helper()
	conn, err := s.server.dial(s.t.Context(), path)
	if err == nil {
		_ = conn.CloseNow()
		s.t.Fatalf("%s opens, want a refusal", path)
	}
	var r *refusal
	if !errors.As(err, &r) {
		s.t.Fatalf("%s: %v, want a refusal", path, err)
	}
	return r
}

// decodeInto reads JSON as a T.
func decodeInto[T any](t testing.TB, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
