package pusher

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

func TestPublish(t *testing.T) {
	e := &recorder{}
	app := testApp()
	h := newTestHandler(t, e, app, nil)
	event := func(name, data string) published {
		return published{"pusher/a", actors.Event{Channel: name, Name: "e", Data: []byte(data)}}
	}
	excluded := event("room", `1`)
	excluded.Except = "12.34"
	cached := event("private-cache-x", `1`)
	cached.CacheFor = time.Hour
	for _, tt := range []struct {
		name, body string
		want       []any
	}{
		{"a channel", `{"name":"e","data":"{\"a\":1}","channel":"room"}`, []any{event("room", `"{\"a\":1}"`)}},
		{"channels, in their order", `{"name":"e","data":"x","channels":["b","a"]}`, []any{event("b", `"x"`), event("a", `"x"`)}},
		{"channels go before a channel", `{"name":"e","data":"x","channel":"a","channels":["b"]}`, []any{event("b", `"x"`)}},
		{"channels that are null do not", `{"name":"e","data":"x","channel":"a","channels":null}`, []any{event("a", `"x"`)}},
		{"data of any kind, as it is written", `{"name":"e","data": { "n" : 12345678901234567890 } ,"channel":"room"}`, []any{event("room", `{ "n" : 12345678901234567890 }`)}},
		{"a number", `{"name":"e","data":0,"channel":"room"}`, []any{event("room", `0`)}},
		{"an empty string", `{"name":"e","data":"","channel":"room"}`, []any{event("room", `""`)}},
		{"but for one socket", `{"name":"e","data":1,"channel":"room","socket_id":"12.34"}`, []any{excluded}},
		{"a socket id that is none", `{"name":"e","data":1,"channel":"room","socket_id":"12"}`, []any{event("room", `1`)}},
		{"a socket id that is a number", `{"name":"e","data":1,"channel":"room","socket_id":12.34}`, []any{event("room", `1`)}},
		{"a cache channel", `{"name":"e","data":1,"channel":"private-cache-x"}`, []any{cached}},
		{"cache further on", `{"name":"e","data":1,"channel":"my-cache-x"}`, []any{event("my-cache-x", `1`)}},
		{"a user", `{"name":"e","data":1,"channel":"#server-to-user-42"}`,
			[]any{toUser{"pusher/a", "42", actors.Event{Channel: "#server-to-user-42", Name: "e", Data: []byte(`1`)}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.asked = nil
			expect(t, signedRequest(h, app, "POST", "/apps/a/events", tt.body), 200, `{"ok":true}`)
			if !reflect.DeepEqual(e.asked, tt.want) {
				t.Errorf("asked %+v, want %+v", e.asked, tt.want)
			}
		})
	}
}

func TestPublishRefusals(t *testing.T) {
	e := &recorder{}
	app := testApp()
	h := newTestHandler(t, e, app, nil)
	const incorrect = "The received data is incorrect"
	list := func(n int) string { return `["c"` + strings.Repeat(`,"c"`, n-1) + `]` }
	for _, tt := range []struct {
		name, body string
		status     int
		text       string
	}{
		{"no body", ``, 400, incorrect},
		{"no JSON", `{`, 400, incorrect},
		{"no object", `[]`, 400, incorrect},
		{"no name", `{"data":1,"channel":"room"}`, 400, incorrect},
		{"an empty name", `{"name":"","data":1,"channel":"room"}`, 400, incorrect},
		{"a name that is a number", `{"name":5,"data":1,"channel":"room"}`, 400, incorrect},
		{"no data", `{"name":"e","channel":"room"}`, 400, incorrect},
		{"null", `{"name":"e","data":null,"channel":"room"}`, 400, incorrect},
		{"no channel", `{"name":"e","data":1}`, 400, incorrect},
		{"no channels", `{"name":"e","data":1,"channels":[]}`, 400, incorrect},
		{"channels that are none", `{"name":"e","data":1,"channels":"room"}`, 400, incorrect},
		{"a channel that is a number", `{"name":"e","data":1,"channels":["room",5]}`, 400, incorrect},
		{"a bad channel", `{"name":"e","data":1,"channel":"bad channel!"}`, 400, incorrect},
		{"an event of the protocol", `{"name":"pusher:error","data":1,"channel":"room"}`, 400, incorrect},
		{"an internal one", `{"name":"pusher_internal:member_added","data":1,"channel":"room"}`, 400, incorrect},
		{"a long channel", `{"name":"e","data":1,"channel":"` + strings.Repeat("x", 201) + `"}`, 400, "The channel name is longer than the allowed 200 characters."},
		{"many channels", `{"name":"e","data":1,"channels":` + list(101) + `}`, 400, "Cannot broadcast to more than 100 channels at once"},
		{"a long name", `{"name":"` + strings.Repeat("x", 201) + `","data":1,"channel":"room"}`, 400, "Event name is too long. Maximum allowed size is 200."},
		{"large data", `{"name":"e","data":"` + strings.Repeat("x", 101<<10) + `","channel":"room"}`, 413, "The event data should be less than 100 KB."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, signedRequest(h, app, "POST", "/apps/a/events", tt.body), tt.status, errorBody(tt.status, tt.text))
		})
	}
	if e.asked != nil {
		t.Errorf("asked %+v", e.asked)
	}
	for _, body := range []string{
		`{"name":"e","data":1,"channels":` + list(100) + `}`,
		`{"name":"` + strings.Repeat("ü", 200) + `","data":1,"channel":"room"}`,
		`{"name":"e","data":"` + strings.Repeat(`\n`, 100<<10) + `","channel":"room"}`,
	} {
		expect(t, signedRequest(h, app, "POST", "/apps/a/events", body), 200, `{"ok":true}`)
	}
}

func TestPublishInfo(t *testing.T) {
	app := testApp()
	e := &recorder{counts: map[string]actors.Counts{"pusher/a presence-p": counts(3, 2), "pusher/a room": counts(1, 0), "pusher/b room": counts(9, 0)}}
	h := newTestHandler(t, e, app, nil)
	for _, tt := range []struct{ name, path, body, want string }{
		{"both", "events", `{"name":"e","data":1,"channel":"presence-p","info":"user_count,subscription_count"}`,
			`{"ok":true,"channels":{"presence-p":{"user_count":2,"subscription_count":3}}}`},
		{"users are of presence channels", "events", `{"name":"e","data":1,"channels":["room","presence-p"],"info":"user_count"}`,
			`{"ok":true,"channels":{"room":{},"presence-p":{"user_count":2}}}`},
		{"a channel that is named twice", "events", `{"name":"e","data":1,"channels":["room","presence-p","room"],"info":"subscription_count"}`,
			`{"ok":true,"channels":{"presence-p":{"subscription_count":3},"room":{"subscription_count":1}}}`},
		{"what is not known", "events", `{"name":"e","data":1,"channel":"room","info":"weather"}`, `{"ok":true}`},
		{"a user has none", "events", `{"name":"e","data":1,"channel":"#server-to-user-1","info":"subscription_count"}`,
			`{"ok":true,"channels":{"#server-to-user-1":{}}}`},
		{"a batch", "batch_events", `{"batch":[{"name":"e","data":1,"channel":"room"},{"name":"e","data":1,"channel":"#server-to-user-1"},{"name":"e","data":1,"channel":"room","info":"subscription_count"},` +
			`{"name":"e","data":1,"channels":["room","presence-p"],"info":"subscription_count"}]}`,
			`{"ok":true,"batch":[{},{},{"subscription_count":1},{"channels":{"room":{"subscription_count":1},"presence-p":{"subscription_count":3}}}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, signedRequest(h, app, "POST", "/apps/a/"+tt.path, tt.body), 200, tt.want)
		})
	}
}

func TestBatch(t *testing.T) {
	app := testApp()
	e := &recorder{}
	h := newTestHandler(t, e, app, nil)
	entry := func(name string) string { return fmt.Sprintf(`{"name":"e","data":1,"channel":%q}`, name) }
	batch := func(entries ...string) string { return `{"batch":[` + strings.Join(entries, ",") + `]}` }
	eleven := strings.Split(strings.Repeat(entry("room")+"\n", 11), "\n")[:11]
	const incorrect = "The received data is incorrect"
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
		asked      int
	}{
		{"nothing", batch(), 200, `{"ok":true}`, 0},
		{"ten", batch(eleven[:10]...), 200, `{"ok":true}`, 10},
		{"eleven", batch(eleven...), 400, errorBody(400, "Cannot batch-send more than 10 messages at once"), 0},
		{"a bad third", batch(entry("a"), entry("b"), entry("bad channel!"), entry("c")), 400, errorBody(400, incorrect), 0},
		{"no batch", `{}`, 400, errorBody(400, incorrect), 0},
		{"a batch that is none", `{"batch":{}}`, 400, errorBody(400, incorrect), 0},
		{"a batch of numbers", `{"batch":[1]}`, 400, errorBody(400, incorrect), 0},
		{"no body", ``, 400, errorBody(400, incorrect), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.asked = nil
			expect(t, signedRequest(h, app, "POST", "/apps/a/batch_events", tt.body), tt.status, tt.want)
			if len(e.asked) != tt.asked {
				t.Errorf("asked %+v", e.asked)
			}
		})
	}
	t.Run("their order", func(t *testing.T) {
		e.asked = nil
		expect(t, signedRequest(h, app, "POST", "/apps/a/batch_events", batch(entry("a"), entry("b"), entry("#server-to-user-1"), entry("a"))), 200, `{"ok":true}`)
		var got []string
		for _, a := range e.asked {
			switch a := a.(type) {
			case published:
				got = append(got, a.Channel)
			case toUser:
				got = append(got, a.Channel)
			}
		}
		if want := []string{"a", "b", "#server-to-user-1", "a"}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestBackendRate(t *testing.T) {
	app := testApp()
	app.MaxBackendEventsPerSecond = 2
	e := &recorder{}
	now := testNow
	limited := 0
	h := newTestHandler(t, e, app, func(o *Options) {
		o.now = func() time.Time { return now }
		o.Listener.Limited = func(string) { limited++ }
	})
	send := func(path, body string, status int, left string) {
		t.Helper()
		r := signedRequest(h, app, "POST", "/apps/a/"+path, body)
		after := r.Header.Get("Retry-After")
		if r.StatusCode != status || r.Header.Get("X-RateLimit-Limit") != "2" || r.Header.Get("X-RateLimit-Remaining") != left || (after == "1") != (status == 429) {
			t.Errorf("%s: got %d %s, %v", body, r.StatusCode, bodyOf(t, r), r.Header)
		}
	}
	const one = `{"name":"e","data":1,"channel":"c"}`
	send("events", `{"name":"e","data":1,"channels":["a","b","c"]}`, 429, "2") // more than there ever is, and nothing is used up
	send("events", `{"name":"e"}`, 400, "2")
	send("events", one, 200, "1")
	send("batch_events", `{"batch":[`+one+`,`+one+`]}`, 429, "1")
	send("batch_events", `{"batch":[`+one+`]}`, 200, "0")
	send("events", one, 429, "0")
	if r := signedRequest(h, app, "GET", "/apps/a/channels", ""); r.StatusCode != 200 || r.Header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("a read has %d, %v", r.StatusCode, r.Header)
	}
	now = now.Add(time.Second)
	send("events", one, 200, "1")
	if len(e.asked) != 3 || limited != 3 {
		t.Errorf("%d were sent, %d refused", len(e.asked), limited)
	}
}

func TestTerminate(t *testing.T) {
	app := testApp()
	e := &recorder{}
	h := newTestHandler(t, e, app, nil)
	expect(t, signedRequest(h, app, "POST", "/apps/a/users/ada%20b/terminate_connections", "{}"), 200, `{"ok":true}`)
	expect(t, signedRequest(h, app, "POST", "/apps/a/users/7/terminate_connections", "", "scope=presence"), 200, `{"ok":true}`)
	end := channel.Close{Code: 4009, Reason: "You got disconnected by the app."}
	if want := []any{terminated{"pusher/a", "ada b", false, end}, terminated{"pusher/a", "7", true, end}}; !reflect.DeepEqual(e.asked, want) {
		t.Errorf("asked %+v", e.asked)
	}
}

func TestEngineFails(t *testing.T) {
	app := testApp()
	for _, tt := range []struct {
		err    error
		status int
		text   string
	}{
		{channel.ErrUnavailable, 503, "The server is stopping or full. Try again later."},
		{errors.New("disk"), 500, faultText},
	} {
		h := newTestHandler(t, &recorder{answer: tt.err}, app, nil)
		for _, r := range []*http.Response{
			signedRequest(h, app, "POST", "/apps/a/events", `{"name":"e","data":1,"channel":"c"}`),
			signedRequest(h, app, "GET", "/apps/a/channels/presence-c/users", ""),
			signedRequest(h, app, "GET", "/apps/a/channels/cache-c", "", "info=cache"),
		} {
			expect(t, r, tt.status, errorBody(tt.status, tt.text))
		}
	}
}

// TestAppsAreApart: two apps with equal secrets and an equal channel do not share limits or namespaces.
func TestAppsAreApart(t *testing.T) {
	a, b := testApp(), testApp()
	b.ID, b.Key = "a/b", "b-key"
	a.MaxBackendEventsPerSecond, b.MaxBackendEventsPerSecond = 1, 1
	e := &recorder{}
	h := newTestHandler(t, e, a, func(o *Options) { o.Apps = records{"a": a, "a/b": b} })
	const one = `{"name":"e","data":1,"channel":"c"}`
	expect(t, signedRequest(h, a, "POST", "/apps/a/events", one), 200, `{"ok":true}`)
	expect(t, signedRequest(h, a, "POST", "/apps/a/events", one), 429, errorBody(429, "Too many requests."))
	expect(t, signedRequest(h, b, "POST", "/apps/a%2Fb/events", one), 200, `{"ok":true}`)
	expect(t, signedRequest(h, a, "POST", "/apps/a%2Fb/events", one), 401, errorBody(401, "The secret authentication failed"))
	var got []string
	for _, p := range e.asked {
		got = append(got, p.(published).namespace)
	}
	if want := []string{a.Namespace(), (&claims.App{ID: "a/b"}).Namespace()}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}
