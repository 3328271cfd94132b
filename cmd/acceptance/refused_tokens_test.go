package acceptance

import (
	"fmt"
	"net/http"
	"testing"
)

// TestARefusedPublishCostsNoToken: a token for single use stays good when the channel refuses for what it is or has,
// and is used up by the first thing that is done, of a batch by any.
func TestARefusedPublishCostsNoToken(t *testing.T) {
	s := newScene(t, serve(t, defaults().with(settings{"limits.schedules": 1})))
	ask := func(status int, body pattern, bearer, path, text string) {
		t.Helper()
		s.answers(status, body)(s.server.request(t.Context(), http.MethodPost, "http://"+s.server.addr+path, bearer, text))
	}
	const later = `"event":"e","scheduleExpression":"at(2090-01-01T00:00:00)"`
	const full = `{"error":{"code":"SCHEDULE_CAPACITY_REACHED","message":"<string>"}}`
	const conflict = `{"error":{"code":"STORAGE_CONFLICT","message":"<string>"}}`
	ask(202, `"<any>"`, apiKey, "/publish", `{"channel":"full",`+later+`}`)
	ask(202, `"<any>"`, apiKey, "/publish", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":1}`)
	absent := func(key string) string {
		return `{"channel":"c","event":"hotsock.channelStorageSet","key":"` + key + `","data":2,"ifAbsent":true}`
	}
	for i, c := range []struct {
		path         string
		status       int
		refused, can string // bodies
		says         pattern
	}{
		{"/publish", 409, `{"channel":"full",` + later + `}`, `{"channel":"full","event":"e"}`, full},
		{"/publish", 409, absent("k"), absent("free"), conflict},
		{"/publish", 202, `{"channels":["full"],` + later + `}`, `{"channels":["full","other"],` + later + `}`, `{"event":"e","results":[` + full + `]}`},
		{"/publish/batch", 200, `{"messages":[{"channel":"full",` + later + `}]}`, `{"messages":[{"channel":"full",` + later + `},{"channel":"full","event":"e"}]}`, `{"results":[` + full + `]}`},
	} {
		token := hs256.sign(string(claims(fmt.Sprintf(`{"uid":"u","singleUse":true,"jti":"refused.%d",
			"channels":{"*":{"messages":{"*":{"publish":true,"scheduleBefore":4000000000}},"storage":{"*":{"set":true,"get":true}}}}}`, i)).completed("publish")))
		for range 2 {
			ask(c.status, c.says, token, c.path, c.refused)
		}
		accepted := 202
		if c.path == "/publish/batch" {
			accepted = 200
		}
		ask(accepted, `"<any>"`, token, c.path, c.can)
		ask(403, `"<any>"`, token, c.path, c.can)
	}
}
