package webhooks

import (
	"container/heap"
	"time"
)

// eager says whether a request could be made now, if the app is known and a place is free.
func (q *queue) eager(now time.Time) bool {
	switch {
	case q.closed != "" || q.s.closed:
		return false
	case q.isDown():
		return q.flying == 0 && len(q.waiting)+len(q.ready) > 0 && !now.Before(q.probeAt)
	}
	return q.flying < q.width && (q.isDue(now) || len(q.ready) > 0 && !now.Before(q.flushAt()))
}

// isDue says whether a parcel is to be tried again.
func (q *queue) isDue(now time.Time) bool { return len(q.waiting) > 0 && !now.Before(q.waiting[0].at) }

// flushAt is when the events that are ready make a parcel.
func (q *queue) flushAt() time.Time {
	if !q.s.o.Batch || q.events >= batchEvents || q.bytes >= batchBytes {
		return time.Time{}
	}
	return q.ready[0].items[0].since.Add(q.s.o.BatchFor)
}

// pump begins what may be begun, and sets the alarm for what may be later.
func (q *queue) pump(now time.Time) {
	for q.eager(now) {
		if !q.t.isFresh(now) {
			q.t.ask(now) // and its answer comes here
			break
		}
		if !q.s.hasPlace(q) {
			q.s.lineUp(q)
			break
		}
		q.launch(now)
	}
	q.s.alarms.set(&q.alarm, q.dueAt(now))
}

// dueAt is when pump has something to do if nothing happens before; zero: never.
func (q *queue) dueAt(now time.Time) time.Time {
	var at time.Time
	switch {
	case q.closed != "" || q.s.closed || q.eager(now): // which waits for an answer or a place
	case q.isDown():
		if q.flying == 0 && len(q.waiting)+len(q.ready) > 0 {
			at = q.probeAt
		}
	case q.flying < q.width:
		if len(q.waiting) > 0 {
			at = q.waiting[0].at
		}
		if len(q.ready) > 0 {
			if flush := q.flushAt(); at.IsZero() || flush.Before(at) {
				at = flush
			}
		}
	}
	return at
}

// launch begins one attempt.
func (q *queue) launch(now time.Time) {
	p := q.pick(now)
	p.app, p.hook = q.t.app, q.hook
	p.flying, p.probe = true, q.isDown()
	if p.attempts++; p.firstAt.IsZero() {
		p.firstAt = now
	}
	q.flying++
	q.s.flights++
	if p.probe {
		q.s.probes++
	}
	q.s.work.launches = append(q.s.work.launches, p)
}

// pick takes what is tried next. While the webhook is down, what was never tried has its turn with what failed: it may
// be one event that brings the webhook down.
func (q *queue) pick(now time.Time) *parcel {
	again := q.isDue(now)
	if q.isDown() {
		again = len(q.waiting) > 0 && (len(q.ready) == 0 || !q.triedAgain)
		q.triedAgain = again
	}
	if again {
		return heap.Pop(&q.waiting).(*parcel)
	}
	return q.cut()
}

// hasPlace says whether one more request of q may be on its way. Those of webhooks that are down are half of all at most,
// since they may take all their time.
func (s *scheduler) hasPlace(q *queue) bool {
	return s.flights < s.o.Concurrency && (!q.isDown() || s.probes < max(s.o.Concurrency/2, 1))
}

// lineUp has q wait for a place.
func (s *scheduler) lineUp(q *queue) {
	switch {
	case q.inLine:
	case q.isDown():
		s.slow = append(s.slow, q)
	default:
		s.line = append(s.line, q)
	}
	q.inLine = true
}

// serve gives a place that has become free to who waits for it: one each, in turn.
func (s *scheduler) serve(now time.Time) {
	for _, line := range []*[]*queue{&s.line, &s.slow} {
		for n := len(*line); n > 0; n-- {
			q := (*line)[0]
			mayGo := q.eager(now) && q.t.isFresh(now)
			wrong := q.isDown() && line == &s.line // it has failed while it waited
			if mayGo && !wrong && !s.hasPlace(q) {
				break
			}
			(*line)[0] = nil
			*line = (*line)[1:]
			q.inLine = false
			if mayGo && !wrong {
				q.launch(now)
			}
			q.pump(now)
		}
	}
}
