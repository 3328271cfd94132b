package cases

import (
	"fmt"
	"strings"
	"testing"
)

var storageCases = []numbered{
	{"ST1", "a channel keeps entries for backends", caseST1},
	{"ST2", "who subscribes reads them, and what changes", caseST2},
	{"ST3", "clients of apps that do not ask for it hear nothing", caseST3},
	{"ST4", "entries outlive the server", caseST4},
	{"ST5", "entries are their app's", caseST5},
	{"ST6", "what is no entry is refused", caseST6},
	{"ST7", "entries count as a backend's events", caseST7},
}

func (s *server) put(a *app, path, body string) {
	s.t.Helper()
	s.call(a, "PUT", "/apps/"+escaped(a.id)+"/channels/"+path, body).is(s.t, `{"ok":true}`)
}

// stored is the frame of an entry that has changed.
func stored(channel, key, data string) string {
	return fmt.Sprintf(`{"event":"pusher:storage_updated","channel":%q,"data":%s}`, channel, quoted(fmt.Sprintf(`{"key":%q,"data":%s}`, key, data)))
}

func caseST1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	const at = "/channels/room/storage"
	if got := s.get(a, at); got != `{"storage":{}}` {
		t.Error(got)
	}
	s.put(a, "room/storage/b", `{"data": { "n" : 1.0 } }`)
	s.put(a, "room/storage/a", `{"data":"x","store":100}`)
	s.put(a, "room/storage/c", `{"data":[3],"store":-1}`)
	for path, want := range map[string]string{
		at:        `{"storage":{"a":{"data":"x","ttl":100},"b":{"data":{"n":1.0}},"c":{"data":[3]}}}`,
		at + "/b": `{"data":{"n":1.0}}`,
	} {
		if got := strings.Replace(s.get(a, path), `"ttl":99`, `"ttl":100`, 1); got != want { // a second may have passed
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if got := s.get(a, at, "after=a", "limit=1"); got != `{"storage":{"b":{"data":{"n":1.0}}},"next":"b"}` {
		t.Error(got)
	}
	for range 2 { // the second time there is none
		s.call(a, "DELETE", "/apps/a"+at+"/b", "").is(t, `{"ok":true}`)
	}
	s.call(a, "GET", "/apps/a"+at+"/b", "").refuses(t, 404, "The channel has no entry of this key.")
	s.put(a, "room/storage/c", `{"data":null}`)
	if got := s.get(a, at, "after=a"); got != `{"storage":{}}` {
		t.Error(got)
	}
}

func caseST2(t *testing.T) {
	a := newApp("a", map[string]any{"enableStorageEvents": true})
	s := start(t, nil, a)
	s.put(a, "presence-cache-x/storage/k.2", `{"data":2}`)
	s.put(a, "presence-cache-x/storage/k.1", `{"data":{"a":"b"}}`)
	s.publish(a, "presence-cache-x", "e", "1")
	c := s.connect(a)
	c.askSigned("presence-cache-x", `{"user_id":"u"}`)
	first := c.next()
	if !strings.HasPrefix(first, `{"event":"pusher_internal:subscription_succeeded"`) {
		t.Fatal(first)
	}
	c.expect(stored("presence-cache-x", "k.1", `{"a":"b"}`), stored("presence-cache-x", "k.2", "2"), event("presence-cache-x", "e", "1"))
	s.put(a, "presence-cache-x/storage/k.2", `{"data":3}`)
	s.put(a, "presence-cache-x/storage/k.2", `{"data":3}`) // changes nothing
	s.call(a, "DELETE", "/apps/a/channels/presence-cache-x/storage/k.1", "").is(t, `{"ok":true}`)
	c.expect(stored("presence-cache-x", "k.2", "3"), stored("presence-cache-x", "k.1", "null"))
	c.unsubscribe("presence-cache-x")
	c.ping() // it is read before the next call is made
	s.gets(a, "/channels/presence-cache-x", `{"subscription_count":0,"occupied":false,"user_count":0}`)
	s.put(a, "presence-cache-x/storage/k.2", `{"data":4}`)
	c.ping()
}

func caseST3(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	s.put(a, "room/storage/k", `{"data":2}`)
	c := s.connect(a)
	c.subscribe("room")
	s.put(a, "room/storage/k", `{"data":3}`)
	c.ping()
}

func caseST4(t *testing.T) {
	a := newApp("a", map[string]any{"enableStorageEvents": true})
	s := start(t, nil, a)
	s.put(a, "room/storage/k", `{"data":"kept"}`)
	s.restart()
	c := s.connect(a)
	c.ask("room", "", "")
	c.expect(subscribed("room"), stored("room", "k", `"kept"`))
}

func caseST5(t *testing.T) {
	on := map[string]any{"enableStorageEvents": true}
	list := []*app{newApp("a", on), newApp("a/b", on), newApp("a\x00b", on), newApp("pusher/a", on)}
	s := start(t, nil, list...)
	clients := make([]*client, len(list))
	for i, a := range list {
		clients[i] = s.connect(a)
		clients[i].subscribe("room")
	}
	for _, a := range list {
		s.put(a, "room/storage/k", `{"data":`+quoted(a.key)+`}`)
	}
	for i, a := range list {
		clients[i].expect(stored("room", "k", quoted(a.key)))
		clients[i].ping()
		s.call(a, "GET", "/apps/"+escaped(a.id)+"/channels/room/storage/k", "").is(t, `{"data":`+quoted(a.key)+`}`)
	}
}

func caseST6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	const incorrect, seconds = "The received data is incorrect", "store is how many seconds the entry is kept, 1 to 3155695200, or -1: for ever."
	for _, tt := range []struct {
		path, body string
		status     int
		text       string
	}{
		{"room/storage/k", ``, 400, incorrect},
		{"room/storage/k", `{"store":1}`, 400, incorrect},
		{"room/storage/k", `{"data":1`, 400, incorrect},
		{"room/storage/k", `{"data":{"a":1,"a":2}}`, 400, incorrect},
		{"room/storage/k", `{"data":"\ud800"}`, 400, incorrect},
		{"room/storage/k", `{"data":1,"store":0}`, 400, seconds},
		{"room/storage/k", `{"data":1,"store":-2}`, 400, seconds},
		{"room/storage/k", `{"data":1,"store":1.5}`, 400, seconds},
		{"room/storage/k", `{"data":1,"store":"1"}`, 400, seconds},
		{"no%20room/storage/k", `{"data":1}`, 400, incorrect},
		{"%23server-to-user-7/storage/k", `{"data":1}`, 400, incorrect},
	} {
		s.call(a, "PUT", "/apps/a/channels/"+tt.path, tt.body).refuses(t, tt.status, tt.text)
	}
	if r := s.call(a, "PUT", "/apps/a/channels/room/storage/%2A%20", `{"data":1}`); r.status != 400 || !strings.HasPrefix(r.body, `{"error":"The storage key is not allowed: `) {
		t.Errorf("%d %s", r.status, r.body)
	}
	big := func(size int) string { return `{"data":"` + strings.Repeat("x", size-2) + `"}` }
	s.call(a, "PUT", "/apps/a/channels/room/storage/k", big(262145)).refuses(t, 413, "The data of an entry should be at most 262144 bytes.")
	s.put(a, "other/storage/k", big(262144))
	if got := s.get(a, "/channels/room/storage"); got != `{"storage":{}}` {
		t.Error(got)
	}
	s.call(a, "GET", "/apps/a/channels/room/storage", "", "limit=0").refuses(t, 400, incorrect)
	s.request("PUT", "/apps/a/channels/room/storage/k", `{"data":1}`).refuses(t, 401, "The secret authentication failed")
}

func caseST7(t *testing.T) {
	a := newApp("a", map[string]any{"maxBackendEventsPerSecond": 0, "maxReadRequestsPerSecond": 0})
	s := start(t, nil, a)
	for _, method := range []string{"PUT", "DELETE", "GET"} {
		body := map[string]string{"PUT": `{"data":1}`}[method]
		s.call(a, method, "/apps/a/channels/room/storage/k", body).refuses(t, 429, "Too many requests.")
	}
}
