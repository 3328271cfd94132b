package scenario

import (
	"context"
	"time"
)

// Size is how much is run.
type Size struct {
	Window   time.Duration // of one measurement
	Warm     time.Duration // before it
	Idle     int           // connections that do nothing
	Sleeping int           // channels that sleep
	Stored   int           // messages that one channel keeps
	Soak     time.Duration // of the soak's measurement, in place of Window
	Full     bool          // the long tour, which has time: growth goes to its end, at all its sizes
	Profile  bool          // take a profile of every measurement

	// Say is told, in the course of a long measurement, how it stands: a line without its end. nil: nobody is.
	Say func(line string)
}

// A Scenario is a kind of work.
type Scenario struct {
	Name  string // as in -scenario
	About string // a sentence: what happens
	Cases func(Size) []Case
}

// All are the scenarios, in the order in which they are run.
var All = []Scenario{
	setScenario, getScenario, fanoutScenario, channelsScenario, lobbyScenario, presenceScenario, historyScenario,
	webhooksScenario, schedulesScenario, slowScenario, stormScenario, growthScenario,
	idleScenario, sleepScenario, isolationScenario, soakScenario, allocationsScenario,
}

// A Case is one load.
//
// Cases with the same Group, one after the other in their scenario, are one kind of work at growing sizes: the
// report draws each metric over X, one line a peer, and asks of each line how it grows.
type Case struct {
	Name     string         // in a group too: unique in its scenario
	Group    string         // a title, such as "one channel, more subscribers"; "": it stands alone
	Axis     string         // in a group: what X counts, such as "subscribers"
	X        float64        // in a group: more than 0, and more than the last case's
	Peers    []string       // names; the first is ours, the second the most telling
	Beside   int            // how many of them the short tour runs beside ours, the first that are there; 0: one
	Settings map[string]any // of our server's configuration, beside the harness's own
	Takes    time.Duration  // about how long, beside a warm-up, a window and a second; for the time left
	Once     bool           // a long case, which the long tour runs once where it runs others three times
	Metrics  []Metric       // what Run measures, the headline first
	Run      func(ctx context.Context, s *Stand) error
}

// A Metric is one figure. Less of it is better, unless More or Neutral is set.
type Metric struct {
	ID      string `json:"id"`
	Label   string `json:"label"`
	Unit    string `json:"unit"`
	More    bool   `json:"more,omitempty"`    // is better
	Neutral bool   `json:"neutral,omitempty"` // tells how it was measured: neither is better
}

// Metrics that several scenarios share.
var (
	cpuPerSet     = Metric{ID: "cpu_us_per_set", Label: "CPU a set", Unit: "µs"}
	setRate       = Metric{ID: "sets_per_s", Label: "sets", Unit: "/s", More: true}
	syncsPerSet   = Metric{ID: "syncs_per_set", Label: "syncs a set", Unit: ""}
	cpuPerMillion = Metric{ID: "cpu_s_per_million", Label: "CPU a million deliveries", Unit: "s"}
	deliveryRate  = Metric{ID: "deliveries_per_s", Label: "deliveries", Unit: "/s", More: true}
	serverBusy    = Metric{ID: "server_busy", Label: "server's core busy", Unit: "%", Neutral: true}
	loadBusy      = Metric{ID: "load_busy", Label: "generator's core busy", Unit: "%", Neutral: true}
	othersBusy    = Metric{ID: "others_busy", Label: "processors taken by others", Unit: "%", Neutral: true}
	heapPerConn   = Metric{ID: "heap_per_conn", Label: "heap a connection", Unit: "KiB"}
	rssPerConn    = Metric{ID: "rss_per_conn", Label: "RSS a connection", Unit: "KiB"}
	rssPerConnGC  = Metric{ID: "rss_per_conn_collected", Label: "RSS a connection, after a collection", Unit: "KiB"}
	cpuPerOpen    = Metric{ID: "cpu_us_per_open", Label: "CPU an open, with its token and subscribe", Unit: "µs"}
	openRate      = Metric{ID: "opens_per_s", Label: "opens", Unit: "/s", More: true}
)

// quantiles are the metrics of one latency: p50, p99 and the longest.
func quantiles(id, label string) []Metric {
	return []Metric{
		{ID: id + "_p50_ms", Label: label + " p50", Unit: "ms"},
		{ID: id + "_p99_ms", Label: label + " p99", Unit: "ms"},
		{ID: id + "_max_ms", Label: label + " max", Unit: "ms"},
	}
}
