package actors

import (
	"dormouse/actors/channel"
	"dormouse/actors/limit"
)

// newSchedulers bounds how fast those schedule who show a token and have no connection that could be held to it: a
// bucket for each of them. What they schedule is kept for as long as they please, on as many channels as their token
// names. Who makes uids up to have more buckets needs somebody who signs them.
func newSchedulers(o *Options, s *stats) *limit.Buckets {
	return limit.NewBuckets(o.TokenScheduleRate, o.TokenScheduleBurst, func() { s.schedulersForgotten.Add(1) })
}

// MaySchedule counts n schedules that somebody is about to make by a token, without a connection, all or none of
// them. who is the same for all the tokens of one user of the app, and is not shown to anybody.
//
// Errors: channel.ErrRateLimited.
func (s *System) MaySchedule(app, who string, n int) error {
	if s.schedulers.Take(app+"\x00"+who, n, s.clock.now()) {
		return nil
	}
	s.stats.tokenSchedulesLimited.Add(uint64(n))
	o := &s.options
	return channel.ErrRateLimited.With("Slow down: the tokens of one user may schedule %v times a second, and %d at once.", o.TokenScheduleRate, o.TokenScheduleBurst)
}
