package actors

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dormouse/actors/channel"
)

// maxSchedulers bounds whose schedules are counted. Who makes uids up needs somebody who signs them.
const maxSchedulers = 1 << 16

// A scheduleLimit bounds how fast those schedule who show a token and have no connection that could be held to it: a
// bucket for each of them. What they schedule is kept for as long as they please, on as many channels as their token
// names.
type scheduleLimit struct {
	rate  rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newScheduleLimit(o *Options) *scheduleLimit {
	return &scheduleLimit{rate: rate.Limit(o.TokenScheduleRate), burst: o.TokenScheduleBurst, buckets: make(map[string]*rate.Limiter)}
}

// take says whether who may make n schedules at that time, all or none.
func (l *scheduleLimit) take(who string, n int, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.buckets[who]
	if bucket == nil {
		if len(l.buckets) >= maxSchedulers {
			l.forget(at)
		}
		bucket = rate.NewLimiter(l.rate, l.burst)
		l.buckets[who] = bucket
	}
	return bucket.AllowN(at, n)
}

// forget drops the buckets that are full again, which say nothing any more, and if all of them still do, all.
func (l *scheduleLimit) forget(at time.Time) {
	for who, bucket := range l.buckets {
		if bucket.TokensAt(at) >= float64(l.burst) {
			delete(l.buckets, who)
		}
	}
	if len(l.buckets) >= maxSchedulers {
		clear(l.buckets)
	}
}

// MaySchedule counts n schedules that somebody is about to make by a token, without a connection, all or none of
// them. who is the same for all the tokens of one user of the app, and is not shown to anybody.
//
// Errors: channel.ErrRateLimited.
func (s *System) MaySchedule(app, who string, n int) error {
	if s.schedulers.take(app+"\x00"+who, n, s.clock.now()) {
		return nil
	}
	s.stats.tokenSchedulesLimited.Add(uint64(n))
	o := &s.options
	return channel.ErrRateLimited.With("Slow down: the tokens of one user may schedule %v times a second, and %d at once.", o.TokenScheduleRate, o.TokenScheduleBurst)
}
