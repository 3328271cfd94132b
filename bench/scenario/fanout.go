package scenario

import (
	"context"
	"slices"
)

var fanoutScenario = Scenario{
	Name:  "fanout",
	About: "One client publishes 200 bytes on a channel with 1,000 subscribers.",
	Cases: func(Size) []Case {
		return []Case{
			fanoutCase("paced, 20 messages a second", publishing{channels: 1, subscribers: 1000, perSecond: 20}),
			fanoutCase("8 under way", publishing{channels: 1, subscribers: 1000, depth: 8}),
			fanoutCase("64 under way", publishing{channels: 1, subscribers: 1000, depth: 64}),
		}
	},
}

var channelsScenario = Scenario{
	Name:  "channels",
	About: "1,000 clients publish 200 bytes each on a channel of their own with 4 subscribers.",
	Cases: func(Size) []Case {
		return []Case{
			publishCase("paced, 5 messages a second on each", publishing{channels: 1000, subscribers: 4, perSecond: 5000}),
			publishCase("one under way on each", publishing{channels: 1000, subscribers: 4, depth: 1}),
		}
	},
}

// fanoutCase has our other protocol in the short tour too: what it is about is what a frame costs.
func fanoutCase(name string, shape publishing) Case {
	c := publishCase(name, shape)
	c.Beside = 2
	return c
}

func publishCase(name string, shape publishing) Case {
	about := []Metric{cpuPerMillion, deliveryRate}
	if shape.depth > 0 {
		about = []Metric{deliveryRate, cpuPerMillion}
	}
	return Case{
		Name:    name,
		Peers:   broadcasters,
		Metrics: slices.Concat(about, quantiles("delivery", "delivered"), []Metric{serverBusy, loadBusy, othersBusy}),
		Run: func(ctx context.Context, s *Stand) error {
			run := shape
			return run.run(ctx, s)
		},
	}
}
