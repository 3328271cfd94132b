package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// newUnwellHooks is a receiver that does what bad does until it is well.
func newUnwellHooks(t *testing.T, well *atomic.Bool, bad http.HandlerFunc) *hooks {
	h := &hooks{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if well.Load() {
			h.receive(w, r)
		} else {
			bad(w, r)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// hang answers nothing until who asks has gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // net/http sees that the other side has gone from then on
	<-r.Context().Done()
}

// until asks until the answer is yes.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for !ok() {
		if pause(ctx, pollEvery) != nil {
			t.Fatalf("%s: never", what)
		}
	}
}

// fromAdmin is what the admin listener answers.
func (s *server) fromAdmin(t *testing.T, path string) response {
	t.Helper()
	resp, err := s.get(t.Context(), "http://"+s.admin+path)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// A receiver hangs until more events wait than events.backlog: /readyz, the metrics and the log say so, and
// clients feel nothing. A kill changes nothing of that. When the receiver is well it gets every event, each
// channel's in its order, and the server is ready again.
func TestBacklogIsToldOf(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	h := newUnwellHooks(t, &well, hang)
	s := newScene(t, serve(t, defaults().with(settings{"events.backlog": 10, "events.webhooks": []any{
		map[string]any{"name": "hooks", "url": h.URL, "secret": hookSecret, "allow_private": true, "timeout": "500ms"},
	}})))
	const channels, each = 5, 6
	for n := range each {
		for c := range channels {
			s.answers(202, `"<any>"`)(s.server.publish(t.Context(), fmt.Sprintf(`{"channel":"c%d","event":"e","data":%d,"emitPubSubEvent":true}`, c, n)))
		}
	}
	told := func() {
		t.Helper()
		until(t, "not ready", func() bool {
			r := s.server.fromAdmin(t, "/readyz")
			return r.status == 503 && strings.Contains(r.body, "events-backlog") && strings.Contains(r.body, "30 events wait for backends")
		})
		metrics := s.server.fromAdmin(t, "/metrics").body
		for _, line := range []string{"dormouse_events_backlog 30", "dormouse_events_backlog_over 1"} {
			if !strings.Contains(metrics, "\n"+line+"\n") {
				t.Errorf("the metrics have no line %q", line)
			}
		}
		until(t, "the log", func() bool { return strings.Contains(s.server.log.String(), "more events wait for backends") })
		until(t, "the log on the receiver", func() bool {
			return strings.Contains(s.server.log.String(), `"msg":"an endpoint takes no events: they wait","endpoint":"hooks","reason":"no answer in time"`)
		})
	}
	told()
	s.server.kill()
	s.server.log = &logBuffer{}
	if err := s.server.start(); err != nil {
		t.Fatal(err)
	}
	told()
	well.Store(true)
	until(t, "ready", func() bool { return s.server.fromAdmin(t, "/readyz").status == 200 })
	until(t, "an empty outbox", func() bool {
		return strings.Contains(s.server.fromAdmin(t, "/metrics").body, "\ndormouse_events_backlog 0\n")
	})
	for _, line := range []string{"an endpoint takes events again", "the backlog of events is below its bound again"} {
		until(t, line, func() bool { return strings.Contains(s.server.log.String(), line) })
	}
	heard := map[string][]string{}
	for _, c := range h.all() {
		if c.bad != "" {
			t.Errorf("%s: %s", c.body, c.bad)
		}
		var m struct{ Data json.RawMessage }
		if err := json.Unmarshal(c.event.Data, &m); err != nil {
			t.Fatal(err)
		}
		if of := c.event.Metadata["channel"]; !slices.Contains(heard[of], string(m.Data)) { // the first time
			heard[of] = append(heard[of], string(m.Data))
		}
	}
	for c := range channels {
		if got := strings.Join(heard[fmt.Sprint("c", c)], " "); got != "0 1 2 3 4 5" {
			t.Errorf("of c%d was heard %s", c, got)
		}
	}
}

// Receivers that hang, redirect, fail, cut off or are told to be on private addresses, all at once: the
// others hear of everything at once, and nobody is asked who was not configured. What was given up is a
// dead letter that says why, and is heard after a replay, under its old id, by those who are well by then.
func TestReceiversThatAreUnwell(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	otherTLS := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer otherTLS.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(otherTLS.URL, "https://"), ":")
	reasons := map[string]string{} // of the dead letter, by endpoint
	endpoints := map[string]*hooks{"good": newHooks(t, nil)}
	var webhooks []any
	add := func(name, url string, more settings) {
		webhooks = append(webhooks, settings{"name": name, "url": url, "secret": hookSecret}.with(more))
	}
	add("good", endpoints["good"].URL, settings{"allow_private": true})
	for name, c := range map[string]struct {
		bad    http.HandlerFunc
		reason string
	}{
		"hangs":   {hang, "no answer in time"},
		"fails":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "status 500"},
		"cuts":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"moved":   {http.RedirectHandler(other.URL, http.StatusMovedPermanently).ServeHTTP, "status 301: redirects are not followed; configure the address that answers"},
		"found":   {http.RedirectHandler(other.URL, http.StatusFound).ServeHTTP, "status 302: redirects are not followed; configure the address that answers"},
		"elsewho": {http.RedirectHandler(other.URL, http.StatusTemporaryRedirect).ServeHTTP, "status 307: redirects are not followed; configure the address that answers"},
		"secure":  {http.RedirectHandler(otherTLS.URL, http.StatusPermanentRedirect).ServeHTTP, "status 308: redirects are not followed; configure the address that answers"},
	} {
		endpoints[name], reasons[name] = newUnwellHooks(t, &well, c.bad), c.reason
		add(name, endpoints[name].URL, settings{"allow_private": true, "timeout": "500ms"})
	}
	for i, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "10.1.2.3", "169.254.169.254", "[fd00::1]"} {
		name := fmt.Sprint("private-", i)
		reasons[name] = "is an address of a private network: set allow_private if it is meant"
		add(name, "https://"+host+":"+port+"/latest/meta-data", nil)
	}
	s := newScene(t, serve(t, defaults().with(settings{"events.webhooks": webhooks, "events.retry_for": "1ms"})))
	s.answers(202, `"<any>"`)(s.server.publish(t.Context(), `{"channel":"c","event":"e","data":1,"emitPubSubEvent":true}`))
	id := endpoints["good"].wait(t, func(calls []hookCall) bool { return len(calls) > 0 })[0].id

	until(t, "dead letters", func() bool { return len(deadLetters(s)) == len(reasons) })
	for _, l := range deadLetters(s) {
		if want := reasons[l.Endpoint]; want == "" || !strings.HasSuffix(l.Reason, want) {
			t.Errorf("%s gave up because %q, want %q", l.Endpoint, l.Reason, want)
		}
	}
	well.Store(true)
	s.answers(202, pattern(fmt.Sprintf(`{"count":%d}`, len(reasons))))(
		s.server.request(t.Context(), "POST", "http://"+s.server.addr+"/events/dead/replay", apiKey, ""))
	for name, h := range endpoints {
		for _, c := range h.wait(t, func(calls []hookCall) bool { return len(calls) > 0 }) {
			if c.id != id || c.bad != "" {
				t.Errorf("%s hears %s as %s: %s", name, c.body, c.id, c.bad)
			}
		}
	}
	until(t, "dead letters of private addresses", func() bool { return len(deadLetters(s)) == len(webhooks)-len(endpoints) })
	if n := len(endpoints["good"].all()); n != 1 {
		t.Errorf("the good one has heard %d times, want once", n)
	}
	if n := elsewhere.Load(); n > 0 {
		t.Errorf("%d requests came to who was not configured", n)
	}
}
