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

// spread is one writer with some sets under way, each of a key at random. At the end it reads some of them back.
type spread struct {
	channels int
	keys     int // of each channel

	stand   *Stand
	last    []int // the number of the last set of each key, by channel and key
	sent    int
	acked   int
	at      [spreadDepth]int64
	ack     *load.Latency
	stopped bool

	asked []int // keys that are read back and have no answer yet
	stamp stamp
}

const (
	spreadDepth = 32
	readBack    = 200
)

func spreadCase(name string, shape spread) Case {
	return Case{
		Name:  name,
		Takes: time.Duration(shape.channels*shape.keys) * sleepTakes,
		Peers: ours,
		// All stay awake: what a wake costs is measured by itself.
		Settings: map[string]any{"limits.idle_after": "1h"},
		Metrics: slices.Concat([]Metric{cpuPerSet, setRate}, quantiles("ack", "acknowledged"),
			[]Metric{syncsPerSet, fillRate, serverBusy, othersBusy}),
		Run: func(ctx context.Context, s *Stand) error {
			run := shape
			return run.run(ctx, s)
		},
	}
}

func (r *spread) place(slot int) (channel, key string) {
	return fmt.Sprintf("spread.%06d", slot/r.keys), fmt.Sprintf("key.%06d", slot%r.keys)
}

func (r *spread) run(ctx context.Context, s *Stand) error {
	r.stand, r.ack = s, s.Sample.latency("ack")
	r.last = make([]int, r.channels*r.keys)
	rate, err := s.fill(ctx, peers.Client{Channel: "spread.*", Rights: peers.Set}, len(r.last), r.place)
	if err != nil {
		return err
	}
	for slot := range r.last {
		r.last[slot] = slot // as it was filled
	}
	s.Sample.set(fillRate, rate)
	clients, err := s.connect(ctx, []peers.Client{{UID: "writer", Channel: "spread.*", Rights: peers.Set | peers.Get}},
		func(int) frameFunc { return r.frame })
	if err != nil {
		return err
	}
	if err := r.measure(ctx, clients[0]); err != nil {
		return err
	}
	return r.readBack(ctx, clients[0])
}

func (r *spread) measure(ctx context.Context, writer *client) error {
	s := r.stand
	before, err := s.server.Counters(ctx)
	if err != nil {
		return err
	}
	for range spreadDepth {
		r.set(writer, load.Now())
	}
	if err := s.measure(ctx, "sets/s", func(int64) int64 { return 0 }); err != nil {
		return err
	}
	r.stopped = true
	if err := s.await(ctx, drained, "everything acknowledged", func() bool { return r.acked == r.sent }); err != nil {
		return err
	}
	return s.costs(ctx, before, r.sent, cpuPerSet, setRate, syncsPerSet)
}

// set sets a key at random to a number that nothing has had.
func (r *spread) set(writer *client, now int64) {
	slot := rand.IntN(len(r.last))
	r.last[slot] = len(r.last) + r.sent
	r.at[r.sent%spreadDepth] = now
	channel, key := r.place(slot)
	writer.set(channel, key, r.last[slot])
	r.sent++
}

// readBack gets some keys: each must have what was set last.
func (r *spread) readBack(ctx context.Context, reader *client) error {
	s := r.stand
	for range readBack {
		slot := rand.IntN(len(r.last))
		r.asked = append(r.asked, slot)
		channel, key := r.place(slot)
		reader.get(channel, key)
	}
	return s.await(ctx, drained, "everything read back", func() bool { return len(r.asked) == 0 })
}

// frame takes acknowledgements or answers. Those of different channels come in any order; an acknowledgement is
// held against the oldest set that has none, which leaves the mean as it is.
func (r *spread) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	s := r.stand
	if kind == peers.Ack && r.acked < r.sent {
		s.window.took(r.ack, r.at[r.acked%spreadDepth], at)
		r.acked++
		s.window.add(at, 1)
		if !r.stopped {
			r.set(c, at)
		}
		return
	}
	n, ok := r.stamp.read(payload)
	i := slices.IndexFunc(r.asked, func(slot int) bool { return r.last[slot] == n })
	if kind != peers.Answer || !ok || i < 0 {
		s.fail("%s did not expect %.200s", c.who.UID, payload)
		return
	}
	r.asked = slices.Delete(r.asked, i, i+1)
}
