package scenario

import (
	"fmt"
	"slices"
	"time"

	"dormouse/bench/trend"
)

// A Series is one figure over a long measurement, interval by interval, and where it tends.
type Series struct {
	ID       string  `json:"id"`
	Label    string  `json:"label"`
	Unit     string  `json:"unit"`
	Points   []Point `json:"points"`                // each in the middle of its interval, seconds since the window opened
	Floor    bool    `json:"floor,omitempty"`       // it is a saw: its trend is that of its lowest points
	Relative bool    `json:"relative,omitempty"`    // its trend is told as a share of its median
	Bound    float64 `json:"bound_per_h,omitempty"` // it may grow by so much of its unit; 0: by nothing that can be seen
	Least    float64 `json:"least_s"`               // a measurement of fewer seconds says nothing of it
	Trend    *Trend  `json:"trend,omitempty"`       // nil: there are too few points

	lows []Point // of a saw: the lowest of each interval, at its time
}

// A Trend is the line through a part of a series.
type Trend struct {
	From   float64 `json:"from_s"` // what was before is a server that settles, and counts for nothing
	To     float64 `json:"to_s"`
	Median float64 `json:"median"`           // of the points that the trend goes through
	Start  float64 `json:"start"`            // of the line, at From
	End    float64 `json:"end"`              // at To
	Slope  float64 `json:"slope_h"`          // in the series' unit an hour, as are
	Low    float64 `json:"slope_low"`        // the ends of its 95 % interval
	High   float64 `json:"slope_high"`       //
	P      float64 `json:"p"`                // how likely a series without a trend seems to have as much of one
	Says   string  `json:"says"`             // a verdict
	Holds  bool    `json:"holds,omitempty"`  // nothing creeps: it is long enough to say so
	Creeps bool    `json:"creeps,omitempty"` // it grows
}

// settlingShare says which part of a long measurement, the first in so many, is a server's that finds its size.
const settlingShare = 6

// The shortest measurements of which a trend says something: of what moves with the machine, and of saws, whose teeth
// are some minutes long.
const (
	judged    = 5 * time.Minute
	sawJudged = 30 * time.Minute
)

// found puts the trend of the points from a time on, in seconds, into the series, of a measurement of a length.
func (s *Series) found(from float64, measured time.Duration) {
	points := s.Points
	if s.Floor {
		points = s.lows
	}
	var x, y []float64
	for _, p := range points {
		if p.Seconds >= from {
			x, y = append(x, p.Seconds/3600), append(y, p.Value)
		}
	}
	if len(x) == 0 {
		return
	}
	first, last := from/3600, x[len(x)-1]
	if s.Floor {
		x, y = lowest(x, y)
	}
	t, ok := trend.Of(x, y)
	if !ok {
		return
	}
	s.Trend = &Trend{
		From: from, To: last * 3600, Median: t.Level, Start: t.Intercept + t.Slope*first, End: t.Intercept + t.Slope*last,
		Slope: t.Slope, Low: t.Low, High: t.High, P: t.P,
	}
	s.Trend.judge(s.Bound, s.Unit, measured.Seconds() >= s.Least)
}

// floors is into how many equal parts a saw is divided: as few as a trend needs. The soak's
// lobbies fill a write buffer of our server's store in five minutes: in an hour there is a tooth in each.
const floors = trend.Fewest

// lowest are the lowest points of a saw, the first one of each part. A line through all of a saw rises, by its height
// times its period through the square of its length: with teeth of 8 MiB and five minutes that is an MiB an hour of
// which nothing stays.
func lowest(x, y []float64) (atX, atY []float64) {
	n := len(x)
	parts := min(floors, n)
	for i := range parts {
		least := i * n / parts
		for j := least; j < (i+1)*n/parts; j++ {
			if y[j] < y[least] {
				least = j
			}
		}
		atX, atY = append(atX, x[least]), append(atY, y[least])
	}
	return atX, atY
}

// judge says what the trend means.
func (t *Trend) judge(bound float64, unit string, enough bool) {
	most := fmt.Sprintf("%g %s/h", bound, unit)
	switch {
	case !enough:
		t.Says = "too short to tell"
	case bound > 0 && t.High <= bound:
		t.Says, t.Holds = "at most "+most, true
	case bound > 0 && t.Low > bound:
		t.Says, t.Creeps = "grows by more than "+most, true
	case bound > 0:
		t.Says = "cannot tell whether it is at most " + most
	case t.Low > 0:
		t.Says, t.Creeps = "rises", true
	case t.High < 0:
		t.Says, t.Holds = "falls", true
	default:
		t.Says, t.Holds = "no trend", true
	}
}

// Since is when the part begins, as it is said.
func (t *Trend) Since() string {
	if t.From < 120 {
		return fmt.Sprintf("%.3g s", t.From)
	}
	return fmt.Sprintf("%.3g min", t.From/60)
}

// PerHour is the trend's slope and its interval as they are told, with their unit.
func (s Series) PerHour() (slope, low, high float64, unit string) {
	t := s.Trend
	if s.Relative && t.Median != 0 {
		share := 100 / t.Median
		return t.Slope * share, t.Low * share, t.High * share, "%/h"
	}
	if s.Unit == "" {
		return t.Slope, t.Low, t.High, "/h"
	}
	return t.Slope, t.Low, t.High, s.Unit + "/h"
}

// middle is the median of some figures, in any order; there is one at least.
func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
