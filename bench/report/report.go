package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/scenario"
)

// A Report is everything that one tour measured.
type Report struct {
	Version     int        `json:"version"`            // of this format
	Revision    string     `json:"revision,omitempty"` // of the tree, as git describes it
	Began       time.Time  `json:"began"`
	Seconds     float64    `json:"seconds"` // that it took
	Machine     Machine    `json:"machine"`
	Window      float64    `json:"window_seconds"` // of one measurement
	Runs        int        `json:"runs"`
	Interrupted bool       `json:"interrupted,omitempty"` // before its end
	Missing     []Missing  `json:"missing,omitempty"`
	Scenarios   []Scenario `json:"scenarios"`
}

// Missing is a peer that was not measured.
type Missing struct {
	Peer    string `json:"peer"`
	Part    string `json:"part"`    // that is not there
	Install string `json:"install"` // what to do
}

// Version is of the JSON file. It grows when an older one cannot be read as a newer any more.
const Version = 1

// A Machine is what it was measured on.
type Machine struct {
	Processor  string  `json:"processor,omitempty"` // its model
	Processors int     `json:"processors"`
	Pinned     string  `json:"pinned"`
	System     string  `json:"system"`
	Go         string  `json:"go"`
	SyncMicros float64 `json:"sync_us"`   // median of one small write and its sync to disk
	OnMemory   bool    `json:"on_memory"` // the data folders are on no disk
}

// A Scenario is its cases' results.
type Scenario struct {
	Name   string  `json:"name"`
	About  string  `json:"about"`
	Listed bool    `json:"listed,omitempty"` // its cases are of one peer and have the same metrics: they are shown as one table
	Cases  []*Case `json:"cases"`
}

// A Case is its peers' results, ours first.
type Case struct {
	Name    string            `json:"name"`
	Group   string            `json:"group,omitempty"` // as in [scenario.Case]
	Axis    string            `json:"axis,omitempty"`
	X       float64           `json:"x,omitempty"`
	Metrics []scenario.Metric `json:"metrics"`
	Peers   []*Peer           `json:"peers"`
}

// A Peer is what one server did in one case.
type Peer struct {
	Name       string                   `json:"name"`
	About      string                   `json:"about"`
	Durability string                   `json:"durability,omitempty"` // what an acknowledged set has survived
	Raw        bool                     `json:"raw,omitempty"`        // marks a raw limit
	Runs       []map[string]float64     `json:"runs"`
	Latencies  map[string][]load.Point  `json:"latencies,omitempty"` // of all runs together
	Rate       []float64                `json:"rate,omitempty"`      // of the last run, over its window
	RateUnit   string                   `json:"rate_unit,omitempty"`
	Window     float64                  `json:"window_seconds,omitempty"` // of the last run, if it is not the report's
	Memory     []scenario.Point         `json:"memory_mib,omitempty"`     // of the last run, from its start to its end
	Series     []scenario.Series        `json:"series,omitempty"`         // of the last run, with their trends
	Faults     []string                 `json:"faults,omitempty"`         // runs without figures
	merged     map[string]*load.Latency // of the runs so far
}

// Add puts in one run.
func (p *Peer) Add(s *scenario.Sample) {
	p.Runs = append(p.Runs, s.Values)
	if len(s.Rate) > 0 {
		p.Rate, p.RateUnit = s.Rate, s.RateUnit
	}
	p.Window, p.Memory, p.Series = s.Window, s.Memory, s.Series
	if p.merged == nil {
		p.merged, p.Latencies = map[string]*load.Latency{}, map[string][]load.Point{}
	}
	for name, l := range s.Latencies {
		if p.merged[name] == nil {
			p.merged[name] = load.NewLatency()
		}
		p.merged[name].Merge(l)
		p.Latencies[name] = p.merged[name].Curve()
	}
}

// Measured is the case with those peers alone that have figures or faults; nil if there is none.
func (c *Case) Measured() *Case {
	c.Peers = slices.DeleteFunc(c.Peers, func(p *Peer) bool { return len(p.Runs)+len(p.Faults) == 0 })
	if len(c.Peers) == 0 {
		return nil
	}
	return c
}

// A Figure is one metric over some runs.
type Figure struct{ Median, Min, Max float64 }

// Figure is of the runs that have the metric; ok says that there is one.
func (p *Peer) Figure(id string) (f Figure, ok bool) {
	var values []float64
	for _, run := range p.Runs {
		if v, has := run[id]; has {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return f, false
	}
	slices.Sort(values)
	mid := len(values) / 2
	f = Figure{values[mid], values[0], values[len(values)-1]}
	if len(values)%2 == 0 {
		f.Median = (values[mid-1] + values[mid]) / 2
	}
	return f, true
}

// Ratio is the first peer's median by another's.
func (c *Case) Ratio(id string, other *Peer) (ratio float64, ok bool) {
	ours, has := c.Peers[0].Figure(id)
	theirs, have := other.Figure(id)
	if !has || !have || theirs.Median == 0 || other == c.Peers[0] {
		return 0, false
	}
	return ours.Median / theirs.Median, true
}

// WriteJSON writes everything, indented.
func (r *Report) WriteJSON(w io.Writer) error {
	r.Version = Version
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Faults are all runs without figures.
func (r *Report) Faults() []string {
	var faults []string
	for _, s := range r.Scenarios {
		for _, c := range s.Cases {
			for _, p := range c.Peers {
				for _, f := range p.Faults {
					faults = append(faults, s.Name+", "+c.Name+": "+f)
				}
			}
		}
	}
	return faults
}
