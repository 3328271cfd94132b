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
	slowMemory  = Metric{ID: "rss_slow_mib", Label: "RSS at most while some are slow, over before", Unit: "MiB"}
	timesFast   = Metric{ID: "p99_times_fast", Label: "healthy p99 beside slow ones, times without", Unit: "×"}
	cutOff      = Metric{ID: "cut_off_ms", Label: "until the last slow one is cut off", Unit: "ms"}
	slowCPU     = Metric{ID: "cpu_slow_s_per_million", Label: "CPU a million healthy deliveries, beside slow ones", Unit: "s"}
	fastCPU     = Metric{ID: "cpu_fast_s_per_million", Label: "the same without", Unit: "s"}
	slowOnesCut = Metric{ID: "cut_off", Label: "slow ones cut off", More: true}
)

var slowScenario = Scenario{
	Name:  "slow",
	About: "Somebody publishes 8 KiB 200 times a second to 100 subscribers who read. Then 20 more are there who stop reading: they must be cut off, and the others must not notice.",
	Cases: func(size Size) []Case {
		return []Case{{
			Name:  "100 healthy, 20 slow",
			Takes: 2*size.Window + 3*time.Second,
			Peers: ours,
			Metrics: slices.Concat([]Metric{slowMemory, timesFast}, quantiles("without", "without slow ones"),
				quantiles("beside", "beside slow ones"), []Metric{fastCPU, slowCPU, cutOff, slowOnesCut, othersBusy}),
			Run: func(ctx context.Context, s *Stand) error {
				return (&slowness{stand: s, healthy: 100, slow: 20}).run(ctx)
			},
		}}
	},
}

const (
	slowPayload   = 8 << 10
	slowPerSecond = 200
	slowChannel   = "slow.000000"
	// outboxSize is what one client may leave waiting by the server's defaults, and outboxSlack by how much more
	// it holds for a moment when it is itself behind; aside is for everything else that grows meanwhile.
	outboxSize  = 1 << 20
	outboxSlack = 4
	aside       = 64 << 20
	// slowPatience is how long the slow ones may stay.
	slowPatience = 30 * time.Second
	memoryEvery  = int64(250 * time.Millisecond)
)

// slowness is one publisher in an open loop, subscribers who read, and some who stop.
type slowness struct {
	stand         *Stand
	healthy, slow int

	writer  *client
	sent    int
	at      [messages]int64 // when each of the last messages was due
	latency *load.Latency   // of the present measurement
	hearers []*slowHearer   // the healthy ones, then the slow ones
	cut     int
	lastCut int64
	most    int64 // memory
}

type slowHearer struct {
	slowness *slowness
	seen     sequence
	stamp    stamp
	isSlow   bool
	client   *client
}

func (r *slowness) run(ctx context.Context) error {
	s := r.stand
	if err := r.connect(ctx, r.healthy, false); err != nil {
		return err
	}
	writers, err := s.connect(ctx, []peers.Client{{UID: "writer", Channel: slowChannel, Rights: peers.Publish}},
		func(int) frameFunc { return func(*client, peers.Kind, []byte, int64) {} })
	if err != nil {
		return err
	}
	r.writer = writers[0]
	if err := r.measure(ctx, "without"); err != nil {
		return err
	}
	s.Sample.set(fastCPU, s.window.cpuPer()/1e3)
	if err := r.connect(ctx, r.slow, true); err != nil {
		return err
	}
	before, err := s.server.RSS()
	if err != nil {
		return err
	}
	began := load.Now()
	for _, h := range r.hearers[r.healthy:] {
		h.client.conn.Pause()
	}
	if err := r.measure(ctx, "beside"); err != nil {
		return err
	}
	s.Sample.set(slowCPU, s.window.cpuPer()/1e3)
	if err := r.cutAll(ctx, began); err != nil {
		return err
	}
	s.Sample.set(timesFast, s.Sample.latency("beside").At(99)/s.Sample.latency("without").At(99))
	s.Sample.set(cutOff, float64(r.lastCut-began)/1e6)
	s.Sample.set(slowOnesCut, float64(r.cut))
	s.Sample.set(slowMemory, float64(r.most-before)/(1<<20))
	if bound := int64(r.slow*outboxSlack*outboxSize + aside); r.most-before > bound {
		return fmt.Errorf("memory grew by %d MiB; %d clients may make it grow by %d", (r.most-before)>>20, r.slow, bound>>20)
	}
	return nil
}

// connect adds n hearers, whose first message is the next one.
func (r *slowness) connect(ctx context.Context, n int, slow bool) error {
	first := len(r.hearers)
	for range n {
		r.hearers = append(r.hearers, &slowHearer{slowness: r, isSlow: slow, seen: sequence{next: r.sent}})
	}
	clients, err := r.stand.connect(ctx, count(n, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("hearer.%06d", first+i), Channel: slowChannel, Rights: peers.Subscribe}
	}), func(i int) frameFunc { return r.hearers[first+i].frame })
	for i, c := range clients {
		h := r.hearers[first+i]
		h.client = c
		if slow {
			c.cut = func(error) { r.isCut() }
		}
	}
	return err
}

func (r *slowness) isCut() {
	r.cut++
	r.lastCut = load.Now()
}

// measure publishes for a window, and waits until the healthy ones have heard everything.
func (r *slowness) measure(ctx context.Context, name string) error {
	s := r.stand
	r.latency = s.Sample.latency(name)
	if err := s.measure(ctx, "healthy deliveries/s", r.sender()); err != nil {
		return err
	}
	return s.await(ctx, drained, "everything heard by those who read", r.complete)
}

// sender publishes what is due, and looks at the memory now and then.
func (r *slowness) sender() func(now int64) int64 {
	pace, look := load.NewPace(load.Now(), slowPerSecond), int64(0)
	return func(now int64) int64 {
		for at, ok := pace.Due(now); ok; at, ok = pace.Due(now) {
			r.at[r.sent%messages] = at
			r.writer.publishOf(r.sent, slowPayload)
			r.sent++
		}
		if now >= look {
			look = now + memoryEvery
			rss, err := r.stand.server.RSS()
			if err != nil {
				r.stand.fail("%w", err)
			}
			r.most = max(r.most, rss)
		}
		return pace.Next()
	}
}

// cutAll goes on until all slow ones have been cut off. An end in good order is seen only by who reads on:
// towards the end of their time they do. Who is not cut off then has missed nothing, and is a fault all the same.
func (r *slowness) cutAll(ctx context.Context, began int64) error {
	s := r.stand
	send, woken := r.sender(), false
	err := s.run(ctx, func(now int64) (int64, bool) {
		if !woken && now-began > int64(slowPatience) {
			woken = true
			for _, h := range r.hearers[r.healthy:] {
				h.client.conn.Resume()
			}
		}
		return send(now), r.cut == r.slow || now-began > int64(slowPatience+drained)
	})
	if err != nil {
		return err
	}
	if r.cut < r.slow {
		return fmt.Errorf("%d of %d who stopped reading are still connected after %s", r.slow-r.cut, r.slow, slowPatience)
	}
	return s.await(ctx, drained, "everything heard by those who read", r.complete)
}

func (r *slowness) complete() bool {
	return !slices.ContainsFunc(r.hearers[:r.healthy], func(h *slowHearer) bool { return h.seen.next < r.sent })
}

// frame takes a message. What slow ones still get is in order too.
func (h *slowHearer) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	r := h.slowness
	s := r.stand
	n, ok := h.stamp.read(payload)
	if kind != peers.Message || !ok {
		s.fail("%s did not expect %.200s", c.who.UID, payload)
		return
	}
	if err := h.seen.take(n); err != nil {
		s.fail("%s: %w", c.who.UID, err)
		return
	}
	if h.isSlow {
		return
	}
	if r.sent-n > messages {
		s.fail("%s reads, and is %d messages behind", c.who.UID, r.sent-n)
		return
	}
	s.window.took(r.latency, r.at[n%messages], at)
	s.window.add(at, 1)
}
