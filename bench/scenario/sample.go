package scenario

import (
	"math"

	"dormouse/bench/load"
)

// A Sample is what one run of a case measured on one peer.
type Sample struct {
	Values    map[string]float64       // by Metric.ID
	Latencies map[string]*load.Latency // by name: "ack", "observer"
	Rate      []float64                // units per second over the window, in equal slots
	RateUnit  string
	Window    float64           // seconds; 0: the case has no window
	Memory    []Point           // the server's resident memory in MiB, from its start to its end
	Series    []Series          // over the window; nil: it was too short for any
	Profiles  map[string][]byte // for go tool pprof, by kind: "cpu", "heap"; only if they are wanted
}

func newSample() *Sample {
	return &Sample{Values: map[string]float64{}, Latencies: map[string]*load.Latency{}}
}

// set keeps a figure. What is no number, such as a ratio to nothing, is none.
func (s *Sample) set(m Metric, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		s.Values[m.ID] = v
	}
}

// latency makes the histogram of a name, and its quantiles once the run is over.
func (s *Sample) latency(name string) *load.Latency {
	l := s.Latencies[name]
	if l == nil {
		l = load.NewLatency()
		s.Latencies[name] = l
	}
	return l
}

func (s *Sample) quantiles() {
	for name, l := range s.Latencies {
		if l.Count() > 0 {
			s.Values[name+"_p50_ms"], s.Values[name+"_p99_ms"], s.Values[name+"_max_ms"] = l.At(50), l.At(99), l.Max()
		}
	}
}
