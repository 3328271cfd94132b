package acceptance

import (
	"strings"
	"testing"
	"time"
)

// The thirteenth row of the table: after every close clients come back, at once the first time. An open
// event is success to them and sets their delays back, so that whoever is not wanted must not see one.

// grows holds if delays are those of a client that met no open event: the first none, then from one second
// to the cap, never smaller.
func grows(t *testing.T, delays []time.Duration, atOnce bool) {
	t.Helper()
	if atOnce {
		if len(delays) == 0 || delays[0] != 0 {
			t.Errorf("delays %v, want none for the first attempt", delays)
			return
		}
		delays = delays[1:]
	}
	last := time.Duration(0)
	for _, d := range delays {
		if d < pageFirstDelay || d < last || d > pageMostDelay {
			t.Errorf("delays %v, want growing ones from %v to %v", delays, pageFirstDelay, pageMostDelay)
			return
		}
		last = d
	}
}

func backPage(t *testing.T, s *server, uid string) *page {
	t.Helper()
	p := newPage(t, s, claims(`{"uid":"`+uid+`","channels":{"back":{"subscribe":true,"alias":"me"},"presence.back":{"subscribe":true},"auto":{"autoSubscribe":true}}}`)).start()
	p.bind("me")
	p.bind("presence.back")
	p.clock.advance(pageLook)
	p.isBack(t)
	return p
}

func (p *page) isBack(t *testing.T) {
	t.Helper()
	for _, name := range []string{"me", "presence.back", "auto"} {
		p.untilBelief(name, subscribed)
	}
}

// opensAgain lets the delay pass that stands before the next attempt, and not much more: once a connection
// is open, the timer for its greeting runs.
func (p *page) opensAgain() {
	p.t.Helper()
	for had, waited := p.opens, time.Duration(0); p.opens == had; waited += pageLook {
		if waited > pageMostDelay {
			p.t.Fatalf("no open event after %v more", waited)
		}
		p.clock.advance(pageLook)
	}
	p.untilGreeted()
}

// hearsAgain publishes something that every page must hear.
func hearsAgain(t *testing.T, s *server, event string, pages ...*page) {
	t.Helper()
	if r := must(s.publish(t.Context(), `{"channel":"back","event":"`+event+`"}`)); r.status != 202 {
		t.Fatal(r)
	}
	for _, p := range pages {
		p.heard(event)
	}
}

func TestPagesComeBackAfterAKill(t *testing.T) {
	s := serve(t, defaults())
	ann, bob := backPage(t, s, "ann"), backPage(t, s, "bob")
	hearsAgain(t, s, "before", ann, bob)
	s.kill()
	for _, p := range []*page{ann, bob} {
		p.until("closed", func() bool { return p.conn == nil })
		for range 4 {
			p.clock.advance(pageMostDelay)
		}
		if p.dials < 5 || p.opens != 1 {
			t.Errorf("%d attempts and %d open events with nobody there", p.dials, p.opens)
		}
		grows(t, p.delays, true)
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*page{ann, bob} {
		p.opensAgain()
		p.clock.advance(pageLook)
		p.isBack(t)
		if p.opens != 2 || p.attempts != 0 {
			t.Errorf("%d open events and %d attempts since, want two and none", p.opens, p.attempts)
		}
	}
	bob.until("both members", func() bool { return bob.members["presence.back"] == "ann bob" })
	ann.until("both members", func() bool { return ann.members["presence.back"] == "ann bob" })
	hearsAgain(t, s, "after", ann, bob)
}

func TestPagesComeBackAfterAStop(t *testing.T) {
	s := serve(t, defaults().with(settings{"drain.spread": "1s"}))
	ann, bob := backPage(t, s, "ann"), backPage(t, s, "bob")
	if err := s.signal(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*page{ann, bob} {
		p.until("closed", func() bool { return p.conn == nil })
		p.clock.advance(0) // at once: the server is still stopping, or gone
		if p.opens != 1 {
			t.Error("a server that is stopping opens")
		}
		for _, r := range p.refusals {
			if r.status != 503 || r.header.Get("Retry-After") == "" {
				t.Errorf("while stopping: %v, want 503 and when to come again", r)
			}
		}
	}
	<-s.exited
	if s.code != 0 {
		t.Errorf("exit code %d", s.code)
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*page{ann, bob} {
		p.opensAgain()
		p.clock.advance(pageLook)
		p.isBack(t)
		grows(t, p.delays, true)
	}
	hearsAgain(t, s, "after", ann, bob)
}

func TestPagesThatAreRefusedComeBackEverLater(t *testing.T) {
	crowded := defaults().with(settings{"limits.connect_rate": 0.001, "limits.connect_burst": 1})
	for _, c := range []struct {
		name     string
		settings settings
		claims   claims
		token    string
		status   int
	}{
		{"a token that is expired", defaults(), `{"exp":1000000000}`, "", 401},
		{"a token that is none", defaults(), "", "no.token.atall", 401},
		{"a token of another scope", defaults(), `{"scope":"subscribe"}`, "", 403},
		{"a token that was used", defaults(), `{"singleUse":true,"jti":"used"}`, "", 403},
		{"a token whose claims are wrong", defaults(), `{"heartbeatTimeout":1}`, "", 401},
		{"a server that takes nobody more", crowded, `{}`, "", 429},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.settings)
			token := c.token
			if token == "" {
				token = hs256.sign(string(connectToken(c.claims)))
			}
			if c.status == 429 || strings.Contains(string(c.claims), "singleUse") {
				connect(t, s, newTranscript(t), "first", token)
			}
			p := newPage(t, s, `{}`)
			p.token = func() string { return token }
			p.bind("any")
			p.start()
			for n := 2; n <= 12; n++ {
				p.clock.advance(p.delays[len(p.delays)-1])
				if p.dials != n {
					t.Fatalf("%d attempts, want one for each delay: %v", p.dials, p.delays)
				}
			}
			if p.opens != 0 {
				t.Fatalf("%d open events: that client would come back at once, for ever", p.opens)
			}
			grows(t, p.delays, false)
			if last := p.delays[len(p.delays)-1]; last != pageMostDelay {
				t.Errorf("the last delay is %v, want the cap", last)
			}
			for _, r := range p.refusals {
				if r.status != c.status {
					t.Errorf("refused with %v, want %d", r, c.status)
				}
			}
		})
	}
}
