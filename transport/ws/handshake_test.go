package ws

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func request(change ...string) *http.Request {
	r, _ := http.NewRequest("GET", "/", nil)
	r.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			r.Header.Del(change[i])
		} else {
			r.Header[http.CanonicalHeaderKey(change[i])] = strings.Split(change[i+1], "|")
		}
	}
	return r
}

func status(err error) int {
	if err == nil {
		return 101
	}
	return err.(*HandshakeError).Status
}

// RFC 6455 section 4.2.1.
func TestHandshakeHeaders(t *testing.T) {
	a := NewAcceptor(Options{})
	defer a.Close()
	for _, tc := range []struct {
		name   string
		change []string
		want   int
	}{
		{"as it should be", nil, 101},
		{"upgrade in capitals", []string{"Upgrade", "WebSocket"}, 101},
		{"upgrade among others", []string{"Upgrade", "h2c, websocket"}, 101},
		{"no upgrade", []string{"Upgrade", ""}, 426},
		{"another upgrade", []string{"Upgrade", "h2c"}, 426},
		{"upgrade that only begins so", []string{"Upgrade", "websocket2"}, 426},
		{"connection in a list", []string{"Connection", "keep-alive, upgrade"}, 101},
		{"connection on the second line", []string{"Connection", "keep-alive|Upgrade"}, 101},
		{"no connection", []string{"Connection", ""}, 426},
		{"connection without upgrade", []string{"Connection", "keep-alive"}, 426},
		{"connection that only contains it", []string{"Connection", "no-upgrade"}, 426},
		{"no version", []string{"Sec-WebSocket-Version", ""}, 426},
		{"version 8", []string{"Sec-WebSocket-Version", "8"}, 426},
		{"two versions", []string{"Sec-WebSocket-Version", "13|13"}, 426},
		{"no key", []string{"Sec-WebSocket-Key", ""}, 400},
		{"short key", []string{"Sec-WebSocket-Key", "AAAA"}, 400},
		{"key that is not base64", []string{"Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="}, 400},
		{"key of 17 bytes", []string{"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAAA="}, 400},
		{"two keys", []string{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==|dGhlIHNhbXBsZSBub25jZQ=="}, 400},
		{"any origin", []string{"Origin", "https://anywhere.example"}, 101},
	} {
		if got := status(a.Check(request(tc.change...))); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
	r := request()
	r.Method = "POST"
	if got := status(a.Check(r)); got != 405 {
		t.Error(got)
	}
	r = request()
	r.ProtoMajor, r.ProtoMinor = 2, 0
	if got := status(a.Check(r)); got != 426 {
		t.Error(got)
	}
	err := a.Check(request("Sec-WebSocket-Version", "8")).(*HandshakeError)
	if err.Header.Get("Sec-WebSocket-Version") != "13" || err.Code != "UPGRADE_REQUIRED" || err.Message == "" {
		t.Errorf("%+v", err)
	}
}

// RFC 6455 section 10.2: exact, no suffixes, no substrings.
func TestOrigins(t *testing.T) {
	a := NewAcceptor(Options{Origins: []string{"https://good.example", "http://localhost:3000", "https://[::1]:8443"}})
	defer a.Close()
	for origin, want := range map[string]int{
		"":                                 101, // no browser
		"https://good.example":             101,
		"https://good.example:443":         101,
		"HTTPS://GOOD.EXAMPLE":             101,
		"http://localhost:3000":            101,
		"https://[::1]:8443":               101,
		"http://good.example":              403,
		"https://good.example:8443":        403,
		"https://good.example.evil":        403,
		"https://evil-good.example":        403,
		"https://good.evil":                403,
		"https://sub.good.example":         403,
		"https://good.example.":            403,
		"https://good.example/":            403,
		"https://good.example@evil":        403,
		"https://good.example#@evil":       403,
		"https://good.example?":            403,
		"//good.example":                   403,
		"good.example":                     403,
		"null":                             403,
		"http://localhost":                 403,
		"http://127.0.0.1:3000":            403,
		"https://[::1]":                    403,
		"https://good.example|https://a.b": 403,
	} {
		if got := status(a.Check(request("Origin", origin))); got != want {
			t.Errorf("%q: %d, want %d", origin, got, want)
		}
	}
	nobody := NewAcceptor(Options{Origins: []string{"not an origin"}})
	defer nobody.Close()
	if got := status(nobody.Check(request("Origin", "https://good.example"))); got != 403 {
		t.Error(got)
	}
}

func TestOptionsValidate(t *testing.T) {
	var zero Options
	if err := zero.Validate(); err != nil {
		t.Error(err)
	}
	zero.EnsureDefaults()
	if err := zero.Validate(); err != nil {
		t.Error(err)
	}
	wrong := Options{MaxMessage: 1, MaxFrame: 1, IdleTimeout: -1, MaxFragments: -1, OutboxBytes: 5, OutboxFrames: -1, WriteTimeout: -1,
		MessageTimeout: -1, PingInterval: -1, PongTimeout: 48 * time.Hour, HandshakeTimeout: -1, SlowCode: 1006, PongCode: 5000,
		FlushWindow: time.Minute, Origins: []string{"null"}, Subprotocols: []string{"a b"}}
	err := wrong.Validate()
	for _, field := range []string{"MaxMessage", "MaxFrame", "IdleTimeout", "MaxFragments", "OutboxBytes", "OutboxFrames", "WriteTimeout",
		"MessageTimeout", "PingInterval", "PongTimeout", "HandshakeTimeout", "SlowCode", "PongCode", "FlushWindow", "Origins", "Subprotocols"} {
		if err == nil || !strings.Contains(err.Error(), "ws: "+field+" is ") {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
}

// What is delivered while a connection opens leaves with the 101 response.
func TestFirstFramesLeaveWithTheResponse(t *testing.T) {
	type sent struct{ frames, bytes, writes int }
	all := make(chan sent, 10)
	r := start(t, Options{Listener: Listener{Sent: func(frames, bytes, writes int) { all <- sent{frames, bytes, writes} }}})
	waits := false
	r.onOpen = func(rec *recorder) Handler {
		rec.conn.mu.Lock()
		waits = len(rec.conn.out.queue) == 1 && rec.conn.out.queue[0].op == opResponse
		rec.conn.mu.Unlock()
		rec.conn.Deliver([]byte("hello"), false)
		return rec
	}
	p, _ := r.dial(t)
	if f, err := p.next(); err != nil || string(f.payload) != "hello" {
		t.Fatal(f, err)
	}
	if got, want := <-all, (sent{1, 7, 1}); got != want || !waits {
		t.Errorf("sent %+v, want %+v", got, want)
	}
}

// A connection that is closed as slow while it opens is told so behind its 101 response.
func TestSlowWhileItOpens(t *testing.T) {
	r := start(t, Options{OutboxFrames: 2})
	r.onOpen = func(rec *recorder) Handler {
		rec.conn.mu.Lock() // nothing leaves before all is queued
		rec.conn.writer = own
		rec.conn.mu.Unlock()
		for range 3 {
			rec.conn.Deliver([]byte("hello"), false)
		}
		rec.conn.mu.Lock()
		rec.conn.writer = nobody
		rec.conn.mu.Unlock()
		return rec
	}
	p, _ := r.dial(t)
	if f, err := p.next(); err != nil || f.op != opClose || int(f.payload[0])<<8|int(f.payload[1]) != CloseSlow {
		t.Fatal(f, err)
	}
}
