package webhooks

import (
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/claims"
)

// An occurrence is what happened once, on its way to every webhook that wants it.
type occurrence struct {
	id                  ulid.ULID
	name, channel, user string
	data                []byte
	at                  time.Time
	settled             func()
	waits               int // places where it waits
}

func (o *occurrence) size() int { return len(o.data) + overhead }

// A scheduler decides what is sent when. It owns no clock, goroutine or socket: each method is told the time, changes
// what waits, and leaves in work what is to be done. Its owner calls one at a time, then takes that.
type scheduler struct {
	o       *Options
	tenants map[string]*tenant // by namespace
	known   map[ulid.ULID]*occurrence
	alarms  alarms
	piles   piles
	seq     uint64 // of the last event that was queued
	closed  bool

	flights, probes int
	line, slow      []*queue // wait for a free place among flights; slow: of those that are down
	lookups         int
	asking          []*tenant // wait for a free place among lookups
	held, down      int

	work work
}

// Work is what the scheduler has decided.
type work struct {
	settled  []func()  // to be called
	asks     []*tenant // to be looked up, for scheduler.answered
	launches []*parcel // to be sent, for scheduler.finished
}

func newScheduler(o *Options) *scheduler {
	return &scheduler{o: o, tenants: map[string]*tenant{}, known: map[ulid.ULID]*occurrence{}}
}

// take returns what is to be done since the last time.
func (s *scheduler) take() work {
	w := s.work
	s.work = work{}
	return w
}

// tick does what is due. It is to be called when next says.
func (s *scheduler) tick(now time.Time) { s.alarms.ring(now) }

// next says when something is due, if nothing happens before; zero: nothing is.
func (s *scheduler) next() time.Time { return s.alarms.next() }

// keep takes an occurrence in. One that is here already is only settled by another function from now on.
func (s *scheduler) keep(namespace string, o *occurrence, now time.Time) {
	if old := s.known[o.id]; old != nil {
		old.settled = o.settled
		return
	}
	id, ok := claims.AppID(namespace)
	if !ok || s.closed {
		if !ok {
			s.work.settled = append(s.work.settled, o.settled) // whose it is cannot be known
		}
		return
	}
	s.known[o.id] = o
	t := s.tenants[namespace]
	if t == nil {
		t = newTenant(s, namespace, id)
		s.tenants[namespace] = t
	}
	t.admit(o, now)
	s.piles.shrink(s.o.TotalBytes)
	t.sweep()
}

// let says that an occurrence waits in one place less; at the last it is settled.
func (s *scheduler) let(o *occurrence) {
	if o.waits--; o.waits == 0 {
		delete(s.known, o.id)
		s.work.settled = append(s.work.settled, o.settled)
	}
}

// ask has a tenant looked up, when there is a place.
func (s *scheduler) ask(t *tenant) {
	if s.lookups < s.o.Lookups {
		s.lookups++
		s.work.asks = append(s.work.asks, t)
	} else {
		s.asking = append(s.asking, t)
	}
}

// answered takes the answer of a look-up: what claims.Apps has said of the tenant's id.
func (s *scheduler) answered(t *tenant, app *claims.App, err error, now time.Time) {
	if s.lookups--; len(s.asking) > 0 {
		next := s.asking[0]
		s.asking = s.asking[1:]
		s.ask(next)
	}
	t.answered(app, err, now)
	s.piles.shrink(s.o.TotalBytes)
	t.sweep()
}

// close has nothing more begun. What is on its way may still be told of.
func (s *scheduler) close() { s.closed = true }

func (s *scheduler) stats() Stats {
	st := Stats{
		Occurrences: len(s.known), Held: s.held, Bytes: s.piles.bytes, Requests: s.flights, Apps: len(s.tenants), Down: s.down,
	}
	for _, t := range s.tenants {
		st.Unsorted += len(t.incoming)
		for _, q := range t.queues {
			st.Queued += q.pile.events
		}
	}
	return st
}
