package actors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

// at schedules for so long from now, cut to the second.
func at(d time.Duration) actors.Schedule {
	return actors.Schedule{Expression: time.Now().Add(d).UTC().Format("at(2006-01-02T15:04:05)")}
}

// scheduler are claims for everything on channel c, schedules for an hour included.
func scheduler(uid string) map[string]any {
	before := time.Now().Add(time.Hour).Unix()
	return map[string]any{
		"uid": uid,
		"channels": map[string]any{"c": map[string]any{
			"subscribe": true,
			"messages": map[string]any{
				"*":    map[string]any{"publish": true, "scheduleBefore": before, "store": -1},
				"echo": map[string]any{"echo": true},
			},
			"storage": map[string]any{"*": map[string]any{"observe": true, "get": true, "set": true, "scheduleBefore": before}},
		}},
	}
}

func TestAScheduleIsDueToTheSecond(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(scheduler("ann")), s.Connect(scheduler("bob"))
		for _, c := range []*actorstest.Client{ann, bob} {
			c.Send(subscribe("c"))
			c.Frames()
		}
		ann.Send(
			&actors.Publish{Channel: "c", Event: "chat", Data: []byte("1"), Schedule: at(3 * time.Second)},
			&actors.Publish{Channel: "c", Event: "echo", Data: []byte("2"), Schedule: at(40 * time.Minute)},
			&actors.SetStorage{Channel: "c", Key: "k", Data: []byte("3"), Schedule: at(40 * time.Minute)},
			&actors.Publish{Channel: "c", Event: "chat", Data: []byte("4"), Schedule: at(40 * time.Minute), Ref: "r1"},
			&actors.SetStorage{Channel: "c", Key: "k", Schedule: at(41 * time.Minute), Ref: "r2"},
		)
		frames := strings.Join(ann.Frames(), "|")
		if !strings.HasPrefix(frames, "ack c") && (!strings.Contains(frames, " r1 seq=4") || !strings.Contains(frames, " r2 seq=5")) {
			t.Errorf("acknowledged with %q", frames)
		}
		if n := ann.Completed(); n != 6 {
			t.Errorf("%d commands are completed", n)
		}
		bob.ExpectNone()
		time.Sleep(2999 * time.Millisecond)
		bob.ExpectNone()
		time.Sleep(time.Millisecond)
		bob.Expect("message c chat 1 uid=ann")
		ann.ExpectNone()
		time.Sleep(40*time.Minute - 3*time.Second - time.Millisecond)
		bob.ExpectNone()
		time.Sleep(time.Millisecond)
		bob.Expect("message c echo 2 uid=ann", "storage c k 3 uid=ann", "message c chat 4 uid=ann")
		ann.Expect("message c echo 2 uid=ann", "storage c k 3 uid=ann")
		ann.Hang()
		time.Sleep(time.Minute)
		bob.Expect("storage c k null uid=ann")
		bob.ExpectNone()
		st := s.Stats()
		if st.Scheduled != 5 || st.Ran != 5 || st.RanLate != 0 || st.Cancelled != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestWhoMaySchedule(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		now := time.Now()
		claims := func(before any) map[string]any {
			event, key := map[string]any{"broadcast": true}, map[string]any{"set": true}
			if before != nil {
				event["scheduleBefore"], key["scheduleBefore"] = before, before
			}
			return map[string]any{"channels": map[string]any{"c": map[string]any{
				"messages": map[string]any{"*": event}, "storage": map[string]any{"*": key}}}}
		}
		minute := now.Add(time.Minute).Unix()
		for _, tt := range []struct {
			name   string
			before any
			when   actors.Schedule
			want   string // the code; empty: accepted
		}{
			{"unset", nil, at(time.Second), "SCHEDULE_PERMISSION_DENIED"},
			{"zero", 0, at(time.Second), "SCHEDULE_PERMISSION_DENIED"},
			{"past", now.Add(-time.Second).Unix(), at(-time.Minute), "SCHEDULE_PERMISSION_DENIED"},
			{"now", now.Unix(), at(time.Second), "SCHEDULE_PERMISSION_DENIED"},
			{"later than the instant", minute, at(59 * time.Second), ""},
			{"the instant itself", minute, at(time.Minute), ""},
			{"earlier than the instant", minute, at(61 * time.Second), "SCHEDULE_PERMISSION_DENIED"},
			{"a past instant", minute, at(-time.Second), "INVALID_SCHEDULE"},
			{"a rate", minute, actors.Schedule{Expression: "rate(1 minute)"}, "INVALID_SCHEDULE"},
			{"a cron", minute, actors.Schedule{Expression: "cron(0 9 ? * MON *)"}, "INVALID_SCHEDULE"},
			{"no such day", minute, actors.Schedule{Expression: "at(2030-02-30T00:00:00)"}, "INVALID_SCHEDULE"},
			{"no such zone", minute, actors.Schedule{Expression: at(time.Second).Expression, Timezone: "Mars/Olympus"}, "INVALID_SCHEDULE"},
			{"a zone alone", nil, actors.Schedule{Timezone: "Mars/Olympus"}, ""},
			{"rubbish without the right", nil, actors.Schedule{Expression: "soon"}, "SCHEDULE_PERMISSION_DENIED"},
		} {
			ann := s.Connect(claims(tt.before))
			ann.Send(
				&actors.Publish{Channel: "c", Event: "e", Schedule: tt.when},
				&actors.SetStorage{Channel: "c", Key: "k", Data: []byte("1"), Schedule: tt.when},
			)
			var want []string
			if tt.want != "" {
				want = []string{"error c " + tt.want, "error c " + tt.want}
			}
			if got := ann.Frames(); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", tt.name, got, want)
			}
			ann.Hang()
		}
	})
}

// TestDowntimeDelaysAndLosesNothing: what was due while the server was down runs at once, in its order, once.
func TestDowntimeDelaysAndLosesNothing(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		for _, seconds := range []int{30, 10, 20, 4000} {
			r := &actors.PublishRequest{Channel: "c", Event: fmt.Sprint(seconds), Store: -1, Schedule: at(time.Duration(seconds) * time.Second)}
			if _, err := s.SchedulePublication(ctx, actorstest.App, r); err != nil {
				t.Fatal(err)
			}
		}
		events := func() string {
			result, err := s.List("c")
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(result, " ")
		}
		s.RestartAfter(15 * time.Second)
		synctest.Wait()
		if got := events(); got != "10" {
			t.Errorf("sent %q after 15 s of downtime", got)
		}
		s.RestartAfter(time.Hour)
		synctest.Wait()
		if got := events(); got != "10 20 30" {
			t.Errorf("sent %q after an hour", got)
		}
		for range 3 {
			s.Restart()
			synctest.Wait()
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := events(); got != "10 20 30 4000" {
			t.Errorf("in the end sent %q", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := s.Stats().Awake; n != 0 {
			t.Errorf("%d channels are awake", n)
		}
	})
}

func TestSchedulesAreListedReadAndCancelled(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		var ids []string
		for i := range 5 {
			r := &actors.SetStorageRequest{
				Channel: fmt.Sprintf("c%d", i%2), Key: fmt.Sprintf("k%d", i), Data: []byte("1"), Store: -1, Schedule: at(time.Hour),
			}
			scheduled, err := s.SchedulePublication(ctx, actorstest.App, r)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, scheduled.ID.String())
			time.Sleep(time.Second)
		}
		list := func(name string, limit int) string {
			var all []string
			after := ""
			for {
				page, err := s.Schedules(ctx, actorstest.App, name, after, limit)
				if err != nil {
					t.Fatal(err)
				}
				for _, info := range page.Items {
					all = append(all, info.Channel+"/"+info.Key)
					after = info.ID.String()
				}
				if !page.More {
					return strings.Join(all, " ")
				}
			}
		}
		for _, limit := range []int{0, 1, 2, 5, 1000} {
			if got := list("", limit); got != "c0/k0 c1/k1 c0/k2 c1/k3 c0/k4" {
				t.Errorf("pages of %d: %s", limit, got)
			}
			if got := list("c1", limit); got != "c1/k1 c1/k3" {
				t.Errorf("pages of %d of c1: %s", limit, got)
			}
		}
		if got := list("nobody", 0); got != "" {
			t.Error(got)
		}
		if _, err := s.Schedules(ctx, actorstest.App, "", "x", 0); !errors.Is(err, channel.ErrInvalidMessage) {
			t.Error(err)
		}
		if page, err := s.Schedules(ctx, "other", "", "", 0); err != nil || len(page.Items) != 0 {
			t.Errorf("another app sees %v %v", page, err)
		}
		info, err := s.Schedule(ctx, actorstest.App, ids[2])
		if err != nil || info.Key != "k2" || string(info.Data) != "1" || info.Channel != "c0" {
			t.Errorf("%+v %v", info, err)
		}
		s.Restart()
		if info, err = s.CancelSchedule(ctx, actorstest.App, ids[2]); err != nil || info.Key != "k2" {
			t.Errorf("%+v %v", info, err)
		}
		for _, id := range []string{ids[2], "", "x", strings.Repeat("0", 26)} {
			if _, err := s.CancelSchedule(ctx, actorstest.App, id); !errors.Is(err, channel.ErrScheduleNotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
		if _, err := s.Schedule(ctx, "other", ids[0]); !errors.Is(err, channel.ErrScheduleNotFound) {
			t.Errorf("another app reads it: %v", err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := list("", 0); got != "" {
			t.Errorf("left: %s", got)
		}
		entries, err := s.ListStorage(ctx, actorstest.App, actors.ListStorageRequest{Channel: "c0"})
		if err != nil || len(entries.Items) != 2 || entries.Items[1].Key != "k4" {
			t.Errorf("%+v %v", entries, err)
		}
		if st := s.Stats(); st.Cancelled != 1 || st.Ran != 4 {
			t.Errorf("%+v", st)
		}
	})
}

func TestWhatRecursGoesOn(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		r := &actors.PublishRequest{Channel: "c", Event: "tick", Store: -1, Schedule: actors.Schedule{Expression: "rate(1 minute)"}}
		if _, err := s.SchedulePublication(ctx, actorstest.App, r); !errors.Is(err, channel.ErrInvalidSchedule) {
			t.Errorf("a rate where none is allowed: %v", err)
		}
		r.Recurs = true
		rate, err := s.SchedulePublication(ctx, actorstest.App, r)
		if err != nil {
			t.Fatal(err)
		}
		r.Event, r.Schedule = "hour", actors.Schedule{Expression: "cron(0 0/1 * * ? *)", Timezone: "Asia/Tokyo"}
		if _, err := s.SchedulePublication(ctx, actorstest.App, r); err != nil {
			t.Fatal(err)
		}
		count := func(event string) (n int) {
			synctest.Wait()
			events, err := s.List("c")
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e == event {
					n++
				}
			}
			return n
		}
		time.Sleep(10*time.Minute + time.Millisecond)
		if n := count("tick"); n != 10 {
			t.Errorf("%d ticks in ten minutes", n)
		}
		s.RestartAfter(10 * time.Minute)
		if n := count("tick"); n != 11 {
			t.Errorf("%d ticks after ten minutes of downtime: what was missed runs once", n)
		}
		time.Sleep(time.Minute)
		if n := count("tick"); n != 12 {
			t.Errorf("%d ticks a minute later", n)
		}
		if _, err := s.CancelSchedule(ctx, actorstest.App, rate.ID.String()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*time.Hour - 21*time.Minute)
		if ticks, hours := count("tick"), count("hour"); ticks != 12 || hours != 2 {
			t.Errorf("%d ticks, %d hours after two hours", ticks, hours)
		}
	})
}

func TestSchedulesAreBounded(t *testing.T) {
	o := actors.Options{ScheduleRate: 1, ScheduleBurst: 3, Channel: channel.Options{MaxSchedules: 4}}
	bubble(t, o, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(scheduler("ann"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		later := &actors.Publish{Channel: "c", Event: "e", Schedule: at(30 * time.Minute)}
		ann.Send(later, later, later, later)
		ann.Expect("error c RATE_LIMITED")
		time.Sleep(2 * time.Second)
		ann.Send(later, later)
		ann.Expect("error c SCHEDULE_CAPACITY_REACHED")
		ann.ExpectNone()
		r := &actors.PublishRequest{Channel: "c", Event: "e", Schedule: at(time.Minute)}
		if _, err := s.SchedulePublication(context.Background(), actorstest.App, r); !errors.Is(err, channel.ErrScheduleCapacityReached) {
			t.Error(err)
		}
		if st := s.Stats(); st.Scheduled != 4 || st.FullRefusals != 2 || st.RateRefusals != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestTokensSchedulesAreBounded: each user for itself, all or none of what is asked for at once, and again with time.
func TestTokensSchedulesAreBounded(t *testing.T) {
	o := actors.Options{TokenScheduleRate: 1, TokenScheduleBurst: 3}
	bubble(t, o, func(t *testing.T, s *actorstest.Server) {
		may := func(app, who string, n int, want bool) {
			t.Helper()
			if err := s.MaySchedule(app, who, n); errors.Is(err, channel.ErrRateLimited) == want || err != nil && want {
				t.Errorf("%s %s %d: %v", app, who, n, err)
			}
		}
		may("a", "ann", 4, false)
		may("a", "ann", 2, true)
		may("a", "ann", 2, false)
		may("a", "ann", 1, true)
		may("a", "bob", 3, true)
		may("b", "ann", 3, true)
		time.Sleep(2 * time.Second)
		may("a", "ann", 3, false)
		may("a", "ann", 2, true)
		if n := s.Stats().TokenRateRefusals; n != 9 {
			t.Errorf("%d were refused", n)
		}
		// However many come, they are not all remembered.
		for i := range 1 << 17 {
			may("a", fmt.Sprint(i), 3, true)
		}
		if n := s.Stats().SchedulersForgotten; n != 2 {
			t.Errorf("all were forgotten %d times", n)
		}
	})
}

// TestManyDueAtOnce: all that is due in one second, on many channels that sleep, runs in that second.
func TestManyDueAtOnce(t *testing.T) {
	const channels, each = 50, 20
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		when := at(2 * time.Hour)
		for i := range channels * each {
			r := &actors.PublishRequest{Channel: fmt.Sprintf("c%d", i%channels), Event: fmt.Sprint(i / channels), Store: -1, Schedule: when}
			if _, err := s.SchedulePublication(context.Background(), actorstest.App, r); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2*time.Hour - time.Second)
		synctest.Wait()
		if st := s.Stats(); st.Ran != 0 || st.Awake != 0 || st.Alarms < channels {
			t.Errorf("a second before: %+v", st)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if st := s.Stats(); st.Ran != channels*each || st.RanLate != 0 || st.Alarms != 0 {
			t.Errorf("%d ran, %v late, %d alarms", st.Ran, st.RanLate, st.Alarms)
		}
		for i := range channels {
			events, err := s.List(fmt.Sprintf("c%d", i))
			if err != nil || len(events) != each || events[0] != "0" || events[each-1] != fmt.Sprint(each-1) {
				t.Fatalf("channel %d: %v %v", i, events, err)
			}
		}
	})
}
