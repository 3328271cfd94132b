package scenario

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

// until is a context that ends when a soak has had some intervals.
type until struct {
	context.Context
	soak      *soak
	intervals int64
}

func (u until) Err() error {
	if r := u.soak; r.vitals != nil && load.Now() >= r.stand.window.from+u.intervals*r.width+r.width/2 {
		return context.Canceled
	}
	return nil
}

// Who interrupts a soak after 40 of 60 minutes has the trends of 40, and all that was sent has arrived.
func TestASoakThatIsInterruptedHasWhatWasMeasured(t *testing.T) {
	p, dir := built(t, peers.Ours)
	const whole = 16
	measure := func(t *testing.T, intervals int64) (*Sample, error) {
		run := func(ctx context.Context, s *Stand) error {
			r := &soak{lobbies: lobbies{count: 2, mixed: true}}
			return r.run(until{ctx, r, intervals}, s)
		}
		return Measure(t.Context(), Case{Name: "soak", Run: run}, p, peers.Cores{}, dir, Size{Soak: time.Minute / 4, Window: time.Second})
	}
	sample, err := measure(t, whole+2)
	if err != nil {
		t.Fatal(err)
	}
	if len(sample.Series) != len(allVitals)+3 {
		t.Fatalf("%d series", len(sample.Series))
	}
	for _, s := range sample.Series {
		if s.ID == "told_p99" {
			continue // too few come and go in a quarter of a second
		}
		if len(s.Points) < whole || s.Trend == nil || s.Trend.From != 2.5 || s.Trend.Says != "too short to tell" {
			t.Errorf("%s: %d points, %+v", s.Label, len(s.Points), s.Trend)
		}
	}
	if w := sample.Window; w < whole/4 || w > 14 || len(sample.Rate) == 0 || len(sample.Rate) >= 50 || slices.Min(sample.Rate) == 0 {
		t.Errorf("%g s, %v", sample.Window, sample.Rate)
	}
	if v, ok := sample.Values[measuredFor.ID]; !ok || math.Abs(v*60-sample.Window) > 1e-9 {
		t.Errorf("%v minutes", v)
	}
	if _, err = measure(t, 0); err == nil {
		t.Error("figures of half an interval")
	}
}

func TestATrendSaysWhatItMeans(t *testing.T) {
	for name, c := range map[string]struct {
		low, high, bound float64
		enough           bool
		says             string
		holds, creeps    bool
	}{
		"memory that stays":                {-0.2, 0.4, 1, true, "at most 1 MiB/h", true, false},
		"memory that grows a little":       {0.2, 0.9, 1, true, "at most 1 MiB/h", true, false},
		"memory that grows":                {1.1, 3, 1, true, "grows by more than 1 MiB/h", false, true},
		"memory of which nobody can tell":  {-4, 5, 1, true, "cannot tell whether it is at most 1 MiB/h", false, false},
		"a latency that stays":             {-0.1, 0.1, 0, true, "no trend", true, false},
		"descriptors that never change":    {0, 0, 0, true, "no trend", true, false},
		"a latency that rises":             {0.1, 0.2, 0, true, "rises", false, true},
		"a latency that falls":             {-0.2, -0.1, 0, true, "falls", true, false},
		"a minute says nothing of an hour": {5, 6, 1, false, "too short to tell", false, false},
	} {
		got := Trend{Low: c.low, High: c.high}
		if got.judge(c.bound, "MiB", c.enough); got.Says != c.says || got.Holds != c.holds || got.Creeps != c.creeps {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// An hour in which memory climbs for ten minutes, then stays but for one interval.
func TestATrendBeginsBehindTheFirstSixth(t *testing.T) {
	s := Series{Label: "RSS", Unit: "MiB", Bound: 1}
	for i := range 60 {
		s.Points = append(s.Points, Point{float64(i)*60 + 30, min(40+2*float64(i), 60)})
	}
	s.Points[33].Value = 90
	s.found(600, time.Hour)
	if tr := s.Trend; tr == nil || tr.Slope != 0 || tr.Median != 60 || tr.Start != 60 || tr.End != 60 || tr.From != 600 || tr.To != 3570 || !tr.Holds {
		t.Errorf("%+v", s.Trend)
	}
	s.Points = s.Points[:15]
	s.Trend = nil
	if s.found(600, time.Hour); s.Trend != nil {
		t.Errorf("five points have a trend: %+v", s.Trend)
	}
}

// Memory that is taken for five minutes and given back has no trend, whenever its teeth begin, and memory that leaks
// below such teeth has one.
func TestASawIsJudgedByItsFloor(t *testing.T) {
	for _, leak := range []float64{0, 5} {
		for _, period := range []float64{47, 290, 303, 365} {
			for shift := range 5 {
				v := &vitals{}
				for i := range 360 {
					at := float64(i)*10 + 1
					tooth := 8 * math.Mod(at+float64(shift)*50, period) / period
					v.looks = append(v.looks, look{at: int64(at * 1e9), rss: (100 + tooth + leak*at/3600) * mib})
				}
				s := v.series(allVitals[0], 0, int64(time.Hour), int64(time.Minute))
				s.found(600, time.Hour)
				if s.Trend == nil || s.Trend.Holds != (leak == 0) || s.Trend.Creeps != (leak > 0) || math.Abs(s.Trend.Slope-leak) > 0.6 {
					t.Errorf("a leak of %g, teeth of %g s, shifted by %d: %+v", leak, period, shift, s.Trend)
				}
			}
		}
	}
	if x, y := lowest([]float64{1, 2, 3}, []float64{3, 2, 1}); len(x) != 3 || y[2] != 1 {
		t.Errorf("%v %v: fewer points than parts", x, y)
	}
	x, y := lowest([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []float64{5, 4, 3, 2, 1, 0, 1, 2, 3, 4})
	if len(x) != floors || y[0] != 5 || y[floors-1] != 3 || x[floors-1] != 8 || !slices.Contains(y, 0) {
		t.Errorf("%v %v", x, y)
	}
}

func TestATrendIsToldAnHour(t *testing.T) {
	var up Series
	up.Unit, up.Relative = "ms", true
	for i := range 60 {
		up.Points = append(up.Points, Point{float64(i) * 60, 2 + float64(i)/60}) // a millisecond more an hour
	}
	up.found(0, time.Hour)
	slope, low, high, unit := up.PerHour()
	if want := 100 / up.Trend.Median; math.Abs(slope-want) > 1e-6 || math.Abs(low-want) > 1e-6 || math.Abs(high-want) > 1e-6 || unit != "%/h" || !up.Trend.Creeps {
		t.Errorf("%g (%g to %g) %s, want %g; %+v", slope, low, high, unit, want, up.Trend)
	}
	up.Relative, up.Unit = false, ""
	if slope, _, _, unit := up.PerHour(); math.Abs(slope-1) > 1e-9 || unit != "/h" {
		t.Errorf("%g %s", slope, unit)
	}
}

func TestVitalsAreMediansByInterval(t *testing.T) {
	v := &vitals{}
	for i, rss := range []float64{7, 1, 9, 2, math.NaN(), 4, math.NaN(), 8} {
		v.looks = append(v.looks, look{at: 100 + int64(i)*10, rss: rss * mib})
	}
	// Intervals of 30 from 110 on: 1, 9 and 2; nothing told and 4; the last is not over.
	got := v.series(allVitals[0], 110, 199, 30)
	want := []Point{{15e-9, 2}, {45e-9, 4}}
	if !slices.Equal(got.Points, want) {
		t.Errorf("%v, want %v", got.Points, want)
	}
}

func TestTheLiveHeapIsWhatTheNextCollectionHangsOn(t *testing.T) {
	if got := liveHeap(map[string]float64{"go_memstats_next_gc_bytes": 80 * mib, "go_gc_gogc_percent": 700}); got != 10*mib {
		t.Errorf("%g", got)
	}
	for _, counters := range []map[string]float64{nil, {"go_memstats_next_gc_bytes": 80 * mib}, {"go_memstats_next_gc_bytes": 80 * mib, "go_gc_gogc_percent": -1}} {
		if got := liveHeap(counters); !math.IsNaN(got) {
			t.Errorf("%v: %g", counters, got)
		}
	}
}

func TestASoakIsDividedAndSpoken(t *testing.T) {
	for d, want := range map[time.Duration]struct {
		n      int
		spoken string
	}{time.Hour: {60, "1 h"}, 10 * time.Minute: {60, "10 min"}, 90 * time.Minute: {60, "1.5 h"}, 5 * time.Second: {20, "5 s"}, time.Second / 2: {4, "0.5 s"}} {
		if n, text := intervals(d), spoken(d); n != want.n || text != want.spoken {
			t.Errorf("%s: %d intervals, %q", d, n, text)
		}
	}
	for nanos, want := range map[time.Duration]string{-1: "0:00", 65 * time.Second: "1:05", time.Hour + 5*time.Second: "1:00:05"} {
		if got := clock(int64(nanos)); got != want {
			t.Errorf("%s: %q", nanos, got)
		}
	}
}

// What a window keeps by interval is what it keeps in all.
func TestALatencyCountsInItsInterval(t *testing.T) {
	kept, other := load.NewLatency(), load.NewLatency()
	w := window{from: 1000, to: 2000}
	w.intervals = map[*load.Latency]*load.Intervals{kept: load.NewIntervals(1000, 1000, 2)}
	for _, due := range []int64{999, 1000, 1499, 1500, 2000} {
		w.took(kept, due, due+5000)
		w.took(other, due, due+5000)
	}
	each := w.intervals[kept].Whole(2000)
	if kept.Count() != 3 || other.Count() != 3 || each[0].Count() != 2 || each[1].Count() != 1 {
		t.Errorf("%d and %d, by interval %d and %d", kept.Count(), other.Count(), each[0].Count(), each[1].Count())
	}
}
