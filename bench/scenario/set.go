package scenario

import (
	"context"
	"fmt"
	"slices"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var setScenario = Scenario{
	Name:  "set",
	About: "A writer stores 200 bytes, is told when they are durable, and goes on; four observers of its channel are told what it stored.",
	Cases: func(size Size) []Case {
		many := growing(size, "writers, each with a channel of its own", "writers", []int{1, 64, 256, 1024}, []int{1, 64, 256}, func(n int) Case {
			return setCase(plural(n, "writer"), sets{channels: n, writers: 1, depth: 1})
		})
		one := growing(size, "writers in one channel", "writers", []int{2, 64, 256, 1024}, []int{64}, func(n int) Case {
			return setCase(fmt.Sprintf("%d writers in one channel", n), sets{channels: 1, writers: n, depth: 1})
		})
		return append(slices.Concat(many, one), setCase("one channel, 16 writers with 32 under way each", sets{channels: 1, writers: 16, depth: 32}))
	},
}

const observers = 4

func setCase(name string, shape sets) Case {
	return Case{
		Name:  name,
		Peers: stores,
		Metrics: slices.Concat([]Metric{cpuPerSet, setRate}, quantiles("ack", "acknowledged"),
			quantiles("observer", "observed"), []Metric{syncsPerSet, serverBusy, loadBusy, othersBusy}),
		Run: func(ctx context.Context, s *Stand) error {
			run := shape
			return run.run(ctx, s)
		},
	}
}

// sets is a closed loop of writers: each has depth sets unacknowledged, and sends one for each answer.
type sets struct {
	channels int
	writers  int // of each channel
	depth    int // of each writer

	stand         *Stand
	all           []*setWriter
	watching      []*setObserver
	ack, observed *load.Latency
	stopped       bool
}

type setWriter struct {
	sets   *sets
	client *client
	index  int // among its channel's
	key    string
	sent   int
	acked  int
	at     [remembered]int64 // when each of the last sets was sent
}

// remembered is how far an observer may be behind before it can no longer be told how late it is.
const remembered = 8192

type setObserver struct {
	writers []*setWriter
	seen    []sequence
	stamp   stamp
}

func (r *sets) run(ctx context.Context, s *Stand) error {
	r.stand = s
	r.ack, r.observed = s.Sample.latency("ack"), s.Sample.latency("observer")
	name := func(i int) string { return fmt.Sprintf("set.%06d", i) }
	for range r.channels {
		first := len(r.all)
		for i := range r.writers {
			r.all = append(r.all, &setWriter{sets: r, index: i, key: fmt.Sprintf("key.%06d", i)})
		}
		for range observers {
			r.watching = append(r.watching, &setObserver{writers: r.all[first:], seen: make([]sequence, r.writers)})
		}
	}
	_, err := s.connect(ctx, count(len(r.watching), func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("observer.%06d", i), Channel: name(i / observers), Rights: peers.Subscribe}
	}), func(i int) frameFunc { return r.watching[i].frame })
	if err != nil {
		return err
	}
	clients, err := s.connect(ctx, count(len(r.all), func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("writer.%06d", i), Channel: name(i / r.writers), Rights: peers.Set}
	}), func(i int) frameFunc { return r.all[i].frame })
	if err != nil {
		return err
	}
	for i, w := range r.all {
		w.client = clients[i]
	}
	return r.measure(ctx)
}

func (r *sets) measure(ctx context.Context) error {
	s := r.stand
	before, err := s.server.Counters(ctx)
	if err != nil {
		return err
	}
	for _, w := range r.all {
		for range r.depth {
			w.send(load.Now())
		}
	}
	if err := s.measure(ctx, "sets/s", func(int64) int64 { return 0 }); err != nil {
		return err
	}
	r.stopped = true
	if err := s.await(ctx, drained, "everything acknowledged and observed", r.complete); err != nil {
		return err
	}
	return s.costs(ctx, before, sum(r.all, func(w *setWriter) int { return w.sent }), cpuPerSet, setRate, syncsPerSet)
}

// complete says that nothing is under way any more.
func (r *sets) complete() bool {
	for _, w := range r.all {
		if w.acked < w.sent {
			return false
		}
	}
	for _, o := range r.watching {
		for i, w := range o.writers {
			if o.seen[i].next < w.sent {
				return false
			}
		}
	}
	return true
}

func (w *setWriter) send(now int64) {
	w.at[w.sent%remembered] = now
	w.client.set(w.client.who.Channel, w.key, w.sent*w.sets.writers+w.index)
	w.sent++
}

// frame takes the answer to the oldest set that has none, and sends the next.
func (w *setWriter) frame(_ *client, kind peers.Kind, _ []byte, at int64) {
	s := w.sets.stand
	if kind != peers.Ack {
		return
	}
	if w.acked == w.sent {
		s.fail("%s got an answer to nothing", w.client.who.UID)
		return
	}
	s.window.took(w.sets.ack, w.at[w.acked%remembered], at)
	w.acked++
	s.window.add(at, 1)
	if !w.sets.stopped {
		w.send(at)
	}
}

func (o *setObserver) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	n, ok := o.stamp.read(payload)
	if kind != peers.Message || !ok {
		c.stand.fail("%s did not expect %s", c.who.UID, payload)
		return
	}
	w := o.writers[n%len(o.writers)]
	n /= len(o.writers)
	if err := o.seen[w.index].take(n); err != nil {
		c.stand.fail("%s: %w", c.who.UID, err)
		return
	}
	if w.sent-n > remembered {
		c.stand.fail("%s is %d sets behind", c.who.UID, w.sent-n)
		return
	}
	c.stand.window.took(w.sets.observed, w.at[n%remembered], at)
}
