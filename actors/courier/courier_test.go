package courier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestChannelsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Every third first attempt fails.
		n := 0
		r := newReceiver("a", nil)
		r.answer = func(attempt int, e *Event) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if n++; attempt == 1 && n%3 == 0 {
				return errors.New("not now")
			}
			return nil
		}
		p := newPost(t, Options{}, r)
		for i := range 50 {
			for c := range 8 {
				p.emit(fmt.Sprint("c", c), fmt.Sprint(i))
			}
		}
		time.Sleep(time.Hour)
		for c := range 8 {
			name := fmt.Sprint("c", c)
			equal(t, name, r.of(name), prefixed(name, numbers(50)))
		}
		if r.most < 2 || r.most > 16 {
			t.Errorf("%d at once, want 2 to 16", r.most)
		}
		p.empty()
	})
}

func TestWindowIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := make(chan struct{})
		r := newReceiver("a", func(int, *Event) error { <-wait; return nil })
		p := newPost(t, Options{Window: 40, Concurrency: 4, Backlog: 100}, r)
		for i := range 500 {
			p.emit(fmt.Sprint("c", i%20), fmt.Sprint(i))
		}
		time.Sleep(time.Minute)
		if got := p.heard(); got != "backlogged true" {
			t.Errorf("heard %q", got)
		}
		p.courier.mu.Lock()
		if n := len(p.courier.endpoints[0].open); n != 40 {
			t.Errorf("%d events in memory, want 40", n)
		}
		p.courier.mu.Unlock()
		if s := p.courier.Stats(); s.Backlog != 500 || !s.Over || s.Endpoints[0].Queued != 500 || s.Endpoints[0].Lag < time.Minute {
			t.Errorf("%+v", s)
		}
		close(wait)
		time.Sleep(time.Minute)
		if len(r.took()) != 500 || r.most != 4 {
			t.Errorf("took %d, %d at once", len(r.took()), r.most)
		}
		if got := p.heard(); got != "backlogged false" {
			t.Errorf("heard %q", got)
		}
		p.empty()
	})
}

// Who lags does not make others hear twice, neither while the server runs nor after a restart.
func TestEndpointsHaveTheirOwnProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		fast, slow := newReceiver("fast", nil), newReceiver("slow", func(int, *Event) error { return down })
		picky := newReceiver("picky", nil)
		picky.types = "hotsock.connected"
		p := newPost(t, Options{Window: 10}, fast, slow, picky)
		p.emit("c", numbers(100)...)
		p.emitOf("hotsock.connected", " id", "x")
		time.Sleep(time.Minute)
		want := append(prefixed("c", numbers(100)), " id/x")
		if got := fast.took(); len(got) != 101 || !slices.Equal(fast.of("c"), want[:100]) {
			t.Errorf("the fast one took %d", len(got))
		}
		equal(t, "picky", picky.took(), []string{" id/x"})
		if n := p.store.Outbox().Len(); n != 101 {
			t.Errorf("%d in the outbox, want all until the slow one has them", n)
		}
		p.end()
		slow.answer = nil
		p.begin(fast, slow, picky)
		time.Sleep(2 * time.Minute)
		if len(fast.took()) != 101 || len(picky.took()) != 1 {
			t.Errorf("after a restart the fast one has %d, the picky one %d", len(fast.took()), len(picky.took()))
		}
		equal(t, "slow", slow.of("c"), want[:100])
		p.empty()
		// An endpoint that is new gets what happens from now on.
		p.end()
		fresh := newReceiver("fresh", nil)
		p.begin(fast, fresh)
		p.emit("c", "last")
		time.Sleep(time.Second)
		equal(t, "fresh", fresh.took(), []string{"c/last"})
		p.empty()
	})
}

// An outage lets nothing overtake, and costs one attempt at a time.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := true
		r := newReceiver("a", nil)
		r.answer = func(int, *Event) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if away {
				return errors.New("connection refused")
			}
			return nil
		}
		p := newPost(t, Options{}, r)
		for i := range 20 {
			for c := range 10 {
				p.emit(fmt.Sprint("c", c), fmt.Sprint(i))
			}
		}
		time.Sleep(time.Hour)
		if got := p.heard(); got != "a down true connection refused" {
			t.Errorf("heard %q", got)
		}
		r.mu.Lock()
		if n := len(r.all); n < 60 || n > 2000 {
			t.Errorf("%d attempts in an hour", n)
		}
		away = false
		r.mu.Unlock()
		time.Sleep(5 * time.Minute)
		if got := p.heard(); got != "a down false " {
			t.Errorf("heard %q", got)
		}
		for c := range 10 {
			name := fmt.Sprint("c", c)
			equal(t, name, r.of(name), prefixed(name, numbers(20)))
		}
		p.empty()
	})
}

// One event that cannot be digested does not hold up its channel for a day.
func TestPoisonIsPutAside(t *testing.T) {
	for _, picky := range []bool{true, false} {
		t.Run(fmt.Sprint("picky ", picky), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newReceiver("a", func(_ int, e *Event) error {
					if string(e.Data) == "3" {
						return &Refusal{Reason: "status 422", Picky: picky}
					}
					return nil
				})
				p := newPost(t, Options{}, r)
				p.emit("c", numbers(10)...)
				for range 100 { // others, by which one sees that the endpoint is well
					p.emit("other", "x")
					time.Sleep(time.Second)
				}
				equal(t, "c", r.of("c"), prefixed("c", slices.Delete(numbers(10), 3, 4)))
				p.emit("c", "after")
				time.Sleep(time.Second)
				if got := r.of("c"); len(got) != 10 || got[9] != "c/after" {
					t.Errorf("got %v", got)
				}
				time.Sleep(25 * time.Hour)
				if got := p.heard(); got != "a buried hotsock.messagePublished: status 422" {
					t.Errorf("heard %q", got)
				}
				p.empty()
			})
		})
	}
}

func TestRetriesBackOffWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver("a", func(int, *Event) error { return &Refusal{Reason: "no", Picky: true} })
		p := newPost(t, Options{RetryFor: time.Hour}, r)
		p.emit("c", "x")
		time.Sleep(2 * time.Hour)
		r.mu.Lock()
		defer r.mu.Unlock()
		for i := 1; i < len(r.at); i++ {
			if wait, most := r.at[i].Sub(r.at[i-1]), min(maxBackoff, firstBackoff<<min(i-1, 20))+10*time.Millisecond; wait > most {
				t.Errorf("wait %d is %v, want %v at most", i, wait, most)
			}
		}
		if n := len(r.at); n < 12 || n > 200 {
			t.Errorf("%d attempts in an hour", n)
		}
		if p.courier.Stats().Dead != 1 {
			t.Errorf("%+v", p.courier.Stats())
		}
	})
}

func TestRetryAfterIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver("a", func(n int, _ *Event) error {
			if n == 1 {
				return &Refusal{Reason: "429", After: 30 * time.Second}
			}
			return nil
		})
		p := newPost(t, Options{}, r)
		p.emit("c", "x")
		time.Sleep(29 * time.Second)
		if got := r.took(); len(got) > 0 {
			t.Errorf("asked again before the time: %v", got)
		}
		time.Sleep(3 * time.Second)
		equal(t, "got", r.took(), []string{"c/x"})
	})
}

func TestDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := true
		final := &Refusal{Reason: "too large", Final: true}
		r := newReceiver("a", func(int, *Event) error {
			if bad {
				return final
			}
			return nil
		})
		other := newReceiver("b-2", nil)
		p := newPost(t, Options{MaxDead: 5}, r, other)
		p.emit("c", numbers(4)...)
		time.Sleep(time.Second)
		page, err := p.courier.Letters("", 3)
		if err != nil || len(page.Letters) != 3 || page.Total != 4 || page.Next == "" {
			t.Fatalf("%+v, %v", page, err)
		}
		rest, err := p.courier.Letters(page.Next, 3)
		if err != nil || len(rest.Letters) != 1 || rest.Next != "" {
			t.Fatalf("%+v, %v", rest, err)
		}
		l := page.Letters[0]
		if l.Endpoint != "a" || l.Reason != "too large" || l.Attempts != 1 || string(l.Event.Data) != "0" || l.Event.Channel() != "c" {
			t.Errorf("%+v", l)
		}
		p.empty()
		p.end()
		bad = false
		p.begin(r, other)
		if err := p.courier.Replay(l.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		equal(t, "replayed", r.took(), []string{"c/0"})
		equal(t, "the other one", other.took(), prefixed("c", numbers(4)))
		if err := p.courier.Replay(l.ID); !errors.Is(err, ErrNoLetter) {
			t.Errorf("replayed twice: %v", err)
		}
		for _, id := range []string{"", "x", "1", "1-", "99-a", "-a"} {
			if err := p.courier.Delete(id); !errors.Is(err, ErrNoLetter) {
				t.Errorf("delete %q: %v", id, err)
			}
		}
		if err := p.courier.Delete(page.Letters[1].ID); err != nil {
			t.Error(err)
		}
		if n, err := p.courier.ReplayAll(t.Context()); n != 2 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		time.Sleep(time.Second)
		equal(t, "replayed all", r.took(), []string{"c/0", "c/2", "c/3"})
		p.empty()

		// More than are kept: the oldest go.
		p.heard()
		bad = true
		p.emit("c", numbers(9)...)
		time.Sleep(5 * time.Second)
		if page, _ := p.courier.Letters("", 100); page.Total != 5 || string(page.Letters[0].Event.Data) != "4" {
			t.Errorf("%+v", page)
		}
		if got := p.heard(); !strings.Contains(got, "dropped ") {
			t.Errorf("heard %q", got)
		}
		if n, err := p.courier.DeleteAll(t.Context()); n != 5 || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		p.end()
		p.begin(other) // the endpoint is gone
		p.end()
		p.begin(r, other)
		p.emit("c", "z")
		time.Sleep(time.Second)
		p.end()
		p.begin(other)
		page, err = p.courier.Letters("", 10)
		if err != nil || page.Total != 1 {
			t.Fatalf("%+v %v", page, err)
		}
		if err := p.courier.Replay(page.Letters[0].ID); !errors.Is(err, ErrNoEndpoint) {
			t.Errorf("replay to nobody: %v", err)
		}
	})
}

// An endpoint that hangs costs the end of the courier no longer than it is given.
func TestCloseCutsWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver("a", nil)
		hang := true
		p := newPost(t, Options{}, r)
		ctx := p.courier.ctx
		r.answer = func(int, *Event) error {
			if hang {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		p.emit("c", "x")
		time.Sleep(time.Minute)
		began := time.Now()
		p.end()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		hang = false
		p.begin(r)
		time.Sleep(time.Second)
		equal(t, "after a restart", r.took(), []string{"c/x"})
	})
}

func TestEnvelope(t *testing.T) {
	e := Event{Type: "hotsock.messagePublished", DataType: "message", Metadata: []Attribute{{"channel", "a\"b"}}, Data: []byte(`{"x":1}`), server: "v9"}
	want := `{"source":"hotsock.v1","type":"hotsock.messagePublished","metadata":{"channel":"a\"b","hotsockVersion":"1.13.5","serverVersion":"v9"},"data":{"x":1},"dataType":"message"}`
	if got := string(e.AppendEnvelope(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, names := range [][2]string{ // of the metadata, and of what the envelope has
		{"", "hotsockVersion serverVersion"},
		{"channel event trigger", "channel event hotsockVersion serverVersion trigger"},
		{"requestId sourceIp", "hotsockVersion requestId serverVersion sourceIp"},
	} {
		var m []Attribute
		for _, name := range strings.Fields(names[0]) {
			m = append(m, Attribute{name, "x"})
		}
		_, text, _ := strings.Cut(string((&Event{Metadata: m, server: "x"}).AppendEnvelope(nil)), `"metadata":{"`)
		text, _, _ = strings.Cut(strings.ReplaceAll(text, ProtocolVersion, "x"), `":"x"},"data":`)
		if got := strings.ReplaceAll(text, `":"x","`, " "); got != names[1] {
			t.Errorf("metadata of %q is in the order %q, want %q", names[0], got, names[1])
		}
	}
	e.to, e.queued, e.ID[3] = "here", 77, 9
	back, err := decodeEvent(e.encode())
	if err != nil || back.to != "here" || back.queued != 77 || back.ID != e.ID || back.Channel() != `a"b` || string(back.Data) != `{"x":1}` {
		t.Errorf("%+v, %v", back, err)
	}
	text := e.encode()
	for n := range len(text) - len(e.Data) {
		if _, err := decodeEvent(text[:n]); err == nil {
			t.Errorf("the first %d bytes are taken for an event", n)
		}
	}
}
