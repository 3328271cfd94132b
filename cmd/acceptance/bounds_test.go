package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestBoundsOfSchedulesAndTails: each has a key, an answer when it is reached, and a count of that.
func TestBoundsOfSchedulesAndTails(t *testing.T) {
	s := newScene(t, serve(t, defaults().with(settings{
		"limits.schedules": 3, "limits.schedule_rate": 0.001, "limits.schedule_burst": 2,
		"limits.tails": 2, "limits.channel_tails": 1, "limits.tail_time": "20s",
	})))
	s.connect("A", `{"channels":{"c":{"subscribe":true,"messages":{"e":{"publish":true,"scheduleBefore":4000000000}}}}}`)
	s.play(`
		A > sub c
		A < subscribed c`)
	const later = `"channel":"c","data":1,"scheduleExpression":"at(2090-01-01T00:00:00)"`
	for range 2 {
		s.play(`A > {"event":"e","ref":"r",` + later + `}
			A < {"event":"hotsock.ack","ref":"r","data":"<any>"}`)
	}
	s.play(`A > {"event":"e",` + later + `}
		A < error RATE_LIMITED c`)
	post := func(status int, body pattern) {
		t.Helper()
		s.answers(status, body)(s.server.publish(t.Context(), `{"event":"e",`+later+`}`))
	}
	post(202, `"<any>"`)
	post(409, `{"error":{"code":"SCHEDULE_CAPACITY_REACHED","message":"<string>"}}`)

	first, second := openTail(s, "c"), openTail(s, "d")
	defer first()
	defer second()
	for _, name := range []string{"c", "e"} {
		s.answers(503, `{"error":{"code":"UNAVAILABLE","message":"Too many tails: at most 1 on a channel and 2 on a server."}}`)(
			s.server.channels(t.Context(), name+"/tail"))
	}
	s.answers(400, `{"error":{"code":"INVALID_MESSAGE","message":"seconds must be a whole number from 1 to 20."}}`)(
		s.server.channels(t.Context(), "f/tail?seconds=21"))

	measures, err := s.server.get(t.Context(), "http://"+s.server.admin+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{
		"schedules_total": 3, "schedules_limited_total": 1, "schedules_full_total": 1,
		"tails": 2, "tails_refused_total": 2, "tail_frames_dropped_total": 0,
	} {
		if line := fmt.Sprintf("\ndormouse_%s %d\n", name, n); !strings.Contains(measures.body, line) {
			t.Errorf("no line %q", strings.TrimSpace(line))
		}
	}
}

// TestBoundsOfSchedulesByToken: the tokens of one user are counted together, a batch item by item; one for single use
// is not spent on what is over the bound. Who has no uid has a bound for each token.
func TestBoundsOfSchedulesByToken(t *testing.T) {
	s := newScene(t, serve(t, defaults().with(settings{"limits.token_schedule_rate": 0.001, "limits.token_schedule_burst": 3})))
	token := func(more string) string {
		return hs256.sign(string(claims(`{` + more + `"channels":{"*":{"messages":{"e":{"publish":true,"scheduleBefore":4000000000}}}}}`).completed("publish")))
	}
	const later = `"event":"e","scheduleExpression":"at(2090-01-01T00:00:00)"`
	const limited = `{"error":{"code":"RATE_LIMITED","message":"<string>"}}`
	const made = `{"channel":"c","event":"e","scheduleArn":"<string>"}`
	ask := func(status int, body pattern, token, path, text string) {
		t.Helper()
		s.answers(status, body)(s.server.request(t.Context(), http.MethodPost, "http://"+s.server.addr+path, token, text))
	}
	one := `{"channel":"c",` + later + `}`
	ann := token(`"uid":"ann",`)
	ask(202, made, ann, "/publish", one)
	ask(429, limited, token(`"uid":"ann","jti":"other",`), "/publish", `{"channels":["c","d","e"],`+later+`}`)
	ask(200, `{"results":[`+made+`,`+made+`,`+limited+`,{"channel":"c","event":"e"}]}`, ann, "/publish/batch",
		`{"messages":[`+one+`,`+one+`,`+one+`,{"channel":"c","event":"e"}]}`)
	ask(202, `{"channel":"c","event":"e"}`, ann, "/publish", `{"channel":"c","event":"e"}`) // it is schedules that are too many
	once := token(`"uid":"ann","singleUse":true,"jti":"once",`)
	ask(429, limited, once, "/publish", one)
	ask(202, `{"channel":"c","event":"e"}`, once, "/publish", `{"channel":"c","event":"e"}`)
	ask(202, made, token(`"uid":"bob",`), "/publish", one)
	for _, nobody := range []string{token(`"jti":"a",`), token(`"jti":"b",`)} {
		ask(202, `{"event":"e","results":"<any>"}`, nobody, "/publish", `{"channels":["c","d","e"],`+later+`}`)
		ask(429, limited, nobody, "/publish", one)
	}
	for range 4 {
		ask(202, made, apiKey, "/publish", one)
	}
	measures, err := s.server.get(t.Context(), "http://"+s.server.admin+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(measures.body, "\ndormouse_token_schedules_limited_total 7\n") {
		t.Error("the metric does not say 7")
	}
}

// openTail begins a tail and returns what ends it.
func openTail(s *scene, channel string) (end func()) {
	s.t.Helper()
	req := must(http.NewRequestWithContext(s.t.Context(), "GET", "http://"+s.server.addr+"/channels/"+channel+"/tail", nil))
	req.Header.Set("Authorization", "Bearer "+apiKey)
	resp, err := backend.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatal(resp, err)
	}
	return func() { _ = resp.Body.Close() }
}
