package webhooks

import (
	"container/heap"
	"time"
)

const (
	firstBackoff = time.Second
	maxBackoff   = time.Minute
	// downAfter is how many attempts in a row must fail before a webhook is down.
	downAfter = 3
)

// backoff is the pause after so many attempts.
func backoff(attempts int) time.Duration {
	return min(firstBackoff<<min(max(attempts-1, 0), 10), maxBackoff)
}

// Health is how a webhook is doing.
type health struct {
	width      int // requests that may be on their way
	failures   int // in a row
	since      time.Time
	level      int       // of the pause between two attempts while it is down
	probeAt    time.Time // when the next one may be made
	triedAgain bool      // the last one was no first attempt
	row        int       // which row of failures this is
	failing    int       // parcels that failed in it
}

func (h *health) isDown() bool { return h.failures >= downAfter }

// An outcome is how an attempt ended.
type outcome struct {
	err   error         // nil: the webhook has the events
	picky bool          // it is well, and does not want these
	after time.Duration // not to be asked again before that
	cut   bool          // it was our end that ended it
}

// finished takes note of how an attempt ended.
func (s *scheduler) finished(p *parcel, x outcome, now time.Time) {
	q := p.queue
	s.flights--
	if p.probe {
		s.probes--
	}
	p.flying = false
	q.flying--
	switch {
	case x.err == nil:
		if q.closed == "" {
			q.succeeded(now)
		}
		q.end(p)
	case q.closed != "":
		q.lost(len(p.items), q.closed)
		q.end(p)
	case x.cut:
		p.at = now
		heap.Push(&q.waiting, p)
	default:
		q.failed(p, &x, now)
	}
	if q.closed != "" && q.flying == 0 {
		q.t.leaving--
	}
	s.serve(now) // before q: there may be others
	q.pump(now)
	q.t.sweep()
}

// end takes a parcel's events out of the queue.
func (q *queue) end(p *parcel) {
	for _, it := range p.items {
		q.leave(it)
	}
	q.free(p)
}

// succeeded notes that the webhook takes events.
func (q *queue) succeeded(now time.Time) {
	q.width = min(2*q.width, q.s.o.PerWebhook)
	q.isAlive(now)
}

// isAlive notes that it has answered like one that is well.
func (q *queue) isAlive(now time.Time) {
	if q.isDown() {
		q.s.down--
		q.s.o.Listener.Down(q.t.id, label(&q.hook), false, "")
		q.tryAll(now)
	}
	q.failures, q.level, q.failing = 0, 0, 0
	q.row++
}

// tryAll has whatever waits tried now: it has failed for a reason that is over.
func (q *queue) tryAll(now time.Time) {
	for _, p := range q.waiting {
		p.at = now
	}
	heap.Init(&q.waiting)
}

// startAnew forgets how the webhook was doing, since it has another address.
func (q *queue) startAnew(now time.Time) {
	if q.isDown() {
		q.s.down--
	}
	q.health = health{width: 1, row: q.row + 1}
	q.tryAll(now)
}

// failed has a parcel tried again later, or dropped if it has had its time.
func (q *queue) failed(p *parcel, x *outcome, now time.Time) {
	pause := max(backoff(p.attempts), min(x.after, maxBackoff))
	if x.picky {
		q.isAlive(now)
	} else {
		q.width = max(q.width/2, 1)
	}
	if p.failedIn != q.row {
		p.failedIn = q.row
		q.failing++
	}
	switch {
	case x.picky:
	case q.isDown():
		if p.probe {
			q.level++
			pause = max(backoff(q.level), min(x.after, maxBackoff))
			q.probeAt = now.Add(pause)
		}
	default:
		if q.failures == 0 {
			q.since = now
		}
		q.failures++
		q.level = max(q.level, p.attempts)
		if q.isDown() {
			q.probeAt = now.Add(max(backoff(q.level), min(x.after, maxBackoff)))
			q.s.down++
			q.s.o.Listener.Down(q.t.id, label(&q.hook), true, x.err.Error())
		}
	}
	if now.Sub(p.firstAt) >= q.s.o.RetryFor {
		q.lost(len(p.items), LostRefused)
		q.end(p)
	} else {
		p.at = now.Add(pause)
		heap.Push(&q.waiting, p)
	}
	if q.isDown() && now.Sub(q.since) >= q.s.o.RetryFor && q.failing >= downAfter {
		// What has waited as long while nothing arrived has had its time too, tried or not. That several have
		// failed shows that it is not for one of them that nothing arrives.
		q.lost(q.dropWhere(func(it *item) (yes, more bool) {
			yes = now.Sub(it.since) >= q.s.o.RetryFor
			return yes, yes
		}), LostRefused)
	}
}
