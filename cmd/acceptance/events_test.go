package acceptance

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// An event that nobody takes becomes a dead letter, which the API lists, replays and deletes.
func TestDeadLettersByHTTP(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	h := newHooks(t, func(int, *backendEvent) int {
		if well.Load() {
			return 200
		}
		return 422
	})
	s := newScene(t, serve(t, defaults().with(h.settings()).with(settings{"events.retry_for": "1ms"})))
	for n := range 3 {
		s.answers(202, `"<any>"`)(s.server.publish(t.Context(), fmt.Sprintf(`{"channel":"c%d","event":"e","emitPubSubEvent":true}`, n)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for len(deadLetters(s)) < 3 {
		if err := pause(ctx, pollEvery); err != nil {
			t.Fatalf("no dead letters: %v", deadLetters(s))
		}
	}
	letters := deadLetters(s)
	if l := letters[0]; l.Endpoint != "hooks" || l.Reason != "status 422" {
		t.Errorf("%+v", l)
	}
	ask := func(method, path, key string) (response, error) {
		return s.server.request(t.Context(), method, path, key, "")
	}
	all := "http://" + s.server.addr + "/events/dead"
	s.answers(401, `"<any>"`)(ask("GET", all, ""))
	s.answers(404, `"<any>"`)(ask("DELETE", deadLetterPath(s, "77-nobody"), apiKey))
	s.answers(400, `"<any>"`)(ask("GET", all+"?after=x", apiKey))
	s.answers(400, `"<any>"`)(ask("GET", all+"?limit=0", apiKey))
	s.answers(200, `{"count":1}`)(ask("DELETE", deadLetterPath(s, letters[0].ID), apiKey))
	well.Store(true)
	before := len(h.all())
	s.answers(202, `{"count":1}`)(ask("POST", deadLetterPath(s, letters[1].ID)+"/replay", apiKey))
	s.answers(202, `{"count":1}`)(ask("POST", all+"/replay", apiKey))
	calls := h.wait(t, func(calls []hookCall) bool { return len(calls) >= before+2 })
	for _, c := range calls[before:] {
		if c.bad != "" || c.said != 200 || c.event.Metadata["channel"] == "c0" {
			t.Errorf("%+v", c)
		}
	}
	s.answers(200, `{"items":[],"total":0,"next":null}`)(ask("GET", all, apiKey))
}

func TestNoEndpointNoDeadLetters(t *testing.T) {
	t.Parallel()
	s := newScene(t, serve(t, defaults()))
	s.answers(404, `"<any>"`)(s.server.request(t.Context(), "GET", "http://"+s.server.addr+"/events/dead", apiKey, ""))
}

// Whatever a receiver does, clients feel nothing of it.
func TestReceiverThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	h := newHooks(t, func(int, *backendEvent) int { <-release; return 200 })
	defer close(release)
	s := newScene(t, serve(t, defaults().with(h.settings())))
	began := time.Now()
	for n := range 200 {
		s.answers(202, `"<any>"`)(s.server.publish(t.Context(), fmt.Sprintf(`{"channel":"c%d","event":"e","store":60,"emitPubSubEvent":true}`, n%7)))
	}
	if took := time.Since(began); took > patience {
		t.Errorf("200 publishes took %v", took)
	}
}
