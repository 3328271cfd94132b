package courier

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A shelf is a keeper that is done with what it is told to be done with.
type shelf struct {
	mu    sync.Mutex
	order []string // every event that it was given
	held  map[string]func()
}

func newShelf() *shelf { return &shelf{held: map[string]func(){}} }

func (*shelf) Name() string { return "shelf" }

func (*shelf) WantsOccurrence(app, name, channel string) bool { return app == "app" }

func (s *shelf) Keep(e *Event, settled func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what := e.App + " " + e.Channel() + "/" + string(e.Data)
	s.order = append(s.order, what)
	s.held[what] = settled
}

// given takes what it was given since it was asked last.
func (s *shelf) given() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	order := s.order
	s.order = nil
	return order
}

func (s *shelf) settle(what ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range what {
		s.held[w]()
	}
}

func (p *post) occur(channel string, data ...string) {
	p.write("happened", OccurrenceType, channel, data...)
}

// A keeper has every occurrence at once, however many, in order, and nothing else; nobody else has one.
func TestKeeperTakesAllOccurrences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := newShelf(), newReceiver("a", nil)
		p := newPost(t, Options{Window: 10, Occurrences: k}, r)
		if !p.courier.WantsOccurrence("app", "", "") || p.courier.WantsOccurrence("other", "", "") {
			t.Error("the keeper is not asked what it wants")
		}
		var want []string
		for _, n := range numbers(200) {
			p.occur("c", n)
			p.emit("c", n)
			want = append(want, "app c/"+n)
		}
		time.Sleep(time.Second)
		got := k.given()
		equal(t, "kept", got, want)
		equal(t, "emitted", r.of("c"), prefixed("c", numbers(200)))
		if s := p.courier.Stats(); s.Backlog != 200 || len(s.Endpoints) != 2 || s.Endpoints[1].Name != "shelf" || s.Endpoints[1].Queued != 200 || s.Endpoints[1].Lag < time.Second {
			t.Errorf("%+v", s)
		}
		// In any order, and twice.
		slices.Reverse(got)
		k.settle(got[1:]...)
		k.settle(got[1:]...)
		time.Sleep(time.Second)
		if s := p.courier.Stats(); s.Backlog != 1 || s.Endpoints[1].Queued != 1 || s.Endpoints[1].Sent != 199 {
			t.Errorf("%+v", s)
		}
		k.settle(got[0])
		p.empty()
	})
}

// What a keeper is not done with it is given again by the next courier; the older one's settled is over.
func TestKeeperIsAskedAgainAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newShelf()
		p := newPost(t, Options{Occurrences: k})
		p.occur("c", numbers(50)...)
		time.Sleep(time.Second)
		first := k.given()
		k.settle(first[:20]...)
		time.Sleep(time.Second)
		late := k.held[first[20]]
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p.courier.Close(ctx)
		late()
		var err error
		if p.courier, err = New(p.store.Outbox(), p.o); err != nil {
			t.Fatal(err)
		}
		p.courier.Start()
		equal(t, "given by the next courier", k.given(), first[20:])
		late()
		time.Sleep(time.Second)
		p.end()
		p.begin()
		equal(t, "given by the next start", k.given(), first[20:])
		k.settle(first[20:]...)
		p.empty()
	})
}

// An endpoint that lags keeps the rows, and nothing else of a keeper's.
func TestKeeperDoesNotWaitForEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := newShelf(), newReceiver("a", func(int, *Event) error { return errors.New("down") })
		p := newPost(t, Options{Window: 5, Occurrences: k}, r)
		p.emit("c", numbers(10)...)
		p.occur("c", numbers(10)...)
		time.Sleep(time.Second)
		got := k.given()
		if len(got) != 10 {
			t.Fatalf("given %v", got)
		}
		k.settle(got...)
		time.Sleep(time.Second)
		p.end()
		r.answer = nil
		p.begin(r)
		time.Sleep(time.Minute)
		equal(t, "given again", k.given(), nil)
		p.empty()
	})
}

// What a keeper has is bounded by itself, and is no reason to call the server overloaded.
func TestWhatAKeeperKeepsIsNoBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newShelf()
		p := newPost(t, Options{Backlog: 10, Occurrences: k})
		for _, n := range numbers(50) {
			p.occur("c", n)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		if over, n := p.courier.Backlogged(); over || n != 0 || p.heard() != "" {
			t.Errorf("over %v, %d events", over, n)
		}
		if s := p.courier.Stats(); s.Backlog != 50 || s.Over {
			t.Errorf("%+v", s)
		}
		k.settle(k.given()...)
		p.empty()
	})
}

func TestKeeperHasANameOfItsOwn(t *testing.T) {
	o := Options{Endpoints: []Emitter{newReceiver("shelf", nil)}, Occurrences: newShelf()}
	o.EnsureDefaults()
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "shelf is there twice") {
		t.Error(err)
	}
	o.Endpoints = nil
	if err := o.Validate(); err != nil || o.Empty() {
		t.Errorf("%v", err)
	}
	if !new(Options).Empty() {
		t.Error("no endpoints are some")
	}
}
