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
	cpuPerReturn = Metric{ID: "cpu_us_per_return", Label: "CPU a client that comes back", Unit: "µs"}
	allBack      = Metric{ID: "all_back_ms", Label: "until all are subscribed", Unit: "ms"}
	allTold      = Metric{ID: "all_told_ms", Label: "and have all entries", Unit: "ms"}
	backRate     = Metric{ID: "returns_per_s", Label: "clients subscribed", Unit: "/s", More: true}
)

var stormScenario = Scenario{
	Name:  "storm",
	About: "Clients are subscribed, ten to a channel. The server is stopped and started again on its data, and all of them come back in the same moment, each with its token and its subscribe.",
	Cases: func(size Size) []Case {
		return []Case{
			stormCase(fmt.Sprintf("%d clients, nothing stored", size.Idle), size.Idle, 0, holders(size.Idle)),
			stormCase(fmt.Sprintf("%d clients, ten entries in each channel", size.Idle), size.Idle, entriesEach, ours),
		}
	},
}

func stormCase(name string, clients, entries int, who []string) Case {
	about := []Metric{cpuPerReturn, allBack}
	if entries > 0 {
		about = append(about, allTold)
	}
	return Case{
		Name: name, Peers: who,
		Metrics: slices.Concat(about, []Metric{backRate}, quantiles("back", "subscribed"), []Metric{startTime, loadBusy}),
		Run: func(ctx context.Context, s *Stand) error {
			return (&storm{stand: s, clients: clients, entries: entries}).run(ctx)
		},
	}
}

const (
	clientsEach = 10
	// returning is how many connections are on their way at once: all there are, but no more than a listener
	// lets wait by Linux's own bound, beyond which a client tries again only a second later.
	returning = 4000
)

// storm is clients that come back.
type storm struct {
	stand    *Stand
	clients  int
	entries  int // of each channel
	returned []*returner
	told     int // entries, to all clients
	lastTold int64
}

// A returner gets every entry of its channel once, in the order of their keys.
type returner struct {
	storm   *storm
	channel int
	entries sequence
	stamp   stamp
}

func stormChannel(i int) string { return fmt.Sprintf("storm.%06d", i) }

func (r *storm) run(ctx context.Context) error {
	s := r.stand
	channels := (r.clients + clientsEach - 1) / clientsEach
	if r.entries > 0 {
		_, err := s.fill(ctx, peers.Client{Channel: "storm.*", Rights: peers.Set}, channels*r.entries, func(n int) (channel, key string) {
			return stormChannel(n / r.entries), sleeperKey(n % r.entries)
		})
		if err != nil {
			return err
		}
	}
	clients := count(r.clients, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("client.%06d", i), Channel: stormChannel(i / clientsEach), Rights: peers.Subscribe}
	})
	if err := r.connect(ctx, opening, clients); err != nil {
		return err
	}
	started, err := s.restart(ctx)
	if err != nil {
		return err
	}
	s.Sample.set(startTime, float64(started.Microseconds())/1e3)
	return r.comeBack(ctx, clients)
}

// connect opens all clients and waits until they have all entries.
func (r *storm) connect(ctx context.Context, atOnce int, clients []peers.Client) error {
	r.returned, r.told = nil, 0
	for i := range clients {
		r.returned = append(r.returned, &returner{storm: r, channel: i / clientsEach})
	}
	if _, err := r.stand.connectAtOnce(ctx, atOnce, clients, func(i int) frameFunc { return r.returned[i].frame }); err != nil {
		return err
	}
	return r.stand.await(ctx, drained, "every entry told", func() bool { return r.told == len(clients)*r.entries })
}

func (r *storm) comeBack(ctx context.Context, clients []peers.Client) error {
	s := r.stand
	back := s.Sample.latency("back")
	var cpu, idle time.Duration
	profile := s.profile(ctx, s.Size.Warm+s.Size.Window)
	s.used(&cpu, &idle, -1)
	began := load.Now()
	last := began
	s.subscribed = func(at int64) {
		back.Add(at - began)
		last = at
	}
	if err := r.connect(ctx, returning, clients); err != nil {
		return err
	}
	took := load.Now() - began
	s.used(&cpu, &idle, +1)
	s.keep(profile)
	n := float64(len(clients))
	s.Sample.set(cpuPerReturn, float64(cpu.Nanoseconds())/n/1e3)
	s.Sample.set(allBack, float64(last-began)/1e6)
	if r.entries > 0 {
		s.Sample.set(allTold, float64(r.lastTold-began)/1e6)
	}
	s.Sample.set(backRate, n*1e9/float64(last-began))
	s.Sample.set(loadBusy, 100*(1-float64(idle.Nanoseconds())/float64(took)))
	return nil
}

func (c *returner) frame(_ *client, kind peers.Kind, payload []byte, at int64) {
	r := c.storm
	n, ok := c.stamp.read(payload)
	if kind != peers.Message || !ok || n/r.entries != c.channel {
		r.stand.fail("a client of channel %d did not expect %.200s", c.channel, payload)
		return
	}
	if err := c.entries.take(n % r.entries); err != nil {
		r.stand.fail("channel %d: %w", c.channel, err)
		return
	}
	r.told++
	r.lastTold = at
}
