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
			Peers:    ours,
			Settings: map[string]any{"limits.idle_after": "2s"},
			Takes:    settling(size) + 12*time.Second + time.Duration(size.Sleeping)*entriesEach*sleepTakes,
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
	wakesPerSecond = 500
)

// settling is how long a server has to give memory back once all channels sleep.
func settling(size Size) time.Duration {
	if size.Full {
		return 15 * time.Second
	}
	return 5 * time.Second
}

// sleepTakes is about how long one entry takes, with its share of the wakes.
const sleepTakes = 30 * time.Microsecond

// sleeping fills channels, lets them fall asleep and wakes some.
type sleeping struct {
	stand    *Stand
	channels int

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
	rate, err := s.fill(ctx, peers.Client{Channel: "sleep.*", Rights: peers.Set}, r.channels*entriesEach,
		func(n int) (channel, key string) { return sleeper(n / entriesEach), sleeperKey(n % entriesEach) })
	if err != nil {
		return err
	}
	s.Sample.set(fillRate, rate)
	if err := s.allAsleep(ctx); err != nil {
		return err
	}
	if err := s.idle(ctx, settling(s.Size)); err != nil {
		return err
	}
	full, err := s.collected(ctx)
	if err != nil {
		return err
	}
	s.keepHeap(ctx)
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
	s.Sample.set(heapOver, (full.heap-empty.heap)/mib)
	s.Sample.set(rssOver, (full.rss-empty.rss)/mib)
	s.Sample.set(heapRestarted, (again.heap-empty.heap)/mib)
	s.Sample.set(rssRestarted, (again.rss-empty.rss)/mib)
	return nil
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
			clients[0].get(sleeper(ch), sleeperKey(ch%entriesEach))
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
