package acceptance

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// TestTokensSchedule asks, by tokens of the scope publish, for messages and writes at three times, with every
// form of scheduleBefore; the answer follows from what the most specific key says that speaks of it.
func TestTokensSchedule(t *testing.T) {
	s := serve(t, defaults())
	due := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	befores := map[string]any{"unsaid": nil, "zero": 0, "past": 1, "short": due.Unix() - 1, "inclusive": due.Unix(), "far": due.Unix() + 1000}
	far := func(word string) bool { return word == "inclusive" || word == "far" }
	asked := 0
	for _, c := range []struct{ section, right, event, key string }{
		{"messages", "publish", "e", "e"}, {"messages", "broadcast", "e", "e"}, {"storage", "set", "hotsock.channelStorageSet", "k"},
	} {
		for exact, at := range befores {
			for wildcard, otherwise := range befores {
				directives := func(before any) rules {
					r := rules{c.right: true}
					if before != nil {
						r["scheduleBefore"] = before
					}
					return r
				}
				channels := must(json.Marshal(rules{"c": rules{c.section: rules{c.key: directives(at), "*": directives(otherwise)}}}))
				token := hs256.sign(string(claims(fmt.Sprintf(`{"uid":"u","channels":%s}`, channels)).completed("publish")))
				want := 403
				if far(exact) || exact == "unsaid" && far(wildcard) {
					want = 202
				}
				body := fmt.Sprintf(`{"channel":"c","event":%q,"key":"k","data":1,"scheduleExpression":"at(%s)"}`, c.event, due.Format("2006-01-02T15:04:05"))
				resp, err := s.request(t.Context(), "POST", "http://"+s.addr+"/publish", token, body)
				if err != nil || resp.status != want {
					t.Errorf("%s, exact %s, wildcard %s: %s %v, want %d", c.right, exact, wildcard, resp, err, want)
				}
				if want == 403 && !holds(`{"error":{"code":"SCHEDULE_PERMISSION_DENIED","message":"<string>"}}`, resp) {
					t.Errorf("%s, exact %s, wildcard %s: %s", c.right, exact, wildcard, resp)
				}
				asked++
			}
		}
	}
	t.Logf("%d tokens", asked)
}

func holds(body pattern, resp response) bool { return body.match([]byte(resp.body), nil) == nil }

// TestATokensScheduleRuns: what a token scheduled is said in its user's name, as it was allowed; a token for
// single use that is refused stays good.
func TestATokensScheduleRuns(t *testing.T) {
	s := newScene(t, serve(t, defaults()))
	due := time.Now().Add(2 * time.Second).Truncate(time.Second).Add(time.Second).UTC()
	token := hs256.sign(string(claims(fmt.Sprintf(`{"uid":"u","umd":7,"singleUse":true,"jti":"one","channels":{
		"c":{"messages":{"e":{"publish":true,"store":60,"scheduleBefore":%[1]d}},"storage":{"k":{"set":true,"scheduleBefore":%[1]d}}},
		"d":{"messages":{"e":{"publish":true}}}}}`, due.Unix())).completed("publish")))
	ask := func(status int, body pattern, path, text string) {
		t.Helper()
		s.answers(status, body)(s.server.request(t.Context(), "POST", "http://"+s.server.addr+path, token, text))
	}
	at := func(due time.Time) string {
		return `"scheduleExpression":"at(` + due.Format("2006-01-02T15:04:05") + `)"`
	}
	const denied = `{"error":{"code":"SCHEDULE_PERMISSION_DENIED","message":"<string>"}}`
	ask(403, denied, "/publish", `{"channel":"c","event":"e",`+at(due.Add(time.Second))+`}`)
	ask(403, denied, "/publish", `{"channels":["c","d"],"event":"e",`+at(due)+`}`)
	ask(400, `{"error":{"code":"INVALID_SCHEDULE","message":"<string>"}}`, "/publish", `{"channel":"c","event":"e","scheduleExpression":"rate(1 hour)"}`)
	ask(401, `"<any>"`, "/schedules", `{"channel":"c","event":"e",`+at(due)+`}`)
	s.connect("A", `{"uid":"ann","channels":{"c":{"subscribe":true,"storage":{"k":{"observe":true}}}}}`)
	s.play(`
		A > sub c
		A < subscribed c {"uid":"ann","umd":null}`)
	ask(200, `{"results":[{"channel":"c","event":"e","scheduleArn":"<string>"},{"channel":"c","event":"hotsock.channelStorageSet","scheduleArn":"<string>"},`+denied+`]}`,
		"/publish/batch", `{"messages":[{"channel":"c","event":"e","data":1,`+at(due)+`},{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":2,`+at(due)+`},
			{"channel":"d","event":"e",`+at(due)+`}]}`)
	ask(403, `"<any>"`, "/publish", `{"channel":"c","event":"e",`+at(due)+`}`)
	s.play(`
		A < message c e 1 {"uid":"u","umd":7}
		A < entry c k 2 {"uid":"u","umd":7}`)
}
