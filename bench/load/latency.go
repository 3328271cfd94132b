package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Latency counts durations to three digits, from 0.1 us to a minute.
type Latency struct{ h *hdrhistogram.Histogram }

const longest = int64(time.Minute)

// NewLatency returns one without durations.
func NewLatency() *Latency { return &Latency{hdrhistogram.New(100, longest, 3)} }

// Add counts one duration in nanoseconds; what is below 0 counts as 0, what is over a minute as a minute.
func (l *Latency) Add(nanos int64) {
	_ = l.h.RecordValue(min(max(nanos, 0), longest)) // fails only out of range
}

// Merge adds all of other's durations.
func (l *Latency) Merge(other *Latency) { l.h.Merge(other.h) }

// Count is the number of durations.
func (l *Latency) Count() int64 { return l.h.TotalCount() }

// At is the duration that p percent of all stay within, in milliseconds.
func (l *Latency) At(p float64) float64 { return millis(l.h.ValueAtPercentile(p)) }

// Max is the longest, in milliseconds.
func (l *Latency) Max() float64 { return millis(l.h.Max()) }

func millis(nanos int64) float64 { return float64(nanos) / 1e6 }

// A Point says that Percent of all durations took at most Millis.
type Point struct {
	Percent float64 `json:"percent"`
	Millis  float64 `json:"ms"`
}

// curve are the percentiles of a Curve: evenly spaced on a scale of nines.
var curve = []float64{0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100}

// Curve is the distribution, as far as there are enough durations to tell.
func (l *Latency) Curve() []Point {
	var points []Point
	for _, p := range curve {
		if p < 100 && float64(l.Count())*(100-p)/100 < 1 {
			continue
		}
		points = append(points, Point{p, l.At(p)})
	}
	return points
}
