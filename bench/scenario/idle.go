package scenario

import (
	"context"
	"fmt"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var idleScenario = Scenario{
	Name:  "idle",
	About: "Clients connect with a token of their own, subscribe, a hundred to a channel, and then do nothing.",
	Cases: func(size Size) []Case {
		return []Case{{
			Name:    fmt.Sprintf("%d connections", size.Idle),
			Peers:   holders(size.Idle),
			Takes:   5 * time.Second,
			Metrics: []Metric{rssPerConn, rssPerConnGC, heapPerConn, cpuPerOpen, openRate, loadBusy},
			Run:     func(ctx context.Context, s *Stand) error { return openIdle(ctx, s, size.Idle) },
		}}
	},
}

func openIdle(ctx context.Context, s *Stand, n int) error {
	quiet := func(int) frameFunc { return func(*client, peers.Kind, []byte, int64) {} }
	clients := count(n, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("idle.%06d", i), Channel: fmt.Sprintf("lobby.%06d", i/100), Rights: peers.Subscribe}
	})
	// The first connections meet a server that has never run its own code.
	const first = 100
	if _, err := s.connect(ctx, clients[:first], quiet); err != nil {
		return err
	}
	before, err := s.collected(ctx)
	if err != nil {
		return err
	}
	profile := s.profile(ctx, opensFor(n))
	var cpu, idle time.Duration
	s.used(&cpu, &idle, -1)
	began := load.Now()
	if _, err := s.connect(ctx, clients[first:], quiet); err != nil {
		return err
	}
	took := time.Duration(load.Now() - began)
	s.used(&cpu, &idle, +1)

	if err := s.idle(ctx, 2*time.Second); err != nil {
		return err
	}
	s.keep(profile)
	after, err := s.memory(ctx)
	if err != nil {
		return err
	}
	clean, err := s.collected(ctx)
	if err != nil {
		return err
	}
	s.keepHeap(ctx)
	opened := float64(n - first)
	s.Sample.set(rssPerConn, (after.rss-before.rss)/opened/1024)
	s.Sample.set(rssPerConnGC, (clean.rss-before.rss)/opened/1024)
	if clean.heap > 0 {
		s.Sample.set(heapPerConn, (clean.heap-before.heap)/opened/1024)
	}
	s.Sample.set(cpuPerOpen, float64(cpu.Nanoseconds())/opened/1e3)
	s.Sample.set(openRate, opened/took.Seconds())
	s.Sample.set(loadBusy, 100*(1-idle.Seconds()/took.Seconds()))
	return nil
}

// opensFor is how long a profile lasts that has all of n openings in it: more than they take, for a server that has
// nothing to do adds nothing to it.
func opensFor(n int) time.Duration { return 2*time.Second + time.Duration(n)*time.Millisecond/2 }
