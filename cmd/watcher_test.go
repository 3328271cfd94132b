package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A cutter is a network between a client and a server that can be cut, and mended.
type cutter struct {
	net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, to: to}
	go c.serve()
	t.Cleanup(func() {
		c.set(true)
		_ = l.Close()
	})
	return c
}

func (c *cutter) serve() {
	for {
		from, err := c.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", c.to)
		c.mu.Lock()
		if err != nil || c.cut {
			_ = from.Close()
			if err == nil {
				_ = to.Close()
			}
		} else {
			c.conns = append(c.conns, from, to)
			go func() { _, _ = io.Copy(to, from) }()
			go func() { _, _ = io.Copy(from, to) }()
		}
		c.mu.Unlock()
	}
}

func (c *cutter) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// expectIn waits until text is printed.
func expectIn(t *testing.T, tr *transcript, text string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		printed, more := tr.read()
		if strings.Contains(printed, text) {
			return
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("%q is not printed:\n%s", text, printed)
		}
	}
}

// TestAWatchMissesNothing: what was said while the network was down is printed in order, once, and it is said
// that it was down.
func TestAWatchMissesNothing(t *testing.T) {
	server := run(t, 0)
	network := newCutter(t, server.Addr())
	token, err := server.sign.sign(map[string]any{"scope": "connect", "uid": "u", "exp": time.Now().Add(time.Hour).Unix(),
		"channels": map[string]any{"c": map[string]any{"subscribe": true, "storage": map[string]any{"*": map[string]any{"observe": true}}}}})
	if err != nil {
		t.Fatal(err)
	}
	out, told := &transcript{more: make(chan struct{})}, &transcript{more: make(chan struct{})}
	w := &watchCmd{URL: "http://" + network.Addr().String(), Token: token, Channel: "c", JSON: true, Count: 8}
	done := make(chan error, 1)
	go func() { done <- w.Run(t.Context(), &program{out: out, err: told}) }()
	expectIn(t, out, "hotsock.subscribed")
	publish := func(event string, data int) {
		t.Helper()
		body := map[string]any{"channel": "c", "event": event, "data": data}
		if event != "e" {
			body["event"], body["key"] = "hotsock.channelStorageSet", event
		}
		if err := server.client().do(context.Background(), http.MethodPost, "/publish", body, nil); err != nil {
			t.Fatal(err)
		}
	}
	publish("e", 0)
	publish("k", 1)
	expectIn(t, out, `"key":"k","data":1`)
	for round := range 2 {
		network.set(true)
		expectIn(t, told, "coming back")
		for i := range 3 {
			publish([]string{"e", "k", "e"}[i], 10*(round+1)+i)
		}
		network.set(false)
		expectIn(t, out, fmt.Sprintf(`"data":%d,`, 10*(round+1)+2))
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	printed, _ := out.read()
	at := 0
	for _, data := range []int{0, 1, 10, 11, 12, 20, 21, 22} {
		text := fmt.Sprintf(`"data":%d,`, data)
		next := strings.Index(printed[at:], text)
		if next < 0 || strings.Count(printed, text) != 1 {
			t.Fatalf("%s is there %d times, or too early:\n%s", text, strings.Count(printed, text), printed)
		}
		at += next
	}
	if said, _ := told.read(); strings.Count(said, "nothing is missing: 3 came meanwhile") != 2 || strings.Count(said, "coming back") != 2 {
		t.Errorf("it says:\n%s", said)
	}
}

// TestAWatchThatIsRefusedEnds: a token that is no good any more, or a kick, is no reason to come back.
func TestAWatchThatIsRefusedEnds(t *testing.T) {
	server := run(t, 0)
	token, err := server.sign.sign(map[string]any{"scope": "connect", "uid": "u", "exp": time.Now().Add(time.Hour).Unix(),
		"channels": map[string]any{"c": map[string]any{"subscribe": true}}})
	if err != nil {
		t.Fatal(err)
	}
	out := &transcript{more: make(chan struct{})}
	w := &watchCmd{URL: "http://" + server.Addr(), Token: token, Channel: "c", JSON: true}
	done := make(chan error, 1)
	go func() { done <- w.Run(t.Context(), &program{out: out, err: io.Discard}) }()
	expectIn(t, out, "hotsock.subscribed")
	if n := server.system.KickUser("default", "u"); n != 1 {
		t.Fatalf("%d were kicked", n)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "closed by an administrator") {
		t.Error(err)
	}
	w.Channel = "other"
	if err := w.Run(t.Context(), &program{out: out, err: io.Discard}); err == nil || !strings.Contains(err.Error(), "cannot subscribe to other: SUBSCRIBE_PERMISSION_DENIED") {
		t.Error(err)
	}
}

// TestAWatchKnowsWhyItWasClosed: a call that fails because the connection is gone says less than its close frame, which
// may come later.
func TestAWatchKnowsWhyItWasClosed(t *testing.T) {
	asked := make(chan struct{})
	var once sync.Once
	var connections atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			w.Header().Set("Content-Length", "2")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte("{}"))
			_ = http.NewResponseController(w).Flush()
			once.Do(func() { close(asked) })
			return
		}
		connections.Add(1)
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		say := func(frame string) { _ = conn.Write(r.Context(), websocket.MessageText, []byte(frame)) }
		say(`{"event":"hotsock.connected","data":{"connectionId":"AAAAAAAAAAAAAAA=","connectionSecret":"s"}}`)
		_, _, _ = conn.Read(r.Context())
		say(`{"event":"hotsock.subscribed","channel":"c","data":{"epoch":"e","seq":1,"recovered":false,"snapshot":0}}`)
		<-asked
		for range 1000 { // a while, in which the answer to the call is there
			say(`{"event":"late","channel":"c","data":1}`)
		}
		_ = conn.Close(4003, "closed by an administrator")
	}))
	defer server.Close()
	w := &watchCmd{URL: server.URL, Token: "any", Channel: "c", JSON: true}
	err := w.Run(t.Context(), &program{out: io.Discard, err: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "closed by an administrator") || connections.Load() != 1 {
		t.Errorf("%v, %d connections", err, connections.Load())
	}
}

// TestHistoryStartIsReadFromTheToken: by the server's rules, of patterns and aliases too, without a key.
func TestHistoryStartIsReadFromTheToken(t *testing.T) {
	s := (&devKeys{signing: "a secret of which the reader knows nothing"}).signer()
	for _, c := range []struct {
		channels string
		want     string
	}{
		{`{"c":{"subscribe":true,"historyStart":0}}`, "1970-01-01"},
		{`{"*":{"historyStart":5},"c":{"historyStart":86400}}`, "1970-01-02"},
		{`{"d":{"alias":"c","historyStart":172800}}`, "1970-01-03"},
		{`{"c":{"subscribe":true}}`, ""},
		{`{"d":{"historyStart":0}}`, ""},
	} {
		token, err := s.sign(map[string]any{"scope": "connect", "exp": time.Now().Add(time.Hour).Unix(), "channels": json.RawMessage(c.channels)})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if start, ok := historyStart(token, "c"); ok {
			got = start.UTC().Format(time.DateOnly)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.channels, got, c.want)
		}
	}
	if _, ok := historyStart("no token", "c"); ok {
		t.Error("no token, and yet it says something")
	}
}
