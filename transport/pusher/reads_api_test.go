package pusher

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
)

func TestChannels(t *testing.T) {
	app := testApp()
	e := &recorder{counts: map[string]actors.Counts{
		"pusher/a room": counts(1, 0), "pusher/a presence-b": counts(3, 2), "pusher/a presence-a": counts(1, 1), "pusher/b other": counts(1, 0)}}
	h := newTestHandler(t, e, app, nil)
	for _, tt := range []struct {
		name   string
		own    []string
		status int
		want   string
	}{
		{"all", nil, 200, `{"channels":{"presence-a":{"subscription_count":1,"occupied":true},"presence-b":{"subscription_count":3,"occupied":true},"room":{"subscription_count":1,"occupied":true}}}`},
		{"by prefix", []string{"filter_by_prefix=ro"}, 200, `{"channels":{"room":{"subscription_count":1,"occupied":true}}}`},
		{"none", []string{"filter_by_prefix=x"}, 200, `{"channels":{}}`},
		{"with users", []string{"filter_by_prefix=presence-", "info=user_count"}, 200,
			`{"channels":{"presence-a":{"subscription_count":1,"occupied":true,"user_count":1},"presence-b":{"subscription_count":3,"occupied":true,"user_count":2}}}`},
		{"users of all", []string{"info=user_count"}, 400, errorBody(400, "user_count is only available for presence channels")},
		{"users of others", []string{"filter_by_prefix=room", "info=subscription_count,user_count"}, 400, errorBody(400, "user_count is only available for presence channels")},
		{"subscriptions", []string{"filter_by_prefix=ro", "info=subscription_count"}, 200, `{"channels":{"room":{"subscription_count":1,"occupied":true}}}`},
		{"a page", []string{"limit=1", "after=presence-a"}, 200, `{"channels":{"presence-b":{"subscription_count":3,"occupied":true}},"next":"presence-b"}`},
		{"the last page", []string{"limit=1", "after=presence-b"}, 200, `{"channels":{"room":{"subscription_count":1,"occupied":true}}}`},
		{"a page of nothing", []string{"limit=0"}, 400, errorBody(400, "The received data is incorrect")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, signedRequest(h, app, "GET", "/apps/a/channels", "", tt.own...), tt.status, tt.want)
		})
	}
}

// TestManyChannels: the engine is asked several times.
func TestManyChannels(t *testing.T) {
	app := testApp()
	e := &recorder{counts: map[string]actors.Counts{}}
	for i := range 2*channelsAtOnce + 1 {
		e.counts[fmt.Sprintf("pusher/a c%05d", i)] = counts(1, 0)
	}
	h := newTestHandler(t, e, app, nil)
	got := bodyOf(t, signedRequest(h, app, "GET", "/apps/a/channels", ""))
	if n := strings.Count(got, `"occupied":true`); n != 2*channelsAtOnce+1 {
		t.Errorf("%d channels", n)
	}
	got = bodyOf(t, signedRequest(h, app, "GET", "/apps/a/channels", "", "limit=1500"))
	if n := strings.Count(got, `"occupied":true`); n != 1500 || !strings.HasSuffix(got, `,"next":"c01499"}`) {
		t.Errorf("%d channels, … %s", n, got[len(got)-30:])
	}
}

func TestChannel(t *testing.T) {
	app := testApp()
	e := &recorder{
		counts: map[string]actors.Counts{"pusher/a room": counts(1, 0), "pusher/a presence-p": counts(3, 2), "pusher/a cache-c": counts(1, 0)},
		cached: &channel.Cached{Event: "e", Data: []byte(`"{\"a\":1}"`), ExpiresAt: testNow.Add(1500 * time.Millisecond)},
	}
	h := newTestHandler(t, e, app, nil)
	for _, tt := range []struct {
		name, channel string
		own           []string
		want          string
	}{
		{"public", "room", nil, `{"subscription_count":1,"occupied":true}`},
		{"presence", "presence-p", nil, `{"subscription_count":3,"occupied":true,"user_count":2}`},
		{"unknown", "nothing", nil, `{"subscription_count":0,"occupied":false}`},
		{"unknown presence", "presence-x", nil, `{"subscription_count":0,"occupied":false,"user_count":0}`},
		{"no name at all", "bad%20channel!", nil, `{"subscription_count":0,"occupied":false}`},
		{"a user", "%23server-to-user-1", nil, `{"subscription_count":0,"occupied":false}`},
		{"a cache that is not asked for", "cache-c", nil, `{"subscription_count":1,"occupied":true}`},
		{"a cache", "cache-c", []string{"info=cache"}, `{"subscription_count":1,"occupied":true,"cache":{"data":"{\"a\":1}","ttl":2,"event":"e"}}`},
		{"a cache of others", "room", []string{"info=cache"}, `{"subscription_count":1,"occupied":true}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, signedRequest(h, app, "GET", "/apps/a/channels/"+tt.channel, "", tt.own...), 200, tt.want)
		})
	}
	e.cached.ExpiresAt = testNow
	expect(t, signedRequest(h, app, "GET", "/apps/a/channels/cache-c", "", "info=cache"), 200, `{"subscription_count":1,"occupied":true}`)
	e.cached = nil
	expect(t, signedRequest(h, app, "GET", "/apps/a/channels/cache-c", "", "info=cache"), 200, `{"subscription_count":1,"occupied":true}`)
}

func TestMembers(t *testing.T) {
	app := testApp()
	e := &recorder{members: []channel.Member{{UID: "u1", UMD: []byte(`{"name":"One"}`)}, {UID: `"2"`}}}
	h := newTestHandler(t, e, app, nil)
	get := func(name string, own ...string) func(int, string) {
		return func(status int, want string) {
			t.Helper()
			expect(t, signedRequest(h, app, "GET", "/apps/a/channels/"+name+"/users", "", own...), status, want)
		}
	}
	get("presence-p")(200, `{"users":[{"id":"u1"},{"id":"\"2\""}]}`)
	get("presence-p", "with_user_info=1")(200, `{"users":[{"id":"u1","user_info":{"name":"One"}},{"id":"\"2\"","user_info":{}}]}`)
	get("room")(400, errorBody(400, "The channel must be a presence channel."))
	get("my-presence-p")(400, errorBody(400, "The channel must be a presence channel."))
	e.members = nil
	get("presence-x")(200, `{"users":[]}`)
}

func TestReadRate(t *testing.T) {
	app := testApp()
	app.MaxReadRequestsPerSecond = 2
	h := newTestHandler(t, &recorder{}, app, nil)
	for i, want := range []int{200, 200, 429} {
		r := signedRequest(h, app, "GET", "/apps/a/channels", "")
		left := fmt.Sprint(max(0, 1-i))
		if r.StatusCode != want || r.Header.Get("X-RateLimit-Limit") != "2" || r.Header.Get("X-RateLimit-Remaining") != left || (r.Header.Get("Retry-After") == "1") != (want == 429) {
			t.Errorf("call %d: got %d, %v", i, r.StatusCode, r.Header)
		}
	}
	none := testApp()
	none.MaxReadRequestsPerSecond = 0
	h = newTestHandler(t, &recorder{}, none, nil)
	expect(t, signedRequest(h, none, "GET", "/apps/a/channels", ""), 429, errorBody(429, "Too many requests."))
}
