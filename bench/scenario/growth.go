package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"
)

var growthScenario = Scenario{
	Name:  "growth",
	About: "One thing grows and the work stays the same: what it costs may not grow with it. More writers are in set.",
	Cases: func(size Size) []Case {
		return slices.Concat(
			growing(size, "subscribers of one channel, messages paced", "subscribers", []int{10, 100, 1000, 10_000}, []int{10, 1000}, subscribersCase),
			growing(size, "channels, sets at random", "channels", []int{1, 10, 100, 1000, 10_000, 100_000}, []int{1, 1000}, func(n int) Case {
				return spreadCase(plural(n, "channel"), spread{channels: n, keys: 1})
			}),
			growing(size, "keys in one channel, sets at random", "keys", []int{1, 10, 100, 1000, 10_000, 100_000}, []int{1, 10_000}, func(n int) Case {
				return spreadCase(plural(n, "key")+" in one channel", spread{channels: 1, keys: n})
			}),
			growing(size, "keys in each channel that is woken by a get", "keys", []int{1, 10, 100, 1000, 10_000, 100_000}, []int{1, 1000}, wakingCase),
		)
	},
}

// growing are the cases of one group: all points in a full tour, a few in a short one.
func growing(size Size, group, axis string, all, few []int, at func(n int) Case) (cases []Case) {
	points := few
	if size.Full {
		points = all
	}
	for _, n := range points {
		c := at(n)
		c.Group, c.Axis, c.X = group, axis, float64(n)
		cases = append(cases, c)
	}
	return cases
}

// subscribersCase delivers 20,000 times a second, or publishes 200 messages.
func subscribersCase(n int) Case {
	const deliveries, most = 20_000, 200
	return publishCase(plural(n, "subscriber"), publishing{channels: 1, subscribers: n, perSecond: float64(min(deliveries/n, most))})
}

// wakingCase asks for one entry of each channel.
func wakingCase(n int) Case {
	return Case{
		Name:    plural(n, "key") + " in a channel that wakes",
		Takes:   time.Duration(wakingChannels*n) * sleepTakes,
		Peers:   ours,
		Metrics: slices.Concat([]Metric{cpuPerWake, readPerWake}, quantiles("wake", "get that wakes")),
		Run: func(ctx context.Context, s *Stand) error {
			return (&waking{stand: s, keys: n}).run(ctx)
		},
	}
}

// plural counts things whose name takes an s.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
