package scenario

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var (
	cpuPerEvent = Metric{ID: "cpu_us_per_event", Label: "CPU an event", Unit: "µs"}
	eventRate   = Metric{ID: "events_per_s", Label: "events", Unit: "/s", More: true}
)

var webhooksScenario = Scenario{
	Name:  "webhooks",
	About: "Clients publish 200 bytes of which a backend is told: every message becomes an event on disk and a POST, and a client publishes the next one when the backend has one of its last.",
	Cases: func(size Size) []Case {
		cases := []Case{webhooksCase("64 channels, 8 under way on each", 64, 8)}
		if size.Full {
			cases = append(cases, webhooksCase("1 channel, 8 under way", 1, 8))
		}
		return cases
	},
}

func webhooksCase(name string, channels, depth int) Case {
	return Case{
		Name:    name,
		Peers:   ours,
		Metrics: slices.Concat([]Metric{cpuPerEvent, eventRate}, quantiles("event", "received"), []Metric{syncsPerEvent, serverBusy, othersBusy}),
		Run: func(ctx context.Context, s *Stand) error {
			return (&webhooks{stand: s, depth: depth}).run(ctx, channels)
		},
	}
}

var syncsPerEvent = Metric{ID: "syncs_per_event", Label: "syncs an event"}

// webhooks is a closed loop of publishers; the numbers of their payloads say whose they are.
type webhooks struct {
	stand    *Stand
	depth    int
	emitters []*emitter
	latency  *load.Latency
	stopped  bool
}

type emitter struct {
	client *client
	sent   int
	at     [messages]int64
	seen   sequence // by the backend
}

func (r *webhooks) run(ctx context.Context, channels int) error {
	s := r.stand
	r.latency = s.Sample.latency("event")
	backend, err := newReceiver()
	if err != nil {
		return err
	}
	defer backend.close()
	dialect, ok := s.dialect.(peers.Events)
	if !ok {
		return fmt.Errorf("%s tells no backends", s.Peer.Name)
	}
	// The address is known only now, and the server reads it when it starts.
	settings := maps.Clone(s.settings)
	if settings == nil {
		settings = map[string]any{}
	}
	maps.Copy(settings, dialect.Endpoint(backend.URL))
	s.settings = settings
	if _, err := s.restart(ctx); err != nil {
		return err
	}
	s.loop.Rest()
	clients, err := s.connect(ctx, count(channels, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("emitter.%06d", i), Channel: fmt.Sprintf("hook.%06d", i), Rights: peers.Publish | peers.Emit}
	}), func(int) frameFunc { return func(*client, peers.Kind, []byte, int64) {} })
	if err != nil {
		return err
	}
	for _, c := range clients {
		r.emitters = append(r.emitters, &emitter{client: c})
	}
	return r.measure(ctx, backend)
}

func (r *webhooks) measure(ctx context.Context, backend *receiver) error {
	s := r.stand
	before, err := s.server.Counters(ctx)
	if err != nil {
		return err
	}
	for range r.depth {
		for i := range r.emitters {
			r.publish(i)
		}
	}
	err = s.measure(ctx, "events/s", func(now int64) int64 {
		backend.hear(r.take)
		return now + int64(200*time.Microsecond)
	})
	if err != nil {
		return err
	}
	r.stopped = true
	err = s.await(ctx, drained, "every event received", func() bool {
		backend.hear(r.take)
		return !slices.ContainsFunc(r.emitters, func(e *emitter) bool { return e.seen.next < e.sent })
	})
	if err != nil {
		return err
	}
	return s.costs(ctx, before, sum(r.emitters, func(e *emitter) int { return e.sent }), cpuPerEvent, eventRate, syncsPerEvent)
}

func (r *webhooks) publish(i int) {
	e := r.emitters[i]
	e.at[e.sent%messages] = load.Now()
	e.client.publish(e.sent*len(r.emitters) + i)
	e.sent++
}

// take takes an event: of each channel every one, once, in order. Nothing fails here, so that nothing need be
// sent twice.
func (r *webhooks) take(got received) {
	s := r.stand
	if got.n < 0 {
		s.fail("the backend was told of something that nobody published")
		return
	}
	i := got.n % len(r.emitters)
	e, n := r.emitters[i], got.n/len(r.emitters)
	if err := e.seen.take(n); err != nil {
		s.fail("the backend, of %s: %w", e.client.who.Channel, err)
		return
	}
	s.window.took(r.latency, e.at[n%messages], got.at)
	s.window.add(got.at, 1)
	if !r.stopped {
		r.publish(i)
	}
}
