package scenario

import (
	"testing"
	"time"

	"dormouse/bench/peers"
)

// tiny is every scenario as small as it still is itself.
var tiny = Size{Window: 200 * time.Millisecond, Warm: 50 * time.Millisecond, Idle: 200, Sleeping: 1000, Stored: 450, Soak: 4 * time.Second}

// grown adds what only a long tour has, as far as it is small enough.
func grown(name string, cases []Case) []Case {
	switch name {
	case "history":
		cases = append(cases, historyCase("16 readers", tiny.Stored, 16))
	case "webhooks":
		cases = append(cases, webhooksCase("1 channel", 1, 8))
	case "schedules":
		cases = append(cases, schedulesCase("with subscribers", scheduling{channels: 100, subscribed: true}))
	}
	return cases
}

// leftOut take their time by design, and measure_test.go has them, or what they are made of is in others.
var leftOut = map[string]bool{"sleep": true, "isolation": true, "idle": true}

// Every scenario runs against the real server, and finds nothing lost and nothing out of order.
func TestScenariosOnTheServer(t *testing.T) {
	p, dir := built(t, peers.Ours)
	for _, s := range All {
		if leftOut[s.Name] {
			continue
		}
		for _, c := range grown(s.Name, s.Cases(tiny)) {
			t.Run(s.Name+" "+c.Name, func(t *testing.T) {
				t.Parallel() // some wait most of their time
				sample, err := Measure(t.Context(), c, p, peers.Cores{}, dir, tiny)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range c.Metrics {
					if _, ok := sample.Values[m.ID]; !ok {
						t.Errorf("no %q in %v", m.Label, sample.Values)
					}
				}
				for id, l := range sample.Latencies {
					if l.Count() == 0 {
						t.Errorf("no latencies of %s", id)
					}
				}
			})
		}
	}
}
