package actors

import (
	"context"
	"errors"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/time/rate"

	"dormouse/actors/channel"
	"dormouse/actors/schedule"
)

// A Schedule delays a command's effect. The zero value: now.
type Schedule struct{ Expression, Timezone string }

// SchedulePublication keeps a backend's message or write until its Schedule is due, and returns once that is
// durable. The names must have been checked.
//
// Errors: channel.ErrInvalidSchedule, any other *channel.Error, or ctx's: then it may be kept or not.
func (s *System) SchedulePublication(ctx context.Context, app string, r Publication) (*channel.Scheduled, error) {
	if s.tooBusy() {
		return nil, channel.ErrUnavailable
	}
	result, err := s.askAndWait(ctx, channelAddress(app, r.target()), r.command(s))
	if err != nil {
		return nil, err
	}
	scheduled, ok := result.(*channel.Scheduled)
	if !ok {
		return nil, channel.ErrInvalidSchedule.With("There is no schedule.")
	}
	return scheduled, nil
}

// later returns what the channel is told: cmd, or that the schedule is refused.
func (w Schedule) later(cmd *channel.Schedule, recurs bool) any {
	if err := w.into(cmd, recurs); err != nil {
		return refusal{err}
	}
	return cmd
}

// Allowed says whether a token lets somebody schedule this at now: once, and no later than its scheduleBefore,
// before. Zero forbids it, and so does one that has passed.
//
// Errors: channel.ErrScheduleDenied, channel.ErrInvalidSchedule, also of an instant that has passed.
func (w Schedule) Allowed(before, now time.Time) error {
	if err := w.allowed(&channel.Schedule{}, before, now); err != nil {
		return err
	}
	return nil
}

// allowed is Allowed, and gives the schedule to cmd.
func (w Schedule) allowed(cmd *channel.Schedule, before, now time.Time) *channel.Error {
	if before.IsZero() || !before.After(now) {
		return channel.ErrScheduleDenied.With("Not allowed to schedule.")
	}
	if err := w.into(cmd, false); err != nil {
		return err
	}
	due, err := cmd.First(now)
	if err != nil {
		return err
	}
	if due.After(before) {
		return channel.ErrScheduleDenied.With("Not allowed to schedule that far: %s is after %s.",
			due.Format(time.RFC3339), before.UTC().Format(time.RFC3339))
	}
	return nil
}

// into reads the schedule and gives it to cmd.
func (w Schedule) into(cmd *channel.Schedule, recurs bool) *channel.Error {
	when, err := schedule.Parse(w.Expression, w.Timezone)
	switch {
	case err != nil:
		return channel.ErrInvalidSchedule.With("%s.", err)
	case when.Recurs() && !recurs:
		return channel.ErrInvalidSchedule.With("scheduleExpression must be at(YYYY-MM-DDThh:mm:ss) here: what recurs is scheduled by POST /schedules.")
	}
	cmd.When, cmd.Expression, cmd.Timezone = when, w.Expression, w.Timezone
	return nil
}

// later makes a client's operation one that is scheduled, if its token lets it be scheduled that far.
func (a *connectionActor) later(w Schedule, before time.Time, cmd *channel.Schedule) (*channel.Schedule, *channel.Error) {
	now := a.system.clock.now()
	if err := w.allowed(cmd, before, now); err != nil {
		return nil, err
	}
	o := &a.system.options
	if a.schedules == nil {
		a.schedules = rate.NewLimiter(rate.Limit(o.ScheduleRate), o.ScheduleBurst)
	}
	if !a.schedules.AllowN(now, 1) {
		a.system.stats.schedulesLimited.Add(1)
		return nil, channel.ErrRateLimited.With("Slow down: a connection may schedule %v times a second, and %d at once.", o.ScheduleRate, o.ScheduleBurst)
	}
	return cmd, nil
}

// maxSchedulePage is how many schedules one page has at most.
const maxSchedulePage = 100

// Schedules reads a page of an app's schedules, or of one channel's if name is not empty, in the order in which
// they were made, without their data. after is the id of the last of the page before; limit is 1 to 100, 0: 100.
// What an app has is read as it is committed, durable or not.
//
// Errors: *channel.Error, ctx's, or a fault.
func (s *System) Schedules(ctx context.Context, app, name, after string, limit int) (*channel.Schedules, error) {
	var from ulid.ULID
	if after != "" {
		var err error
		if from, err = ulid.ParseStrict(after); err != nil {
			return nil, channel.ErrInvalidMessage.With("after must be a schedule's id, 26 characters.")
		}
	}
	if limit < 1 || limit > maxSchedulePage {
		limit = maxSchedulePage
	}
	if name != "" {
		result, err := s.askAndWait(ctx, channelAddress(app, name), &channel.ListSchedules{After: from, Limit: limit})
		if err != nil {
			return nil, err
		}
		return result.(*channel.Schedules), nil
	}
	key := ""
	if after != "" {
		key = channel.ScheduleListing + string(from[:])
	}
	page := &channel.Schedules{}
	var bad error
	err := s.options.Store.Listing(app, channel.ScheduleListing, key, func(key string, value []byte) bool {
		if len(page.Items) == limit {
			page.More = true
			return false
		}
		info, err := channel.ListedSchedule(key, value)
		if bad = err; bad != nil {
			return false
		}
		page.Items = append(page.Items, *info)
		return true
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, err
	}
	return page, nil
}

// Schedule reads one schedule with everything that it will do.
//
// Errors: channel.ErrScheduleNotFound, any other *channel.Error, ctx's, or a fault.
func (s *System) Schedule(ctx context.Context, app, id string) (*channel.ScheduleInfo, error) {
	return s.askSchedule(ctx, app, id, func(id ulid.ULID) any { return &channel.GetSchedule{ID: id} })
}

// CancelSchedule takes a schedule back, so that it does nothing any more, and returns once that is durable,
// with what it would have done.
//
// Errors: those of Schedule.
func (s *System) CancelSchedule(ctx context.Context, app, id string) (*channel.ScheduleInfo, error) {
	info, err := s.askSchedule(ctx, app, id, func(id ulid.ULID) any { return &channel.CancelSchedule{ID: id} })
	if err == nil {
		s.stats.cancelled.Add(1)
	}
	return info, err
}

// askSchedule asks the channel that a schedule belongs to.
func (s *System) askSchedule(ctx context.Context, app, id string, cmd func(ulid.ULID) any) (*channel.ScheduleInfo, error) {
	parsed, err := ulid.ParseStrict(id)
	if err != nil {
		return nil, channel.ErrScheduleNotFound
	}
	key := channel.ScheduleListing + string(parsed[:])
	value, err := s.options.Store.Listed(app, key)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, channel.ErrScheduleNotFound
	}
	info, err := channel.ListedSchedule(key, value)
	if err != nil {
		return nil, err
	}
	result, err := s.askAndWait(ctx, channelAddress(app, info.Channel), cmd(parsed))
	if err != nil {
		return nil, err
	}
	return result.(*channel.ScheduleInfo), nil
}
