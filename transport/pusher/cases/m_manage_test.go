package cases

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dormouse/claims"
	"dormouse/transport/pusher"
)

var manageCases = []numbered{
	{"M1", "looking on wants an API key", caseM1},
	{"M2", "apps are listed, page by page, and those that somebody is connected to", caseM2},
	{"M3", "an app is told of, and none of its secrets", caseM3},
	{"M4", "its occupied channels are listed", caseM4},
	{"M5", "a channel has counts, and what it keeps", caseM5},
	{"M6", "members are listed, page by page", caseM6},
	{"M7", "an app in a table is looked up when it is asked for by its id", caseM7},
	{"M8", "a channel's entries are listed, page by page", caseM8},
}

const apiKey = "an-api-key-of-the-server"

// manage makes a call with a text as API key.
func (s *server) manage(key, method, target string) result {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+pusher.ManagePath+target, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	return s.do(r)
}

// manages expects what a call with the API key is answered with.
func (s *server) manages(target, want string) {
	s.t.Helper()
	s.manage(apiKey, "GET", target).is(s.t, want+"\n")
}

// refusesIn expects a refusal of these calls.
func (r result) refusesIn(t testing.TB, status int, code, text string) {
	t.Helper()
	if want := fmt.Sprintf("{\"error\":{\"code\":%q,\"message\":%q}}\n", code, text); r.status != status || r.body != want {
		t.Errorf("got  %d %s\nwant %d %s", r.status, r.body, status, want)
	}
}

func caseM1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	for _, call := range pusher.ManageCalls() {
		method, path, _ := strings.Cut(call, " ")
		path = strings.ReplaceAll(strings.TrimPrefix(path, pusher.ManagePath), "*", "a")
		for _, key := range []string{"", apiKey + "x", apiKey[:10], a.key, a.secret} {
			r := s.manage(key, method, path)
			r.refusesIn(t, 401, "UNAUTHORIZED", "An API key is required: Authorization: Bearer <key>.")
			if r.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: %v", call, r.header)
			}
		}
		r := s.manage(apiKey, method, path)
		if r.status != 200 || r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %s %v", call, r.status, r.body, r.header)
		}
		if r := s.manage(apiKey, "HEAD", path); r.status != 200 || r.body != "" {
			t.Errorf("HEAD %s: %d %s", path, r.status, r.body)
		}
		post := s.manage(apiKey, "POST", path)
		post.refusesIn(t, 405, "METHOD_NOT_ALLOWED", "This path takes GET only.")
		if post.header.Get("Allow") != "GET" {
			t.Errorf("%v", post.header)
		}
	}
	for _, path := range []string{"/a/users", "/a/channels/c/users/u", "/a/channels/c/x"} {
		s.manage(apiKey, "GET", path).refusesIn(t, 404, "NOT_FOUND", "There is nothing here.")
	}
	for _, path := range []string{"/b", "/b/channels", "/b/channels/c", "/b/channels/presence-c/users"} {
		s.manage(apiKey, "GET", path).refusesIn(t, 404, "NOT_FOUND", "There is no such app.")
	}
	s.manage(apiKey, "GET", "?limit=ten").refusesIn(t, 400, "INVALID_MESSAGE", "limit must be a whole number.")
}

func caseM2(t *testing.T) {
	off := newApp("off", map[string]any{"enabled": false})
	odd := newApp("shop/€ 1", nil)
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, odd, off, b, a)
	s.manages("", `{"apps":[{"id":"a","key":"a-key","enabled":true,"connections":0,"channels":0},`+
		`{"id":"b","key":"b-key","enabled":true,"connections":0,"channels":0},`+
		`{"id":"off","key":"off-key","enabled":false,"connections":0,"channels":0},`+
		`{"id":"shop/€ 1","key":"shop/€ 1-key","enabled":true,"connections":0,"channels":0}],"more":false}`)
	s.manages("?connected=true", `{"apps":[],"more":false}`)
	one, two := s.connect(b), s.connect(b)
	one.subscribe("c")
	two.subscribe("c")
	two.subscribe("d")
	other := s.connect(odd)
	const inB = `{"id":"b","key":"b-key","enabled":true,"connections":2,"channels":2}`
	const inOdd = `{"id":"shop/€ 1","key":"shop/€ 1-key","enabled":true,"connections":1,"channels":0}`
	s.manages("?connected=true", `{"apps":[`+inB+`,`+inOdd+`],"more":false}`)
	s.manages("?connected=true&limit=1", `{"apps":[`+inB+`],"more":true}`)
	s.manages("?connected=true&limit=1&after=b", `{"apps":[`+inOdd+`],"more":false}`)
	s.manages("?connected=true&prefix=shop", `{"apps":[`+inOdd+`],"more":false}`)
	s.manages("?after=a&limit=1", `{"apps":[`+inB+`],"more":true}`)
	s.manages("?prefix=shop%2F", `{"apps":[`+inOdd+`],"more":false}`)
	s.manages("?prefix=x&limit=0", `{"apps":[],"more":false}`)
	s.manages("/shop%2F%E2%82%AC%201/channels", `{"channels":[],"more":false}`)
	other.hangUp()
	until(t, "one app is connected", func() bool { return !strings.Contains(s.manage(apiKey, "GET", "?connected=true").body, "shop") }, func() string { return "two" })
}

func caseM3(t *testing.T) {
	a := newApp("a", map[string]any{
		"maxConnections": 7, "maxPresenceMemberSizeInKb": 1.5, "enableWatchlist": true, "previousSecret": "a-previous-secret",
		"webhooks": []any{map[string]any{"url": "https://user:a-password@example.com/?token=a-token", "event_types": []any{"channel_occupied"}, "headers": map[string]any{"X-Auth": "a-header"}}},
	})
	s := start(t, nil, a, newApp("b", nil))
	s.connect(a).subscribe("c")
	s.publish(a, "c", "e", `"data"`)
	r := s.manage(apiKey, "GET", "/a")
	var got struct {
		ID, Key               string
		Enabled               bool
		Connections, Channels int
		At                    int64
		Counts                map[string]uint64
		Switches              map[string]bool
		Limits                map[string]any
		Webhooks              int
	}
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != 200 {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	if got.ID != "a" || got.Key != "a-key" || !got.Enabled || got.Connections != 1 || got.Channels != 1 || got.Webhooks != 1 ||
		time.Since(time.UnixMilli(got.At)) > time.Minute {
		t.Errorf("%+v", got)
	}
	if c := got.Counts; c["opened"] != 1 || c["closed"] != 0 || c["framesIn"] != 1 || c["framesOut"] < 2 || c["calls"] != 1 || c["bytesIn"] == 0 || c["bytesOut"] == 0 {
		t.Errorf("%v", c)
	}
	if !got.Switches["clientMessages"] || !got.Switches["watchlist"] || got.Switches["userAuthentication"] {
		t.Errorf("%v", got.Switches)
	}
	if l := got.Limits; l["connections"] != 7.0 || l["presenceMemberSizeInKB"] != 1.5 || l["backendEventsPerSecond"] != nil || l["eventBatch"] != 10.0 {
		t.Errorf("%v", l)
	}
	for _, path := range []string{"", "/a", "/a/channels", "/a/channels/c"} {
		body := s.manage(apiKey, "GET", path).body
		for _, secret := range []string{"secret", "password", "a-token", "a-header", "example.com"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s tells %s: %s", path, secret, body)
			}
		}
	}
}

func caseM4(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, a, b)
	one, two := s.connect(a), s.connect(a)
	one.join("presence-r", "u1", "", "u1", `{}`)
	two.join("presence-r", "u1", "", "u1", `{}`)
	one.subscribe("news")
	s.connect(b).subscribe("room")
	const news, presence = `{"name":"news","subscriptionCount":1}`, `{"name":"presence-r","subscriptionCount":2,"userCount":1}`
	s.manages("/a/channels", `{"channels":[`+news+`,`+presence+`],"more":false}`)
	s.manages("/a/channels?limit=1", `{"channels":[`+news+`],"more":true}`)
	s.manages("/a/channels?limit=1&after=news", `{"channels":[`+presence+`],"more":false}`)
	s.manages("/a/channels?prefix=presence-", `{"channels":[`+presence+`],"more":false}`)
	s.manages("/b/channels", `{"channels":[{"name":"room","subscriptionCount":1}],"more":false}`)
	one.unsubscribe("news") // which is not answered
	until(t, "who left is not on the list", func() bool {
		return s.manage(apiKey, "GET", "/a/channels?prefix=n").body == "{\"channels\":[],\"more\":false}\n"
	}, func() string { return "still there" })
	s.rewrite(b, map[string]any{"enabled": false})
	until(t, "an app that is off is empty", func() bool {
		return s.manage(apiKey, "GET", "/b/channels").body == "{\"channels\":[],\"more\":false}\n"
	}, func() string { return "not" })
}

func caseM5(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one := s.connect(a)
	one.join("presence-cache-r", "u1", "", "u1", `{}`)
	one.expect(cacheMiss("presence-cache-r"))
	one.subscribe("room")
	s.publish(a, "cache-x", "news", `{"n":12345678901234567890,"t":"<b>"}`)
	s.manages("/a/channels/room", `{"name":"room","subscriptionCount":1}`)
	s.manages("/a/channels/presence-cache-r", `{"name":"presence-cache-r","subscriptionCount":1,"userCount":1,"cached":null}`)
	s.manages("/a/channels/nobody", `{"name":"nobody","subscriptionCount":0}`)
	s.manages("/a/channels/no%20name%21", `{"name":"no name!","subscriptionCount":0}`)
	s.manages("/a/channels/%23server-to-user-1", `{"name":"#server-to-user-1","subscriptionCount":0}`)
	r := s.manage(apiKey, "GET", "/a/channels/cache-x")
	var kept struct {
		Cached struct{ ExpiresAt time.Time }
	}
	if err := json.Unmarshal([]byte(r.body), &kept); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	if left := time.Until(kept.Cached.ExpiresAt); left < 59*time.Minute || left > time.Hour {
		t.Errorf("it expires in %v", left)
	}
	if want := `{"name":"cache-x","subscriptionCount":0,"cached":{"event":"news","data":{"n":12345678901234567890,"t":"<b>"},"expiresAt":"`; !strings.HasPrefix(r.body, want) {
		t.Errorf("got  %s\nwant %s", r.body, want)
	}
}

func caseM6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	for _, user := range []string{"u3", "u1", "u2"} {
		c := s.connect(a)
		c.askSigned("presence-r", member(user, fmt.Sprintf(`{"name":%q}`, "<"+user+">")))
		c.next()
	}
	second := s.connect(a)
	second.askSigned("presence-r", member("u1", `"later"`))
	second.next()
	user := func(id string) string { return fmt.Sprintf(`{"id":%q,"userInfo":{"name":"<%s>"}}`, id, id) }
	s.manages("/a/channels/presence-r/users", `{"users":[`+user("u1")+`,`+user("u2")+`,`+user("u3")+`],"more":false}`)
	s.manages("/a/channels/presence-r/users?limit=2", `{"users":[`+user("u1")+`,`+user("u2")+`],"more":true}`)
	s.manages("/a/channels/presence-r/users?limit=2&after=u2", `{"users":[`+user("u3")+`],"more":false}`)
	s.manages("/a/channels/presence-x/users", `{"users":[],"more":false}`)
	s.manages("/a/channels/room/users", `{"users":[],"more":false}`)
	s.connect(a).join("presence-y", "u1", "", "u1", `{}`)
	s.manages("/a/channels/presence-y/users", `{"users":[{"id":"u1","userInfo":null}],"more":false}`)
}

// caseM7: over a source that cannot be listed, as over a table.
func caseM7(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, func(o *pusher.Options) { o.Apps = struct{ claims.AppWatcher }{o.Apps.(claims.AppWatcher)} }, a, newApp("b", nil))
	s.manages("", `{"apps":[],"more":false}`)
	s.manages("/b/channels", `{"channels":[],"more":false}`)
	one := s.connect(a)
	s.manages("", `{"apps":[{"id":"a","key":"a-key","enabled":true,"connections":1,"channels":0}],"more":false}`)
	one.ping()
}

func caseM8(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, a, b)
	for _, key := range []string{"b", "a"} {
		if r := s.call(a, "PUT", "/apps/a/channels/room/storage/"+key, `{"data":{"n":12345678901234567890}}`); r.status > 299 {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	if r := s.call(a, "PUT", "/apps/a/channels/news/storage/soon", `{"data":1,"store":3600}`); r.status > 299 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	entry := func(key string) string {
		return fmt.Sprintf(`{"key":%q,"data":{"n":12345678901234567890},"expiresAt":null}`, key)
	}
	s.manages("/a/channels/room/storage", `{"entries":[`+entry("a")+`,`+entry("b")+`],"more":false}`)
	s.manages("/a/channels/room/storage?limit=1", `{"entries":[`+entry("a")+`],"more":true}`)
	s.manages("/a/channels/room/storage?limit=1&after=a", `{"entries":[`+entry("b")+`],"more":false}`)
	s.manages("/b/channels/room/storage", `{"entries":[],"more":false}`)
	s.manages("/a/channels/no%20name/storage", `{"entries":[],"more":false}`)
	var kept struct {
		Entries []struct{ ExpiresAt time.Time }
	}
	if body := s.manage(apiKey, "GET", "/a/channels/news/storage").body; json.Unmarshal([]byte(body), &kept) != nil || len(kept.Entries) != 1 || time.Until(kept.Entries[0].ExpiresAt) < 59*time.Minute {
		t.Errorf("%s", body)
	}
}
