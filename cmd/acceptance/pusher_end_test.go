package acceptance

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

var endCases = []pusherCase{
	{"C9", "who asks the server to stop has every client told to come back, over the time for that", caseC9},
}

const endClients = 100

func caseC9(t *testing.T) {
	a := newPusherApp("a", nil)
	const grace = 2 * time.Second
	s := servePusher(t, settings{"pusher.shutdown_grace": grace.String()}, a)
	var clients []*pusherTalk
	for range endClients {
		c := talk(t, s, a)
		c.subscribe("room")
		clients = append(clients, c)
	}
	ended := make([]time.Time, endClients)
	var waiting sync.WaitGroup
	for i, c := range clients {
		waiting.Go(func() { <-c.done; ended[i] = time.Now() })
	}
	if err := s.signal(); err != nil {
		t.Fatal(err)
	}
	// The first of them is closed at once, and by then nobody is let in any more.
	if frame, err := clients[firstToEnd(clients)].next(t.Context()); err != nil || frame != pusherError("", 4200, "Server closed. Please reconnect shortly.") {
		t.Errorf("%s, %v", frame, err)
	}
	late, err := s.dialPusher(t.Context(), a.key)
	if err != nil {
		t.Fatalf("who comes while the server stops: %v", err)
	}
	t.Cleanup(late.hangUp)
	if err := late.isRefused(t.Context(), 4200, "Server is closing. Please reconnect shortly."); err != nil {
		t.Errorf("who comes while the server stops: %v", err)
	}
	for _, path := range []string{"/ready", "/accept-traffic"} {
		resp, err := ask(t.Context(), "GET", "http://"+s.addr+path, "")
		if want := `{"error":"The server is closing. Choose another server. :)","code":500}`; err != nil || resp.status != 500 || resp.body != want {
			t.Errorf("%s while the server stops: %s, %v", path, resp, err)
		}
	}
	select {
	case <-s.exited:
	case <-time.After(grace + patience):
		t.Fatal("the server does not end")
	}
	if s.code != 0 {
		t.Errorf("exit code %d", s.code)
	}
	waiting.Wait()
	for i, c := range clients {
		if code := websocket.CloseStatus(c.ended); code != 4200 {
			t.Errorf("client %d ended with %v", i, c.ended)
		}
	}
	first, last := ended[0], ended[0]
	for _, at := range ended {
		if at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if over := last.Sub(first); over < grace/2 {
		t.Errorf("all %d were closed within %v, want it spread over %v", endClients, over, grace)
	}
}

// firstToEnd waits until one of the connections has ended.
func firstToEnd(clients []*pusherTalk) int {
	first := make(chan int, len(clients))
	for i, c := range clients {
		go func() { <-c.done; first <- i }()
	}
	return <-first
}

// pusher-js comes back by itself, to the channels that it was on, when the server that was stopped is there again.
func TestOnNodeClientsComeBackAfterAStop(t *testing.T) {
	t.Parallel()
	a := newPusherApp("a", nil)
	s := servePusher(t, settings{"pusher.shutdown_grace": "100ms"}, a)
	c := nodeClient(t, nil, s, a, false)
	for _, channel := range []string{"room", "presence-room"} {
		c.tell("subscribe " + channel)
		c.expect("subscribed " + channel)
	}
	s.settings = s.settings.with(settings{"listen": s.addr}) // where it was
	if code, err := s.stop(); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	c.expect(`error {"code":4200,"message":"Server closed. Please reconnect shortly."}`)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("until it was back it said %q", c.reaches("state connected"))
	back := map[string]bool{c.next(): true, c.next(): true}
	if !back["subscribed room"] || !back["subscribed presence-room"] {
		t.Errorf("it is back on %v", back)
	}
	s.triggered(t, a, "room", "news", fmt.Sprint(1))
	c.expect("told room news 1")
}
