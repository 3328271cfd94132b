package courier

import (
	"container/heap"
	"sync/atomic"
	"time"

	"dormouse/persistence"
)

// An endpoint is one emitter with what it is still to get. The goroutine in run owns all but what is said
// to be the courier's or atomic.
type endpoint struct {
	progress
	c  *Courier
	to Emitter

	more    bool // the outbox may have events beyond pos
	lanes   map[string]*lane
	ready   []*lane  // whose first event may be tried now, in order
	waiting laneHeap // whose first event failed
	held    int      // events in lanes
	bytes   int      // of them
	flying  int
	aside   int // lanes of one event that was put aside

	health
	settledIDs []uint64
	letters    []persistence.DeadLetter

	woken   chan struct{}
	results chan result

	sent, failed, retried, buried atomic.Uint64
	isDown                        atomic.Bool
}

// A lane is the events of one channel, or of one connection, in order. The first one may be on its way.
type lane struct {
	key     string // "": put aside, and in no map
	parcels []*parcel
	at      time.Time // when its first event is tried again
}

// A parcel is one event on its way to one endpoint.
type parcel struct {
	id       uint64
	event    *Event
	app, key string
	size     int
	attempts int
	failedAt time.Time // first
}

// A result is how an attempt ended.
type result struct {
	lane *lane
	err  error
}

func newEndpoint(c *Courier, to Emitter, pos uint64) *endpoint {
	return &endpoint{
		progress: newProgress(to.Name(), pos), c: c, to: to, more: true,
		lanes: map[string]*lane{}, woken: make(chan struct{}, 1), results: make(chan result),
	}
}

// nudge says that the outbox has more.
func (e *endpoint) nudge() { signal(e.woken) }

func (e *endpoint) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := time.Now()
		e.read()
		e.revive(now)
		e.launch(now)
		e.flush()
		timer.Reset(e.pause(now))
		select {
		case <-e.c.stop:
			for ; e.flying > 0; e.flying-- {
				e.finish(<-e.results)
			}
			e.flush()
			return
		case <-e.woken:
			e.more = true
		case <-timer.C:
		case r := <-e.results:
			e.flying--
			e.finish(r)
		}
	}
}

// readAtOnce bounds what one look into the outbox brings into memory beyond the window's bytes.
const readAtOnce = 32

// readFaultPause is how long a store that cannot be read is left alone.
const readFaultPause = time.Second

// read fills the window from the outbox.
func (e *endpoint) read() {
	for e.more && e.held < e.c.o.Window && e.bytes < e.c.o.WindowBytes {
		limit := min(readAtOnce, e.c.o.Window-e.held)
		list, err := e.c.outbox.Next(e.pos, limit)
		if err != nil {
			e.c.fault("read the outbox", err)
			e.more = false
			time.AfterFunc(readFaultPause, e.nudge)
			return
		}
		e.more = len(list) == limit
		if len(list) > 0 {
			e.take(list)
		}
	}
}

// take puts events into their lanes.
func (e *endpoint) take(list []persistence.Event) {
	open := e.c.sort(&e.progress, list, func(x *Event) bool {
		return x.DataType != OccurrenceType && e.to.Wants(x.Type, x.DataType, x.Channel())
	})
	for _, p := range open {
		e.held++
		e.bytes += p.size
		key := p.app + "\x00" + p.key
		l := e.lanes[key]
		if l == nil {
			l = &lane{key: key}
			e.lanes[key] = l
		}
		if l.parcels = append(l.parcels, p); len(l.parcels) == 1 {
			e.ready = append(e.ready, l)
		}
	}
}

// launch begins as many attempts as may be on their way.
func (e *endpoint) launch(now time.Time) {
	for e.flying < e.c.o.Concurrency && len(e.ready) > 0 && e.mayTry(now, e.flying) {
		l := e.ready[0]
		e.ready[0] = nil
		if e.ready = e.ready[1:]; len(e.ready) == 0 {
			e.ready = nil
		}
		e.flying++
		p := l.parcels[0]
		if p.attempts > 0 {
			e.retried.Add(1)
		} else if settleBeforeSending {
			e.settledIDs = append(e.settledIDs, p.id)
		}
		go func() {
			began := time.Now()
			err := e.to.Emit(e.c.ctx, p.event)
			e.c.o.Listener.Attempt(e.name, time.Since(began), err)
			e.results <- result{l, err}
		}()
	}
}

// finish takes note of how an attempt ended.
func (e *endpoint) finish(r result) {
	p, now := r.lane.parcels[0], time.Now()
	if r.err == nil {
		e.sent.Add(1)
		e.succeeded(now)
		e.arrived(r.lane)
		return
	}
	if e.c.ctx.Err() != nil {
		return // it was cut off by our end, and is in the outbox
	}
	e.failed.Add(1)
	refusal := refusalOf(r.err)
	p.attempts++
	if p.failedAt.IsZero() {
		p.failedAt = now
	}
	if r.lane.key != "" || e.down { // of those put aside it is known that they fail by themselves
		e.hasFailed(now, &refusal)
	}
	switch {
	case refusal.Final, e.givenUp(p, now):
		e.bury(r.lane, refusal.Reason)
		return
	case e.standsAlone(p, &refusal) && r.lane.key != "" && e.aside < maxAside:
		e.aside++
		e.retryLater(&lane{parcels: []*parcel{p}}, now, &refusal)
		e.pop(r.lane)
		return
	}
	e.retryLater(r.lane, now, &refusal)
}

func (e *endpoint) retryLater(l *lane, now time.Time, r *Refusal) {
	l.at = now.Add(max(backoff(l.parcels[0].attempts), r.After))
	heap.Push(&e.waiting, l)
}

// arrived takes the first event off a lane, for good.
func (e *endpoint) arrived(l *lane) {
	p := l.parcels[0]
	if !settleBeforeSending {
		e.settledIDs = append(e.settledIDs, p.id)
	}
	e.held--
	e.bytes -= p.size
	if l.key == "" {
		e.aside--
		return
	}
	e.pop(l)
}

// pop takes the first event off a lane, and lets the next one go.
func (e *endpoint) pop(l *lane) {
	l.parcels[0] = nil
	if l.parcels = l.parcels[1:]; len(l.parcels) == 0 {
		delete(e.lanes, l.key)
		return
	}
	e.ready = append(e.ready, l)
}

// bury gives up the first event of a lane.
func (e *endpoint) bury(l *lane, reason string) {
	p := l.parcels[0]
	e.buried.Add(1)
	e.letters = append(e.letters, persistence.DeadLetter{
		ID: p.id, Endpoint: e.name, App: p.app, Key: p.key, Value: p.event.encode(),
		Reason: bounded(reason), Attempts: p.attempts, At: time.Now(),
	})
	e.c.o.Listener.Buried(e.name, p.event.ID.String(), p.event.Type, bounded(reason))
	e.arrived(l)
}

// flush tells the courier what is settled.
func (e *endpoint) flush() {
	e.c.settle(&e.progress, e.settledIDs, e.letters)
	e.settledIDs, e.letters = nil, nil
}

// pause is how long nothing has to be done unless something happens.
func (e *endpoint) pause(now time.Time) time.Duration {
	wait := time.Hour
	if len(e.waiting) > 0 {
		wait = min(wait, e.waiting[0].at.Sub(now))
	}
	if len(e.ready) > 0 && e.down && e.flying == 0 {
		wait = min(wait, e.probeAt.Sub(now))
	}
	return max(wait, time.Millisecond)
}

// maxReason bounds the text of a dead letter.
const maxReason = 500

func bounded(s string) string { return s[:min(len(s), maxReason)] }
