package acceptance

import (
	"context"
	"fmt"
	"strings"
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

// A backlog beyond its bound is told by /readyz, the metrics and the log, and nothing of it is lost.
func TestBacklogIsToldOf(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	h := newHooks(t, func(int, *backendEvent) int {
		if well.Load() {
			return 200
		}
		return 500
	})
	s := newScene(t, serve(t, defaults().with(h.settings()).with(settings{"events.backlog": 10})))
	const events = 30
	for n := range events {
		s.answers(202, `"<any>"`)(s.server.publish(t.Context(), fmt.Sprintf(`{"channel":"c%d","event":"e","emitPubSubEvent":true}`, n)))
	}
	admin := func(path string) response {
		resp, err := s.server.get(t.Context(), "http://"+s.server.admin+path)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
		defer cancel()
		for !ok() {
			if pause(ctx, pollEvery) != nil {
				t.Fatalf("%s: never", what)
			}
		}
	}
	until("not ready", func() bool {
		r := admin("/readyz")
		return r.status == 503 && strings.Contains(r.body, "events-backlog")
	})
	until("a metric", func() bool { return strings.Contains(admin("/metrics").body, "\ndormouse_events_backlog_over 1\n") })
	until("the log", func() bool { return strings.Contains(s.server.log.String(), "more events wait for backends") })
	well.Store(true)
	until("ready", func() bool { return admin("/readyz").status == 200 })
	h.wait(t, func(calls []hookCall) bool {
		taken := map[string]bool{}
		for _, c := range calls {
			if c.said == 200 {
				taken[c.id] = true
			}
		}
		return len(taken) == events
	})
	until("an empty outbox", func() bool { return strings.Contains(admin("/metrics").body, "\ndormouse_events_backlog 0\n") })
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

// Events that would be posted to a private address are not, unless that is meant.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	h := newHooks(t, nil)
	url := strings.Replace(h.URL, "http://", "https://", 1)
	s := newScene(t, serve(t, defaults().with(settings{"events.webhooks": []any{map[string]any{"url": url, "secret": hookSecret}}, "events.retry_for": "1ms"})))
	s.answers(202, `"<any>"`)(s.server.publish(t.Context(), `{"channel":"c","event":"e","emitPubSubEvent":true}`))
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for len(deadLetters(s)) == 0 {
		if err := pause(ctx, pollEvery); err != nil {
			t.Fatal(err)
		}
	}
	if l := deadLetters(s)[0]; !strings.Contains(l.Reason, "private network") || len(h.all()) > 0 {
		t.Errorf("%+v, %d calls", l, len(h.all()))
	}
}
