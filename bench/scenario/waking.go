package scenario

import (
	"context"
	"fmt"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var (
	cpuPerWake  = Metric{ID: "cpu_us_per_wake", Label: "CPU a get that wakes", Unit: "µs"}
	readPerWake = Metric{ID: "read_kib_per_wake", Label: "read from files for it", Unit: "KiB"}
)

// waking restarts the server, so that all channels sleep and nothing is in its caches, and asks for one entry of
// each channel, one after the other.
type waking struct {
	stand *Stand
	keys  int // of each channel

	wake   *load.Latency
	want   int // number of the entry that was asked for; -1: it came
	at     int64
	stamp  stamp
	cpu    time.Duration
	read   int64
	awoken int
}

const (
	wakingChannels = 8
	wakingRounds   = 3
)

func (r *waking) place(n int) (channel, key string) {
	return fmt.Sprintf("wake.%06d", n/r.keys), fmt.Sprintf("key.%06d", n%r.keys)
}

func (r *waking) run(ctx context.Context) error {
	s := r.stand
	r.wake = s.Sample.latency("wake")
	if _, err := s.fill(ctx, peers.Client{Channel: "wake.*", Rights: peers.Set}, wakingChannels*r.keys, r.place); err != nil {
		return err
	}
	for round := range wakingRounds {
		if _, err := s.restart(ctx); err != nil {
			return err
		}
		if err := r.round(ctx, round); err != nil {
			return err
		}
	}
	s.Sample.set(cpuPerWake, float64(r.cpu.Nanoseconds())/float64(r.awoken)/1e3)
	s.Sample.set(readPerWake, float64(r.read)/float64(r.awoken)/1024)
	return nil
}

// round wakes every channel. The first one finds tables that are not open yet: it is not counted.
func (r *waking) round(ctx context.Context, round int) error {
	s := r.stand
	clients, err := s.connect(ctx, []peers.Client{{UID: "reader", Channel: "wake.*", Rights: peers.Get}},
		func(int) frameFunc { return r.frame })
	if err != nil {
		return err
	}
	for i := range wakingChannels {
		read, err := s.server.Read()
		if err != nil {
			return err
		}
		var cpu, idle time.Duration
		s.used(&cpu, &idle, -1)
		r.want = i*r.keys + (i+round)*r.keys/(wakingChannels+wakingRounds)
		r.at = load.Now()
		clients[0].get(r.place(r.want))
		if err := s.await(ctx, drained, "an answer", func() bool { return r.want < 0 }); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		s.used(&cpu, &idle, +1)
		now, err := s.server.Read()
		if err != nil {
			return err
		}
		r.cpu, r.read, r.awoken = r.cpu+cpu, r.read+now-read, r.awoken+1
	}
	return nil
}

func (r *waking) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	n, ok := r.stamp.read(payload)
	if kind != peers.Answer || !ok || n != r.want {
		r.stand.fail("%s asked for entry %d and did not expect %.200s", c.who.UID, r.want, payload)
		return
	}
	if n >= r.keys { // not of the first channel
		r.wake.Add(at - r.at)
	}
	r.want = -1
}
