package hotsock

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"dormouse/actors"
	"dormouse/actors/channel"
)

func TestRouting(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	for _, tt := range []struct {
		name, method, target string
		status               int
		body                 string // "": not looked at
		allow                string
	}{
		{"an unknown path", "GET", "/nothing", 404, errorBody("NOT_FOUND", "There is nothing here."), ""},
		{"an unknown client call", "POST", "/connection/nothing", 404, errorBody("NOT_FOUND", "There is nothing here."), ""},
		{"the client API's root", "POST", "/connection", 404, "", ""},
		{"a path below a call", "POST", "/publish/x", 404, "", ""},
		{"a path below v1", "GET", "/v1/x", 404, "", ""},
		{"no channel", "POST", "/channels/", 405, "", "GET"},
		{"a wrong method", "GET", "/publish", 405, errorBody("METHOD_NOT_ALLOWED", "This path does not take that method."), "POST"},
		{"a wrong method on a channel", "POST", "/channels/c", 405, "", "GET, DELETE"},
		{"a wrong client method", "GET", "/connection/listMessages", 405, "", "POST"},
		{"OPTIONS elsewhere", "OPTIONS", "/publish", 405, "", "POST"},
		{"HEAD", "HEAD", "/channels/c", 200, "", ""},
		{"a call", "POST", "/publish", 202, "", ""},
		{"a slash at the end", "POST", "/publish/", 202, "", ""},
		{"doubled slashes", "POST", "//publish", 202, "", ""},
		{"many slashes", "GET", "///channels//c///storage", 200, `{"items":[]}`, ""},
		{"dots are names", "GET", "/channels/../publish", 404, "", ""},
		{"a bad escape is the URL's", "GET", "/channels/%zz", 0, "", ""},
		{"v1 is for WebSockets", "GET", "/v1", 426, errorBody("UPGRADE_REQUIRED", "This address takes WebSocket connections only."), ""},
		{"v1 is for GET", "POST", "/v1/", 405, "", "GET"},
		{"so is the root, without a fallback", "GET", "/", 426, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.status == 0 {
				if _, err := http.NewRequest(tt.method, "http://x"+tt.target, nil); err == nil {
					t.Error("the URL was parsed")
				}
				return
			}
			r := request(h, tt.method, "http://x"+tt.target, `{"channel":"c","event":"e"}`)
			got := bodyOf(t, r)
			if r.StatusCode != tt.status || tt.body != "" && got != tt.body || r.Header.Get("Allow") != tt.allow {
				t.Errorf("got %d %s, Allow %q", r.StatusCode, got, r.Header.Get("Allow"))
			}
			if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", r.Header)
			}
		})
	}
}

func TestFallback(t *testing.T) {
	h := newTestHandler(t, newRecorder(), func(o *Options) { o.Fallback = http.RedirectHandler("/demo/", http.StatusFound) })
	if r := request(h, "GET", "http://x/", ""); r.StatusCode != 302 {
		t.Errorf("a person at the root: %s", r.Status)
	}
	if r := request(h, "GET", "http://x/", "", "Upgrade", "websocket"); r.StatusCode != 426 {
		t.Errorf("a broken upgrade at the root: %s", r.Status)
	}
	if r := request(h, "GET", "http://x/v1", ""); r.StatusCode != 426 {
		t.Errorf("a person at v1: %s", r.Status)
	}
}

func TestChannelInfo(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	e.info.Subscriptions = 12
	for _, tt := range []struct {
		target  string
		members []channel.Member
		status  int
		body    string
		asked   any
	}{
		{"/channels/c", nil, 200, `{"name":"c","subscriptionsCount":12}`, "c"},
		{"/channels/presence.x", []channel.Member{{UID: "a"}, {UID: "b", UMD: []byte(`{"n":1}`)}}, 200,
			`{"name":"presence.x","subscriptionsCount":12,"members":[{"uid":"a","umd":null},{"uid":"b","umd":{"n":1}}]}`, "presence.x"},
		{"/channels/presence.x", nil, 200, `{"name":"presence.x","subscriptionsCount":12,"members":[]}`, "presence.x"},
		{"/channels/a%2Fb", nil, 200, `{"name":"a/b","subscriptionsCount":12}`, "a/b"},
		{"/channels/%E2%82%AC%22", nil, 200, `{"name":"€\"","subscriptionsCount":12}`, `€"`},
		{"/channels/a%20b", nil, 400, errorBody("INVALID_CHANNEL", "A channel name must not contain white space."), nil},
		{"/channels/%FF", nil, 400, errorBody("INVALID_CHANNEL", "A channel name must be valid UTF-8."), nil},
		{"/channels/" + strings.Repeat("x", 257), nil, 400, errorBody("INVALID_CHANNEL", "A channel name has at most 256 characters."), nil},
	} {
		e.asked, e.info.Members = nil, tt.members
		r := request(h, "GET", "http://x"+tt.target, "")
		if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.body || !reflect.DeepEqual(e.last(), tt.asked) {
			t.Errorf("%s: %d %s, asked %v", tt.target, r.StatusCode, got, e.last())
		}
	}
	if r := request(h, "GET", "http://x/channels/c", "", "Authorization", ""); r.StatusCode != 401 {
		t.Errorf("without a key: %s", r.Status)
	}
}

func TestChannelStorage(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	e.entries.Items = []channel.Entry{
		{Key: "a", Data: []byte(`{"n":1}`), Meta: &channel.Meta{UID: "u", UMD: []byte(`2`)}},
		{Key: "b", Data: []byte(`"x"`), Meta: &channel.Meta{}},
	}
	const both = `{"items":[{"key":"a","data":{"n":1},"meta":{"uid":"u","umd":2}},{"key":"b","data":"x","meta":{"uid":null,"umd":null}}]}`
	hundred := strings.TrimSuffix(strings.Repeat("k,", 100), ",")
	for _, tt := range []struct {
		target string
		status int
		body   string
		asked  any
	}{
		{"/channels/c/storage", 200, both, actors.ListStorageRequest{Channel: "c"}},
		{"/channels/a%2Fb/storage?after=k%26", 200, both, actors.ListStorageRequest{Channel: "a/b", After: "k&"}},
		{"/channels/c/storage?keys=a,b", 200, both, actors.ListStorageRequest{Channel: "c", Keys: []string{"a", "b"}}},
		{"/channels/c/storage?keys=&after=", 200, both, actors.ListStorageRequest{Channel: "c"}},
		{"/channels/c/storage?keys=" + hundred, 200, both, actors.ListStorageRequest{Channel: "c", Keys: strings.Split(hundred, ",")}},
		{"/channels/c/storage?keys=" + hundred + ",k", 400, errorBody("INVALID_MESSAGE", "keys must name at most 100 keys."), nil},
		{"/channels/a*/storage", 400, errorBody("INVALID_CHANNEL", "A channel name must not contain '*'."), nil},
	} {
		e.asked = nil
		r := request(h, "GET", "http://x"+tt.target, "")
		if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.body || !reflect.DeepEqual(e.last(), tt.asked) {
			t.Errorf("%s: %d %s, asked %v", tt.target, r.StatusCode, got, e.last())
		}
	}
}

func TestListMessages(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	e.page.Items = []*channel.Message{
		{Kind: channel.KindPublished, ID: testID, Event: "e", Channel: "c", Data: []byte(`1`), Meta: &channel.Meta{UID: "u"}},
		{Kind: channel.KindPublished, ID: testID, Event: "e", Channel: "c"},
	}
	const (
		ann    = `{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"e","channel":"c","data":1,"meta":{"uid":"u","umd":null}`
		server = `{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"e","channel":"c","data":null,"meta":{"uid":null,"umd":null}`
		who    = "/connection/listMessages?connectionId=AbC_d-EfGhIJKLM%3D&connectionSecret=k3Qm9TzX1cVbN7RsY2Lp"
		both   = `{"messages":[` + ann + `},` + server + `}]}`
	)
	ask := func(change func(r *actors.ListMessages)) any {
		r := &actors.ListMessages{Channel: "c", Limit: 100}
		change(r)
		return r
	}
	for _, tt := range []struct {
		name, target, body string
		status             int
		answer             string
		asked              any
	}{
		{"all", who, `{"channel":"c"}`, 200, both, ask(func(*actors.ListMessages) {})},
		{"reactions that are not there", who, `{"channel":"c","expandReactions":true}`, 200, `{"messages":[` + ann + `,"reactions":{}},` + server + `,"reactions":{}}]}`, ask(func(r *actors.ListMessages) { r.ExpandReactions = true })},
		{"oldest first", who, `{"channel":"c","after":"a","before":"b","reverse":false}`, 200, both, ask(func(r *actors.ListMessages) { r.After = "a" })},
		{"newest first", who, `{"channel":"c","after":"a","before":"b","reverse":true}`, 200, both, ask(func(r *actors.ListMessages) { r.Before, r.Reverse = "b", true })},
		{"a limit", who, `{"channel":"c","limit":7}`, 200, both, ask(func(r *actors.ListMessages) { r.Limit = 7 })},
		{"a limit too low", who, `{"channel":"c","limit":-7}`, 200, both, ask(func(r *actors.ListMessages) { r.Limit = 1 })},
		{"a limit too high", who, `{"channel":"c","limit":99999999999999999999}`, 200, both, ask(func(*actors.ListMessages) {})},
		{"doubled slashes", "//connection//listMessages" + who[len("/connection/listMessages"):], `{"channel":"c"}`, 200, both, ask(func(*actors.ListMessages) {})},
		{"no channel", who, ``, 400, errorBody("INVALID_MESSAGE", "channel is required: it must be a string."), nil},
		{"wrong kinds", who, `{"channel":"c","reverse":"x","limit":"1"}`, 400, errorBody("INVALID_MESSAGE", "reverse must be a boolean, not a string; limit must be a number, not a string."), nil},
		{"no credentials", "/connection/listMessages", `{"channel":"c"}`, 401, errorBody("UNAUTHORIZED", "connectionId and connectionSecret are required in the query."), nil},
		{"no secret", "/connection/listMessages?connectionId=x", `{"channel":"c"}`, 401, errorBody("UNAUTHORIZED", "connectionId and connectionSecret are required in the query."), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.asked = nil
			r := request(h, "POST", "http://x"+tt.target, tt.body, "Authorization", "", "Content-Type", "text/plain;charset=UTF-8", "Origin", "https://app.example")
			if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.answer {
				t.Errorf("\n got %d %s\nwant %d %s", r.StatusCode, got, tt.status, tt.answer)
			}
			if !reflect.DeepEqual(e.last(), tt.asked) {
				t.Errorf("asked %+v", e.last())
			}
			if r.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", r.Header)
			}
		})
	}
	t.Run("reactions", func(t *testing.T) {
		e.page.Reactions = [][]channel.ReactionCount{nil, {{Reaction: "👍", Count: 2}}}
		r := request(h, "POST", "http://x"+who, `{"channel":"c"}`)
		if got, want := bodyOf(t, r), `{"messages":[`+ann+`},`+server+`,"reactions":{"👍":{"count":2}}}]}`; got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
	t.Run("a wrong secret", func(t *testing.T) {
		e.answer = channel.ErrUnauthorized
		if r := request(h, "POST", "http://x"+who, `{"channel":"c"}`); r.StatusCode != 401 || r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %v", r.Status, r.Header)
		}
		e.answer = channel.ErrNotSubscribed
		if r := request(h, "POST", "http://x"+who, `{"channel":"c"}`); r.StatusCode != 403 {
			t.Error(r.Status)
		}
	})
}

func TestPreflight(t *testing.T) {
	h := newTestHandler(t, newRecorder(), nil)
	r := request(h, "OPTIONS", "http://x//connection/listMessages", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
	want := map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
		"Access-Control-Allow-Headers": "content-type, authorization", "Access-Control-Max-Age": "86400",
	}
	if r.StatusCode != 204 || bodyOf(t, r) != "" {
		t.Error(r.Status)
	}
	for name, value := range want {
		if r.Header.Get(name) != value {
			t.Errorf("%s is %q", name, r.Header.Get(name))
		}
	}
	for _, path := range []string{"/connection/nothing", "/connection/listMessages"} {
		if r := request(h, "GET", "http://x"+path, ""); r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s without the header that shows pages their errors: %d", path, r.StatusCode)
		}
	}
	if r := request(h, "GET", "http://x/channels/c", ""); r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("pages may call the Channels API")
	}
}

// TestSlowBody sends a body that never ends: the call must, and so must its connection.
func TestSlowBody(t *testing.T) {
	h := newTestHandler(t, newRecorder(), func(o *Options) { o.HTTPTimeout = 50e6 })
	srv := httptest.NewServer(h)
	defer srv.Close()
	body, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	r, err := http.NewRequest("POST", srv.URL+"/publish", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := bodyOf(t, resp); resp.StatusCode != 400 || got != errorBody("INVALID_MESSAGE", "The body could not be read to its end.") {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}
