package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var (
	heapOver      = Metric{ID: "heap_over_mib", Label: "heap over an empty server's", Unit: "MiB"}
	rssOver       = Metric{ID: "rss_over_mib", Label: "RSS over an empty server's", Unit: "MiB"}
	heapRestarted = Metric{ID: "heap_restarted_mib", Label: "the same after a restart", Unit: "MiB"}
	rssRestarted  = Metric{ID: "rss_restarted_mib", Label: "RSS after a restart", Unit: "MiB"}
	fillRate      = Metric{ID: "fill_sets_per_s", Label: "durable sets while filling", Unit: "/s", More: true}
	startTime     = Metric{ID: "start_ms", Label: "start with all of them", Unit: "ms"}
)

var sleepScenario = Scenario{
	Name:  "sleep",
	About: "Many channels get ten entries of 200 bytes each and fall asleep. Then one in ten, at random, is asked for an entry, 500 a second.",
	Cases: func(size Size) []Case {
		return []Case{{
			Name:     fmt.Sprintf("%d channels", size.Sleeping),
			Peers:    []string{peers.Ours},
			Settings: map[string]any{"limits.idle_after": "2s"},
			Takes:    settling + 12*time.Second + time.Duration(size.Sleeping)*entriesEach*sleepTakes,
			Metrics: slices.Concat([]Metric{heapOver, rssOver}, quantiles("wake", "get that wakes"),
				[]Metric{heapRestarted, rssRestarted, startTime, fillRate}),
			Run: func(ctx context.Context, s *Stand) error {
				return (&sleeping{stand: s, channels: size.Sleeping}).run(ctx)
			},
		}}
	},
}

const (
	entriesEach    = 10
	fillers        = 16
	fillDepth      = 32
	wakesPerSecond = 500
	// settling is how long a server has to give memory back once all channels sleep.
	settling = 15 * time.Second
)

// sleepTakes is about how long one entry takes, with its share of the wakes.
const sleepTakes = 30 * time.Microsecond

// sleeping fills channels, lets them fall asleep and wakes some.
type sleeping struct {
	stand    *Stand
	channels int
	sent     int // sets
	acked    int

	wake  *load.Latency
	due   map[int]int64 // gets without an answer, by channel
	stamp stamp
}

func sleeper(i int) string    { return fmt.Sprintf("sleep.%08d", i) }
func sleeperKey(i int) string { return fmt.Sprintf("key.%02d", i) }

func (r *sleeping) run(ctx context.Context) error {
	s := r.stand
	empty, err := s.collected(ctx)
	if err != nil {
		return err
	}
	if err := r.fill(ctx); err != nil {
		return err
	}
	if err := r.allAsleep(ctx); err != nil {
		return err
	}
	if err := s.idle(ctx, settling); err != nil {
		return err
	}
	full, err := s.collected(ctx)
	if err != nil {
		return err
	}
	if err := r.wakeSome(ctx); err != nil {
		return err
	}
	started, err := s.restart(ctx)
	if err != nil {
		return err
	}
	again, err := s.collected(ctx)
	if err != nil {
		return err
	}
	s.Sample.set(startTime, float64(started.Microseconds())/1e3)
	const mib = 1 << 20
	s.Sample.set(heapOver, (full.heap-empty.heap)/mib)
	s.Sample.set(rssOver, (full.rss-empty.rss)/mib)
	s.Sample.set(heapRestarted, (again.heap-empty.heap)/mib)
	s.Sample.set(rssRestarted, (again.rss-empty.rss)/mib)
	return nil
}

// fill sets every entry, through a few connections with some sets under way each.
func (r *sleeping) fill(ctx context.Context) error {
	s, total := r.stand, r.channels*entriesEach
	next := func(c *client) {
		if r.sent < total {
			c.set(sleeper(r.sent/entriesEach), sleeperKey(r.sent%entriesEach), r.sent)
			r.sent++
		}
	}
	clients, err := s.connect(ctx, count(fillers, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("writer.%06d", i), Channel: "sleep.*", Rights: peers.Set}
	}), func(int) frameFunc {
		return func(c *client, kind peers.Kind, _ []byte, _ int64) {
			if kind == peers.Ack {
				r.acked++
				next(c)
			}
		}
	})
	if err != nil {
		return err
	}
	began := time.Now()
	for _, c := range clients {
		for range fillDepth {
			next(c)
		}
	}
	if err := s.await(ctx, 10*time.Minute, "everything set", func() bool { return r.acked == total }); err != nil {
		return err
	}
	s.Sample.set(fillRate, float64(total)/time.Since(began).Seconds())
	return nil
}

func (r *sleeping) allAsleep(ctx context.Context) error {
	for range 120 {
		if err := r.stand.idle(ctx, time.Second); err != nil {
			return err
		}
		counters, err := r.stand.server.Counters(ctx)
		if err != nil {
			return err
		}
		if awake, ok := counters["dormouse_actors_awake"]; !ok || awake == 0 {
			return nil
		}
	}
	return fmt.Errorf("channels are still awake after two minutes")
}

// wakeSome asks random channels for an entry, each once, at a rate that leaves the server idle in between.
func (r *sleeping) wakeSome(ctx context.Context) error {
	s := r.stand
	r.wake, r.due = s.Sample.latency("wake"), map[int]int64{}
	clients, err := s.connect(ctx, []peers.Client{{UID: "reader", Channel: "sleep.*", Rights: peers.Get}},
		func(int) frameFunc { return r.answer })
	if err != nil {
		return err
	}
	chosen := rand.Perm(r.channels)[:max(r.channels/10, 1)]
	pace := load.NewPace(load.Now(), wakesPerSecond)
	return s.run(ctx, func(now int64) (int64, bool) {
		for len(chosen) > 0 {
			at, ok := pace.Due(now)
			if !ok {
				break
			}
			ch := chosen[0]
			chosen = chosen[1:]
			r.due[ch] = at
			s.scratch = s.dialect.Get(s.scratch[:0], sleeper(ch), sleeperKey(ch%entriesEach))
			clients[0].conn.Send(s.scratch)
		}
		return pace.Next(), len(chosen) == 0 && len(r.due) == 0
	})
}

func (r *sleeping) answer(c *client, kind peers.Kind, payload []byte, at int64) {
	n, ok := r.stamp.read(payload)
	ch := n / entriesEach
	due, asked := r.due[ch]
	if kind != peers.Answer || !ok || !asked || n%entriesEach != ch%entriesEach {
		r.stand.fail("%s did not expect %s", c.who.UID, payload)
		return
	}
	delete(r.due, ch)
	r.wake.Add(at - due)
}
