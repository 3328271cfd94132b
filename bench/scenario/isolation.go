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
	timesQuiet = Metric{ID: "p99_times_quiet", Label: "p99 in the flood, times quiet", Unit: "×"}
	floodRate  = Metric{ID: "flood_per_s", Label: "messages in the flood", Unit: "/s", Neutral: true}
	panicCount = Metric{ID: "panics", Label: "panics during the flood", Neutral: true}
)

var isolationScenario = Scenario{
	Name:  "isolation",
	About: "Somebody publishes 200 times a second on one channel, while another is quiet or flooded with 50,000 messages a second, in turn. On the panicking server a third panics without end during the flood.",
	Cases: func(Size) []Case {
		return []Case{{
			Name:  "50,000 messages a second next door",
			Peers: []string{peers.Ours, peers.Panicking, peers.Joined},
			Takes: 5 * time.Second,
			Metrics: slices.Concat([]Metric{timesQuiet}, quantiles("quiet", "quiet"), quantiles("flooded", "flooded"),
				[]Metric{floodRate, panicCount}),
			Run: func(ctx context.Context, s *Stand) error { return (&isolation{stand: s}).run(ctx) },
		}}
	},
}

const (
	flooders      = 4
	floodPerSec   = 50_000
	probePerSec   = 200
	floodTurns    = 3 // of quiet and flood each
	settlingNanos = int64(300 * time.Millisecond)
)

// isolation publishes on a channel of its own, and measures until its subscriber hears.
type isolation struct {
	stand   *Stand
	window  window          // of the present turn
	latency *load.Latency   // of the probes that were due in it
	due     [messages]int64 // by number of the probe
	sent    int
	probe   sequence
	stamp   stamp

	heard    int // of the flood
	flooding bool
	panicker *client // nil: nothing panics
	panics   int
}

func (r *isolation) run(ctx context.Context) error {
	s := r.stand
	clients, err := s.connect(ctx, []peers.Client{
		{UID: "hearer.third", Channel: "third", Rights: peers.Subscribe},
		{UID: "hearer.flood", Channel: "flood", Rights: peers.Subscribe},
		{UID: "writer.third", Channel: "third", Rights: peers.Publish},
	}, func(i int) frameFunc {
		return []frameFunc{r.hear, r.count, func(*client, peers.Kind, []byte, int64) {}}[i]
	})
	if err != nil {
		return err
	}
	flood, err := s.connect(ctx, count(flooders, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("flooder.%06d", i), Channel: "flood", Rights: peers.Publish}
	}), func(int) frameFunc { return func(*client, peers.Kind, []byte, int64) {} })
	if err != nil {
		return err
	}
	if s.Peer.Name == peers.Panicking {
		if err := r.connectPanicker(ctx); err != nil {
			return err
		}
	}
	quiet, flooded := s.Sample.latency("quiet"), s.Sample.latency("flooded")
	var counted int
	var spent time.Duration
	for range floodTurns {
		if _, _, err := r.turn(ctx, clients[2], nil, quiet); err != nil {
			return err
		}
		n, d, err := r.turn(ctx, clients[2], flood, flooded)
		if err != nil {
			return err
		}
		counted, spent = counted+n, spent+d
	}
	s.Sample.set(timesQuiet, flooded.At(99)/quiet.At(99))
	s.Sample.set(floodRate, float64(counted)/spent.Seconds())
	if s.Peer.Name == peers.Panicking && r.panics == 0 {
		return fmt.Errorf("%s answered without a panic", s.Peer.Name)
	}
	s.Sample.set(panicCount, float64(r.panics))
	return nil
}

// connectPanicker connects a client for a channel that panics at each command. While the flood is on it sends one
// after the other, each for the refusal of the last.
func (r *isolation) connectPanicker(ctx context.Context) error {
	s := r.stand
	clients, err := s.connect(ctx, []peers.Client{{UID: "panicker", Channel: peers.PanicPrefix + "x", Rights: peers.Set}},
		func(int) frameFunc {
			return func(c *client, _ peers.Kind, payload []byte, _ int64) {
				s.fail("%s did not expect %s", c.who.UID, payload)
			}
		})
	if err != nil {
		return err
	}
	r.panicker = clients[0]
	r.panicker.refused = func() {
		r.panics++
		r.panic()
	}
	return nil
}

func (r *isolation) panic() {
	if r.flooding && r.panicker != nil {
		r.panicker.set(r.panicker.who.Channel, "key", r.panics)
	}
}

// turn probes for half a window; the flooders flood at the same time. What is sent while a turn settles
// does not count. It returns how much of the flood was heard, and in which time.
func (r *isolation) turn(ctx context.Context, writer *client, flood []*client, l *load.Latency) (heard int, took time.Duration, err error) {
	began := load.Now()
	r.latency, r.window = l, window{} // nothing counts yet
	probes, drops := load.NewPace(began, probePerSec), load.NewPace(began, floodPerSec)
	sent := 0
	r.flooding = len(flood) > 0
	r.panic()
	err = r.stand.run(ctx, func(now int64) (int64, bool) {
		if w := &r.window; w.to == 0 && now >= began+settlingNanos {
			r.heard = 0
			w.from, w.to = now, now+int64(r.stand.Size.Window)/2 // a whole one, however late it begins
		} else if w.to > 0 && now >= w.to {
			heard, took = r.heard, time.Duration(now-w.from)
			r.flooding = false
			return 0, true
		}
		for at, ok := probes.Due(now); ok; at, ok = probes.Due(now) {
			r.due[r.sent%messages] = at
			writer.publish(r.sent)
			r.sent++
		}
		if len(flood) == 0 {
			return probes.Next(), false
		}
		for _, ok := drops.Due(now); ok; _, ok = drops.Due(now) {
			flood[sent%len(flood)].publish(0)
			sent++
		}
		return min(probes.Next(), now+int64(time.Millisecond)), false // a message alone is no flood
	})
	if err == nil {
		err = r.stand.await(ctx, drained, "every probe heard", func() bool { return r.probe.next == r.sent })
	}
	return heard, took, err
}

func (r *isolation) hear(c *client, kind peers.Kind, payload []byte, at int64) {
	n, ok := r.stamp.read(payload)
	if kind != peers.Message || !ok {
		r.stand.fail("%s did not expect %s", c.who.UID, payload)
		return
	}
	if err := r.probe.take(n); err != nil {
		r.stand.fail("%s: %w", c.who.UID, err)
		return
	}
	if r.sent-n > messages {
		r.stand.fail("%s is %d probes behind", c.who.UID, r.sent-n)
		return
	}
	r.window.took(r.latency, r.due[n%messages], at)
}

func (r *isolation) count(_ *client, kind peers.Kind, _ []byte, _ int64) {
	if kind == peers.Message {
		r.heard++
	}
}
