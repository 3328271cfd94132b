package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dormouse/bench/load"
)

var (
	rssSlope      = Metric{ID: "rss_slope", Label: "RSS, slope", Unit: "MiB/h", Neutral: true}
	heapSlope     = Metric{ID: "heap_slope", Label: "live heap, slope", Unit: "MiB/h", Neutral: true}
	deliverySlope = Metric{ID: "delivery_p99_slope", Label: "delivered p99, slope", Unit: "%/h", Neutral: true}
	measuredFor   = Metric{ID: "measured_min", Label: "measured", Unit: "min", Neutral: true}
)

var soakScenario = Scenario{
	Name:  "soak",
	About: "The lobby's mixed case for long, to see what creeps: memory, descriptors, latencies, by interval. What they tend to is told of the time behind the first sixth.",
	Cases: func(size Size) []Case {
		shape := lobbies{count: 20, mixed: true}
		c := lobbyCase("20 lobbies, mixed, for "+spoken(size.Soak), shape, ours)
		c.Once, c.Takes = true, size.Soak-size.Window // its window is its own
		c.Metrics = slices.Concat([]Metric{rssSlope, heapSlope, deliverySlope}, c.Metrics, []Metric{measuredFor})
		c.Run = func(ctx context.Context, s *Stand) error { return (&soak{lobbies: shape}).run(ctx, s) }
		return []Case{c}
	},
}

// A soak is lobbies whose latencies are kept by interval, beside a server whose vitals are watched. When it is
// interrupted its window closes, and what was measured until then counts.
type soak struct {
	lobbies
	asked  context.Context // ends when it shall end
	vitals *vitals         // nil: the window is not open yet
	width  int64           // of an interval
	next   int64           // when the next word is due
	said   chan string
}

// intervals is into how many equal parts a soak of a length is divided: sixty, or fewer of 250 ms.
func intervals(length time.Duration) int {
	return int(min(max(length/(250*time.Millisecond), 4), 60))
}

// saying is how often it says how it stands: an interval, or this if that is more.
const saying = 10 * time.Second

func (r *soak) run(ctx context.Context, s *Stand) error {
	r.asked = ctx
	s.Size.Window, s.soak = s.Size.Soak, r
	if say := s.Size.Say; say != nil {
		r.said = make(chan string, 1)
		done := make(chan struct{})
		go func() { // a terminal may make its writer wait, and the loop does not
			defer close(done)
			for line := range r.said {
				say(line)
			}
		}()
		defer func() {
			close(r.said)
			<-done
		}()
	}
	err := r.lobbies.run(context.WithoutCancel(ctx), s)
	if r.vitals != nil {
		r.vitals.rest()
	}
	if err != nil {
		return err
	}
	return r.tell()
}

// A kept is a latency of which there is a p99 for each interval, as a series.
type kept struct {
	id, label string
	latency   *load.Latency
}

func (r *soak) kept() []kept {
	return []kept{
		{"delivery_p99", "delivered p99", r.delivery},
		{"entry_p99", "set and observed p99", r.entry},
		{"told_p99", "told who came or went p99", r.tells},
	}
}

// begin is called when the window opens.
func (r *soak) begin() {
	s := r.stand
	w, n := &s.window, intervals(s.Size.Soak)
	r.width = (w.to - w.from) / int64(n)
	w.intervals = map[*load.Latency]*load.Intervals{}
	for _, l := range r.kept() {
		w.intervals[l.latency] = load.NewIntervals(w.from, w.to-w.from, n)
	}
	r.vitals = s.watch(time.Duration(r.width))
	r.next = w.from + max(r.width, int64(saying))
}

// over is called each time round. It says now and then how it stands; true ends the soak before its time.
func (r *soak) over(now int64) bool {
	if now >= r.next && r.said != nil {
		r.next += max(r.width, int64(saying))
		select {
		case r.said <- r.stands(now):
		default: // the last one is not written yet
		}
	}
	return r.asked.Err() != nil
}

// stands is how it stands in one line, of the last whole interval.
func (r *soak) stands(now int64) string {
	w := &r.stand.window
	line := fmt.Sprintf("%s of %s, %s left", clock(now-w.from), clock(w.to-w.from), clock(w.to-now))
	if l := w.intervals[r.delivery].At(now - r.width); l != nil && l.Count() > 0 {
		line += fmt.Sprintf(": delivered p99 %.2f ms", l.At(99))
	}
	if look, ok := r.vitals.last(); ok {
		line += fmt.Sprintf(", RSS %.1f MiB", look.rss/mib)
	}
	return line
}

// clock writes nanoseconds as 1:05, or 1:00:05.
func clock(nanos int64) string {
	s := time.Duration(max(nanos, 0)).Round(time.Second) / time.Second
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// spoken writes a length as 5 s, 10 min or 1.5 h.
func spoken(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%.4g h", d.Hours())
	case d >= time.Minute:
		return fmt.Sprintf("%.4g min", d.Minutes())
	}
	return fmt.Sprintf("%.4g s", d.Seconds())
}

// tell puts the series with their trends into the sample.
func (r *soak) tell() error {
	s := r.stand
	w := &s.window
	if w.to-w.from < r.width {
		return fmt.Errorf("ended before its first interval of %s was over: %w", time.Duration(r.width), context.Cause(r.asked))
	}
	s.Sample.set(measuredFor, w.seconds()/60)
	for _, v := range allVitals {
		s.Sample.Series = append(s.Sample.Series, r.vitals.series(v, w.from, w.to, r.width))
	}
	for _, l := range r.kept() {
		line := Series{ID: l.id, Label: l.label, Unit: "ms", Relative: true, Least: judged.Seconds()}
		for i, each := range w.intervals[l.latency].Whole(w.to) {
			if each.Count() > 0 {
				line.Points = append(line.Points, Point{(float64(i) + 0.5) * float64(r.width) / 1e9, each.At(99)})
			}
		}
		s.Sample.Series = append(s.Sample.Series, line)
	}
	settled := s.Size.Soak.Seconds() / settlingShare
	for i := range s.Sample.Series {
		line := &s.Sample.Series[i]
		if line.found(settled, time.Duration(w.to-w.from)); line.Trend == nil {
			continue
		}
		for _, m := range []Metric{rssSlope, heapSlope, deliverySlope} {
			if m.ID == line.ID+"_slope" {
				slope, _, _, _ := line.PerHour()
				s.Sample.set(m, slope)
			}
		}
	}
	return nil
}
