package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var (
	cpuPerSchedule = Metric{ID: "cpu_us_per_schedule", Label: "CPU a schedule that runs", Unit: "µs"}
	scheduleRate   = Metric{ID: "schedules_per_s", Label: "schedules made", Unit: "/s", More: true}
)

var schedulesScenario = Scenario{
	Name:  "schedules",
	About: "A message is scheduled on each of many channels, all for the same second. When it comes, each is published once and kept: by its id that late, or heard that late by a subscriber.",
	Cases: func(size Size) []Case {
		asleep, awake := size.Sleeping/10, size.Idle/2
		cases := []Case{schedulesCase(fmt.Sprintf("%d channels, all asleep", asleep), scheduling{channels: asleep})}
		if size.Full {
			cases = append(cases, schedulesCase(fmt.Sprintf("%d channels with a subscriber each", awake), scheduling{channels: awake, subscribed: true}))
		}
		return cases
	},
}

func schedulesCase(name string, shape scheduling) Case {
	return Case{
		Name:     name,
		Peers:    ours,
		Settings: map[string]any{"limits.idle_after": "1s"},
		Takes:    shortestLead + time.Duration(shape.channels)*leadEach + time.Second,
		Metrics:  slices.Concat([]Metric{cpuPerSchedule}, quantiles("late", "late"), []Metric{scheduleRate}),
		Run: func(ctx context.Context, s *Stand) error {
			run := shape
			return run.run(ctx, s)
		},
	}
}

const (
	// The time between now and when all is due: for making the schedules, and for falling asleep.
	shortestLead = 4 * time.Second
	leadEach     = 500 * time.Microsecond
	// running is how long nothing is asked of the server once all is due.
	running = 300 * time.Millisecond
	askers  = 16
)

// scheduling is one moment at which much is due.
type scheduling struct {
	channels   int
	subscribed bool

	stand   *Stand
	dialect peers.Schedules
	late    *load.Latency
	due     time.Time
	dueAt   int64 // the same, as of load.Now
	heard   []int // by channel
}

func scheduledChannel(i int) string { return fmt.Sprintf("due.%06d", i) }

func (r *scheduling) run(ctx context.Context, s *Stand) (err error) {
	r.stand, r.late, r.heard = s, s.Sample.latency("late"), make([]int, r.channels)
	var ok bool
	if r.dialect, ok = s.dialect.(peers.Schedules); !ok {
		return fmt.Errorf("%s has no schedules", s.Peer.Name)
	}
	if r.subscribed {
		if err := r.subscribe(ctx); err != nil {
			return err
		}
	}
	if err := r.make(ctx); err != nil {
		return err
	}
	if !r.subscribed {
		if err := s.allAsleep(ctx); err != nil {
			return err
		}
	}
	if left := time.Until(r.due); left < 100*time.Millisecond {
		return fmt.Errorf("due in %s already: the schedules took too long to make", left)
	}
	if err := s.idle(ctx, time.Until(r.due)-100*time.Millisecond); err != nil {
		return err
	}
	var cpu, idle time.Duration
	profile := s.profile(ctx, s.Size.Warm+s.Size.Window)
	s.used(&cpu, &idle, -1)
	if err := r.wait(ctx); err != nil {
		return err
	}
	s.used(&cpu, &idle, +1)
	s.keep(profile)
	s.Sample.set(cpuPerSchedule, float64(cpu.Nanoseconds())/float64(r.channels)/1e3)
	s.loop.Rest()
	return r.check(ctx)
}

func (r *scheduling) subscribe(ctx context.Context) error {
	_, err := r.stand.connect(ctx, count(r.channels, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("hearer.%06d", i), Channel: scheduledChannel(i), Rights: peers.Subscribe}
	}), func(i int) frameFunc {
		var own stamp
		return func(c *client, kind peers.Kind, payload []byte, at int64) {
			if n, ok := own.read(payload); kind != peers.Message || !ok || n != i || at < r.dueAt || r.heard[i] > 0 {
				r.stand.fail("%s did not expect %s", c.who.UID, payload)
				return
			}
			r.heard[i]++
			r.late.Add(at - r.dueAt)
		}
	})
	return err
}

// make makes the schedules, in one call after another.
func (r *scheduling) make(ctx context.Context) error {
	lead := shortestLead + time.Duration(r.channels)*leadEach
	r.due = time.Now().Add(lead + time.Second).Truncate(time.Second)
	r.dueAt = load.Now() + int64(time.Until(r.due))
	names := make([]string, r.channels)
	for i := range names {
		names[i] = scheduledChannel(i)
	}
	began := load.Now()
	if err := r.dialect.Schedule(ctx, r.stand.server, r.due, names, appendPayload); err != nil {
		return err
	}
	r.stand.Sample.set(scheduleRate, float64(r.channels)*1e9/float64(load.Now()-began))
	return nil
}

// wait waits until the time has come and the server is quiet again.
func (r *scheduling) wait(ctx context.Context) error {
	s := r.stand
	if err := s.idle(ctx, time.Until(r.due)+running); err != nil {
		return err
	}
	const slice = 200 * time.Millisecond
	for range int(drained / slice) {
		before, err := s.server.CPU()
		if err != nil {
			return err
		}
		if err := s.idle(ctx, slice); err != nil {
			return err
		}
		after, err := s.server.CPU()
		if err != nil {
			return err
		}
		if after-before < slice/20 {
			return nil
		}
	}
	return fmt.Errorf("the server is still busy %s after everything was due", drained)
}

// A ran schedule is what a channel keeps of it.
type ran struct {
	channel int
	late    time.Duration
	err     error
}

// check reads every channel: each must keep its message, once.
func (r *scheduling) check(ctx context.Context) error {
	s := r.stand
	c := hire(ctx, askers, func(ctx context.Context, first int, tell func(ran)) {
		for i := first; i < r.channels && ctx.Err() == nil; i += askers {
			tell(r.read(ctx, i))
		}
	})
	defer c.dismiss()
	return s.await(ctx, time.Minute, "every channel read", func() bool {
		c.hear(func(one ran) {
			switch {
			case one.err != nil:
				s.fail("%s: %w", scheduledChannel(one.channel), one.err)
			case r.subscribed && r.heard[one.channel] != 1:
				s.fail("%s keeps what its subscriber has not heard", scheduledChannel(one.channel))
			case !r.subscribed:
				r.late.Add(int64(one.late))
			}
		})
		return c.finished()
	})
}

func (r *scheduling) read(ctx context.Context, i int) (one ran) {
	one.channel = i
	page, err := r.dialect.Page(ctx, r.stand.server, scheduledChannel(i), "")
	if err != nil {
		one.err = err
		return one
	}
	if numbers := stamps(page.Body); len(page.IDs) != 1 || len(numbers) != 1 || numbers[0] != i {
		one.err = fmt.Errorf("it keeps %v where %d was due, once", numbers, i)
		return one
	}
	at, err := r.dialect.Published(page.IDs[0])
	one.late, one.err = at.Sub(r.due), err
	if err == nil && one.late < 0 {
		one.err = fmt.Errorf("published %s too early", -one.late)
	}
	return one
}
