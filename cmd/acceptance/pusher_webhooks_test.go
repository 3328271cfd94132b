package acceptance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dormouse/transport/sigv4"
)

var webhookCases = []pusherCase{
	{"W1", "each kind of event has its shape and a signature", caseW1},
	{"W2", "headers of one's own are sent, and cannot replace the server's", caseW2},
	{"W3", "a filter lets pass what begins and ends as it says", caseW3},
	{"W4", "with batching each endpoint gets its own events", caseW4},
	{"W5", "what an endpoint refuses comes again, in its order", caseW5},
	{"W6", "an endpoint that hangs delays nobody", caseW6},
	{"W7", "who returns in time has not left", caseW7},
	{"W8", "a kill loses no event", caseW8},
	{"W9", "after a kill, who does not return has left", caseW9},
	{"W10", "functions are invoked as they are meant to be", caseW10},
	{"N5", "with batching an endpoint sees its own app only", caseN5},
}

// everyEvent has every kind of event happen, and waits for each. It returns them as a webhook has them.
func everyEvent(t *testing.T, s *server, a *pusherApp, gets func(events ...string)) {
	t.Helper()
	var all []string
	happens := func(events ...string) {
		t.Helper()
		all = append(all, events...)
		gets(all...)
	}
	one, two := talk(t, s, a), talk(t, s, a)
	one.join("presence-c", "u1")
	happens(hookEvent("channel_occupied", "presence-c", ""), hookEvent("member_added", "presence-c", `,"user_id":"u1"`))
	two.join("presence-c", "u2")
	happens(hookEvent("member_added", "presence-c", `,"user_id":"u2"`))
	two.trigger("presence-c", "client-hi", `{"n":12345678901234567890,"text":"<ä>"}`)
	happens(hookEvent("client_event", "presence-c", fmt.Sprintf(`,"event":"client-hi","data":{"n":12345678901234567890,"text":"<ä>"},"socket_id":%q,"user_id":"u2"`, two.id)))
	two.unsubscribe("presence-c")
	happens(hookEvent("member_removed", "presence-c", `,"user_id":"u2"`))
	one.hangUp()
	happens(hookEvent("member_removed", "presence-c", `,"user_id":"u1"`), hookEvent("channel_vacated", "presence-c", ""))
	two.check(two.asks(t.Context(), "cache-c", ""))
	happens(hookEvent("channel_occupied", "cache-c", ""), hookEvent("cache_miss", "cache-c", ""), hookEvent("subscription_count", "cache-c", `,"subscription_count":1`))
}

func caseW1(t *testing.T) {
	r := receivePusher(t, nil)
	a := hooked("a", hookTo(r.URL+"/hook")).but(map[string]any{"enable_subscription_count": true})
	r.trusts(a)
	s := servePusher(t, nil, a)
	began := time.Now()
	everyEvent(t, s, a, func(events ...string) { t.Helper(); r.gets(t, events...) })
	for _, h := range r.all() {
		var told struct {
			Time int64 `json:"time_ms"`
		}
		if err := json.Unmarshal([]byte(h.body), &told); err != nil {
			t.Fatal(err)
		}
		if at := time.UnixMilli(told.Time); at.Before(began.Add(-time.Second)) || at.After(time.Now()) {
			t.Errorf("it happened at %v", at)
		}
		if h.path != "/hook" || h.header.Get("X-Webhook-Id") == "" || h.header.Get("Accept") != "application/json" {
			t.Errorf("%s with %v", h.path, h.header)
		}
	}
}

// The library for Node.js is asked whether each request is one of its app's.
func TestOnNodeWebhooksAreVerified(t *testing.T) {
	t.Parallel()
	r := receivePusher(t, nil)
	a := hooked("a", hookTo(r.URL)).but(map[string]any{"enable_subscription_count": true})
	r.trusts(a)
	s := servePusher(t, nil, a)
	everyEvent(t, s, a, func(events ...string) { t.Helper(); r.gets(t, events...) })
	owner := nodeBackend(t, s, a)
	stranger := nodeBackend(t, s, &pusherApp{a.id, a.key, "another secret", nil})
	for _, h := range r.all() {
		headers := map[string]string{}
		for name := range h.header {
			headers[strings.ToLower(name)] = h.header.Get(name)
		}
		request := map[string]any{"webhook": map[string]any{"headers": headers, "rawBody": h.body}}
		if said := owner.asks(request); !strings.HasPrefix(said, `{"valid":true,"events":[{"name":"`) {
			t.Errorf("%s: %s", h.body, said)
		}
		if said := stranger.asks(request); said != `{"valid":false}` {
			t.Errorf("under another secret: %s", said)
		}
	}
}

func caseW2(t *testing.T) {
	r := receivePusher(t, nil)
	hook := hookTo(r.URL, "channel_occupied")
	hook["headers"] = map[string]string{"X-Custom": "mine", "X-Pusher-Key": "forged", "x-pusher-signature": "forged"}
	a := newPusherApp("a", nil)
	r.trusts(a)
	s := prepareServer(t, program, defaults()) // a file of ours may not even try
	s.env = []string{
		"SOKETI_HOST=127.0.0.1", "SOKETI_DEFAULT_APP_ID=" + a.id, "SOKETI_DEFAULT_APP_KEY=" + a.key, "SOKETI_DEFAULT_APP_SECRET=" + a.secret,
		"SOKETI_DEFAULT_APP_WEBHOOKS=" + string(must(json.Marshal([]any{hook}))),
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	talk(t, s, a).subscribe("room")
	r.gets(t, hookEvent("channel_occupied", "room", ""))
	if h := r.all()[0].header; h.Get("X-Custom") != "mine" || len(h.Values("X-Pusher-Key")) != 1 || len(h.Values("X-Pusher-Signature")) != 1 {
		t.Errorf("%v", h)
	}
}

func caseW3(t *testing.T) {
	r := receivePusher(t, nil)
	filtered := func(path string, filter map[string]string) map[string]any {
		hook := hookTo(r.URL+path, "channel_occupied")
		hook["filter"] = filter
		return hook
	}
	a := hooked("a",
		filtered("/starts", map[string]string{"channel_name_starts_with": "game-"}),
		filtered("/ends", map[string]string{"channel_name_ends_with": "-de"}),
		filtered("/both", map[string]string{"channel_name_starts_with": "game-", "channel_name_ends_with": "-de"}),
		hookTo(r.URL+"/any", "channel_occupied"))
	r.trusts(a)
	c := talk(t, servePusher(t, nil, a), a)
	want := map[string][]string{}
	for _, channel := range []string{"game-x-de", "game-x", "x-de", "x-game-de-x", "last"} {
		c.subscribe(channel)
		for path, passes := range map[string]bool{
			"/starts": strings.HasPrefix(channel, "game-"), "/ends": strings.HasSuffix(channel, "-de"),
			"/both": channel == "game-x-de", "/any": true,
		} {
			if passes {
				want[path] = append(want[path], hookEvent("channel_occupied", channel, ""))
			}
		}
	}
	for path, events := range want {
		slices.Sort(events) // they are of several channels, which keep no order among each other
		until(t, path+" has its events", func() bool { return slices.Equal(r.at(t, path), events) })
	}
}

// at returns the events that came to a path, sorted.
func (r *pusherReceiver) at(t *testing.T, path string) []string {
	t.Helper()
	r.taken(t) // all are as they should be
	var events []string
	for _, h := range r.all() {
		if h.path == path {
			events = append(events, h.events...)
		}
	}
	slices.Sort(events)
	return events
}

var batching = settings{"pusher.webhooks.batch": true, "pusher.webhooks.batch_for": "200ms"}

func caseW4(t *testing.T) {
	r := receivePusher(t, nil)
	a := hooked("a", hookTo(r.URL+"/channels", "channel_occupied", "channel_vacated"), hookTo(r.URL+"/members", "member_added", "member_removed"))
	r.trusts(a)
	c := talk(t, servePusher(t, batching, a), a)
	var channels, members []string
	for i := range 5 {
		name := fmt.Sprint("presence-", i)
		c.join(name, "u")
		c.unsubscribe(name)
		channels = append(channels, hookEvent("channel_occupied", name, ""), hookEvent("channel_vacated", name, ""))
		members = append(members, hookEvent("member_added", name, `,"user_id":"u"`), hookEvent("member_removed", name, `,"user_id":"u"`))
	}
	slices.Sort(channels)
	slices.Sort(members)
	until(t, "both have their events", func() bool {
		return slices.Equal(r.at(t, "/channels"), channels) && slices.Equal(r.at(t, "/members"), members)
	})
	if n := len(r.all()); n >= len(channels)+len(members) {
		t.Errorf("%d requests for %d events: none were put together", n, len(channels)+len(members))
	}
}

func caseN5(t *testing.T) {
	var list []*pusherApp
	var receivers []*pusherReceiver
	for _, id := range []string{"a", "b"} {
		r := receivePusher(t, nil)
		a := hooked(id, hookTo(r.URL, "channel_occupied"))
		r.trusts(a)
		list, receivers = append(list, a), append(receivers, r)
	}
	s := servePusher(t, batching, list...)
	one, two := talk(t, s, list[0]), talk(t, s, list[1])
	want := make([][]string, 2)
	for i := range 20 {
		for j, c := range []*pusherTalk{one, two} {
			name := fmt.Sprintf("%s-%d", list[j].id, i)
			c.subscribe(name)
			want[j] = append(want[j], hookEvent("channel_occupied", name, ""))
		}
	}
	for j, r := range receivers {
		slices.Sort(want[j])
		until(t, list[j].id+" has its events", func() bool { return slices.Equal(r.at(t, "/"), want[j]) })
		if n := len(r.all()); n == 20 {
			t.Error("no events were put together")
		}
	}
}

func caseW5(t *testing.T) {
	var asked atomic.Int32
	r := receivePusher(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	a := hooked("a", hookTo(r.URL, "channel_occupied", "client_event"))
	r.trusts(a)
	c := talk(t, servePusher(t, nil, a), a)
	c.subscribe("private-c")
	want := []string{hookEvent("channel_occupied", "private-c", "")}
	for i := range 10 {
		c.trigger("private-c", "client-e", fmt.Sprint(i))
		want = append(want, hookEvent("client_event", "private-c", fmt.Sprintf(`,"event":"client-e","data":%d,"socket_id":%q`, i, c.id)))
	}
	r.gets(t, want...)
	ids := map[string]bool{}
	for _, h := range r.all() {
		ids[h.header.Get("X-Webhook-Id")] = true
	}
	if n := len(r.all()); n != len(want)+3 || len(ids) != len(want) {
		t.Errorf("%d requests with %d ids for %d events, of which one was refused three times", n, len(ids), len(want))
	}
}

func caseW6(t *testing.T) {
	stuck := httptest.NewServer(http.HandlerFunc(hang))
	t.Cleanup(stuck.Close)
	r := receivePusher(t, nil)
	a, b := hooked("a", hookTo(stuck.URL), hookTo(r.URL+"/a", "channel_occupied")), hooked("b", hookTo(r.URL+"/b", "channel_occupied"))
	r.trusts(a, b)
	s := servePusher(t, nil, a, b)
	t.Cleanup(s.kill) // before the receiver waits for those who hang
	for _, app := range []*pusherApp{a, b} {
		c := talk(t, s, app)
		var want []string
		for i := range 50 {
			name := fmt.Sprint("room-", i)
			c.subscribe(name)
			s.triggered(t, app, name, "e", "1")
			c.expect(pusherEvent(name, "e", "1"))
			want = append(want, hookEvent("channel_occupied", name, ""))
		}
		slices.Sort(want)
		until(t, app.id+" has its events", func() bool { return slices.Equal(r.at(t, "/"+app.id), want) })
	}
}

func caseW7(t *testing.T) {
	r := receivePusher(t, nil)
	a := hooked("a", hookTo(r.URL)).but(map[string]any{"webhook_delay_ms": 3000})
	r.trusts(a)
	c := talk(t, servePusher(t, nil, a), a)
	occupied, vacated := hookEvent("channel_occupied", "room", ""), hookEvent("channel_vacated", "room", "")
	c.subscribe("room")
	r.gets(t, occupied)
	c.unsubscribe("room")
	c.subscribe("room") // within the delay
	c.unsubscribe("room")
	r.gets(t, occupied, vacated) // beyond it
	c.subscribe("room")
	r.gets(t, occupied, vacated, occupied)
}

// caseW8 kills the server the moment a client is told that it is subscribed, several times, while nobody takes webhooks.
func caseW8(t *testing.T) {
	var well atomic.Bool
	r := receivePusher(t, func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	a := hooked("a", hookTo(r.URL, "channel_occupied", "client_event"))
	r.trusts(a)
	s := servePusher(t, nil, a)
	var want []string
	for round := range 4 {
		var mu sync.Mutex
		var work sync.WaitGroup
		for i := range 20 {
			work.Go(func() {
				c, err := s.openPusher(t.Context(), a)
				if c != nil {
					defer c.hangUp()
				}
				name := fmt.Sprintf("private-%d-%d", round, i)
				if err == nil {
					err = c.joins(t.Context(), name)
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				want = append(want, hookEvent("channel_occupied", name, ""))
			})
		}
		work.Wait()
		s.kill()
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
	}
	well.Store(true)
	slices.Sort(want)
	until(t, "every event of which a client knew", func() bool {
		got := r.taken(t)
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

func caseW9(t *testing.T) {
	r := receivePusher(t, nil)
	a := hooked("a", hookTo(r.URL, "channel_occupied", "channel_vacated", "member_added", "member_removed"))
	r.trusts(a)
	s := servePusher(t, nil, a)
	stays, goes := talk(t, s, a), talk(t, s, a)
	var want []string
	happens := func(name, channel, rest string) { want = append(want, hookEvent(name, channel, rest)) }
	for _, c := range []struct {
		*pusherTalk
		channel, user string
	}{{stays, "presence-back", "u1"}, {goes, "presence-empty", "u2"}} {
		c.join(c.channel, c.user)
		happens("channel_occupied", c.channel, "")
		happens("member_added", c.channel, fmt.Sprintf(`,"user_id":%q`, c.user))
		r.gets(t, want...)
	}
	s.kill()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	talk(t, s, a).join("presence-back", "u1")
	happens("member_removed", "presence-empty", `,"user_id":"u2"`)
	happens("channel_vacated", "presence-empty", "")
	r.gets(t, want...)
	talk(t, s, a).join("presence-empty", "u2") // and that is all: one has returned, and the other is new again
	happens("channel_occupied", "presence-empty", "")
	happens("member_added", "presence-empty", `,"user_id":"u2"`)
	r.gets(t, want...)
}

// caseW10 has the server invoke functions of a stub that checks signatures as AWS does.
func caseW10(t *testing.T) {
	keys := new(sigv4.Keys)
	record, own := sigv4.Key{ID: "AKIDRECORD", Secret: strings.Repeat("r", 40)}, sigv4.Key{ID: "AKIDSERVER", Secret: strings.Repeat("s", 40)}
	if err := keys.Set(record, own); err != nil {
		t.Fatal(err)
	}
	var a *pusherApp
	invoked := make(chan string, 8)
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		p, err := keys.Begin(q, "lambda", time.Now())
		if err == nil {
			err = p.Body(body)
		}
		if err != nil {
			t.Errorf("the invocation's signature: %v", err)
		}
		var in struct {
			Payload json.RawMessage
			Headers map[string]string
		}
		if err := json.Unmarshal(body, &in); err != nil || in.Headers["X-Pusher-Key"] != a.key || in.Headers["X-Pusher-Signature"] != a.sign(string(in.Payload)) {
			t.Errorf("invoked with %s, %v", body, err)
		}
		_, credential, _ := strings.Cut(q.Header.Get("Authorization"), "Credential=")
		id, _, _ := strings.Cut(credential, "/")
		w.WriteHeader(map[string]int{"Event": 202, "RequestResponse": 200}[q.Header.Get("X-Amz-Invocation-Type")])
		invoked <- strings.Join([]string{q.URL.Path, q.Header.Get("X-Amz-Invocation-Type"), id}, " ")
	}))
	t.Cleanup(stub.Close)
	function := func(name string, lambda map[string]any) map[string]any {
		hook := map[string]any{"lambda_function": name, "event_types": []string{"channel_occupied"}}
		if lambda != nil {
			lambda["client_options"] = map[string]any{"endpoint": stub.URL, "credentials": map[string]string{"accessKeyId": record.ID, "secretAccessKey": record.Secret}}
			hook["lambda"] = lambda
		}
		return hook
	}
	a = hooked("a", function("sync", map[string]any{"region": "eu-central-1"}), function("async", map[string]any{"async": true}), function("plain", nil))
	s := prepareServer(t, program, defaults().with(withApps(a)))
	s.env = []string{"AWS_ENDPOINT_URL_LAMBDA=" + stub.URL, "AWS_ACCESS_KEY_ID=" + own.ID, "AWS_SECRET_ACCESS_KEY=" + own.Secret}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	talk(t, s, a).subscribe("room")
	want := map[string]bool{
		"/2015-03-31/functions/sync/invocations RequestResponse AKIDRECORD":  true,
		"/2015-03-31/functions/async/invocations Event AKIDRECORD":           true,
		"/2015-03-31/functions/plain/invocations RequestResponse AKIDSERVER": true,
	}
	for len(want) > 0 {
		select {
		case got := <-invoked:
			if !want[got] {
				t.Fatalf("invoked %s", got)
			}
			delete(want, got)
		case <-time.After(2 * patience):
			t.Fatalf("never invoked: %v", want)
		}
	}
}
