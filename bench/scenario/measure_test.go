package scenario

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dormouse/bench/peers"
)

// The raw servers are small enough to be built and measured in a test: the whole way from a case to its
// figures, every message checked.
func TestCasesOnTheRawServers(t *testing.T) {
	measured(t, func(p *peers.Peer) bool { return p.Raw })
}

// The same on those that npm installs.
func TestCasesOnPeersOfNpm(t *testing.T) {
	measured(t, func(p *peers.Peer) bool {
		return p.Name == peers.Workerd || p.Name == peers.WorkerdJoined || p.Name == peers.SocketIO || p.Name == peers.NodeWS
	})
}

func TestCasesOnCentrifuge(t *testing.T) {
	measured(t, func(p *peers.Peer) bool { return p.Name == peers.Centrifuge })
}

func TestCasesOnNATS(t *testing.T) {
	measured(t, func(p *peers.Peer) bool { return p.Name == peers.NATS })
}

func TestCasesOnRedis(t *testing.T) {
	measured(t, func(p *peers.Peer) bool { return p.Name == peers.Redis })
}

// The same on our server by its other protocol.
func TestCasesOnPusher(t *testing.T) {
	measured(t, func(p *peers.Peer) bool { return p.Name == peers.Pusher })
}

// small is the size of these tests.
var small = Size{Window: 200 * time.Millisecond, Warm: 50 * time.Millisecond, Idle: 300}

// measured runs small cases on those of their peers that are chosen.
func measured(t *testing.T, chosen func(*peers.Peer) bool) {
	dir := t.TempDir()
	all := peers.All("")
	for _, c := range []Case{
		setCase("set", sets{channels: 3, writers: 1, depth: 1}),
		setCase("one channel", sets{channels: 1, writers: 4, depth: 8}),
		publishCase("fan-out", publishing{channels: 1, subscribers: 50, depth: 8}),
		publishCase("paced", publishing{channels: 10, subscribers: 4, perSecond: 500}),
		getCase("get", 3),
		lobbyCase("lobby", lobbies{count: 3}, talkers),
		stormCase("storm", 100, 0, listeners),
		presenceCase("presence", 20, nil, tellers),
		idleScenario.Cases(small)[0],
		isolationScenario.Cases(small)[0],
	} {
		for _, name := range c.Peers[1:] {
			p := all[name]
			if !chosen(p) {
				continue
			}
			if err := p.Build(t.Context(), root(t), dir); err != nil {
				t.Fatal(err)
			}
			t.Run(c.Name+" on "+name, func(t *testing.T) {
				t.Parallel() // they wait most of their time
				// A busy machine may let nothing happen in a short window: then a longer one says more.
				var empty []string
				for size := small; size.Window < 20*small.Window; size.Window *= 4 {
					sample, err := Measure(t.Context(), c, p, peers.Cores{}, dir, size)
					if err != nil {
						t.Fatal(err)
					}
					if empty = nothing(sample, c.Metrics[0]); len(empty) == 0 {
						return
					}
				}
				t.Errorf("nothing of %v", empty)
			})
		}
	}
}

// nothing are the figures that a sample should have and has not.
func nothing(sample *Sample, headline Metric) (empty []string) {
	// Memory may shrink, and a small machine may be idle; the rest cannot be nothing.
	if v := sample.Values[headline.ID]; v == 0 {
		empty = append(empty, headline.Label)
	}
	for id, l := range sample.Latencies {
		if l.Count() == 0 {
			empty = append(empty, id)
		}
	}
	return empty
}

// A server that does not come back is a fault of its case, and no end of the tour.
func TestAServerThatDoesNotComeBackIsAFault(t *testing.T) {
	p, dir := built(t, peers.Plain)
	run := func(ctx context.Context, s *Stand) error {
		binaries, err := filepath.Glob(filepath.Join(dir, "raw*"))
		if err != nil || len(binaries) != 1 {
			return fmt.Errorf("%v: %w", binaries, err)
		}
		if err := os.Remove(binaries[0]); err != nil {
			return err
		}
		_, err = s.restart(ctx)
		return err
	}
	_, err := Measure(t.Context(), Case{Name: "x", Peers: []string{peers.Plain}, Run: run}, p, peers.Cores{}, dir, Size{})
	if err == nil || !strings.Contains(err.Error(), "peers: start gws") {
		t.Errorf("got %v", err)
	}
}
