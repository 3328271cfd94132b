package scenario

import (
	"context"
	"io/fs"
	"math"
	"path/filepath"
	"sync"
	"time"

	"dormouse/bench/load"
)

// vitals are what a server holds, looked at from time to time while it works: all that may creep.
type vitals struct {
	stand *Stand
	every time.Duration
	begun int64

	mu    sync.Mutex
	looks []look // as many as there are in the window

	cancel context.CancelFunc
	done   chan struct{}
}

// A look is what a server held at a time. What it does not tell is not a number.
type look struct {
	at                                       int64
	rss, heap, goroutines, descriptors, disk float64
}

// A vital is one of them, as a series.
type vital struct {
	id, label, unit string
	bound           float64
	least           time.Duration
	floor           bool
	of              func(look) float64
}

const mib = 1 << 20

// allVitals begin with what is a headline.
var allVitals = []vital{
	{"rss", "RSS", "MiB", 1, sawJudged, true, func(l look) float64 { return l.rss / mib }},
	{"heap", "live heap", "MiB", 1, sawJudged, true, func(l look) float64 { return l.heap / mib }},
	{"goroutines", "goroutines", "", 0, judged, false, func(l look) float64 { return l.goroutines }},
	{"descriptors", "descriptors", "", 0, judged, false, func(l look) float64 { return l.descriptors }},
	{"disk", "data folder", "MiB", 0, sawJudged, true, func(l look) float64 { return l.disk / mib }},
}

// How often a server's vitals are looked at: six times an interval, but not so often that it is work for the server, which
// writes its page of metrics each time, and often enough to have its garbage's rhythm in an interval.
const (
	looksEach = 6
	mostOften = 250 * time.Millisecond
	mostRare  = 10 * time.Second
)

// watch begins to look, until rest is called.
func (s *Stand) watch(interval time.Duration) *vitals {
	ctx, cancel := context.WithCancel(context.Background()) // who ends it is rest
	v := &vitals{stand: s, every: min(max(interval/looksEach, mostOften), mostRare), begun: load.Now(), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(v.done)
		ticker := time.NewTicker(v.every)
		defer ticker.Stop()
		for {
			l := s.look(ctx)
			v.mu.Lock()
			v.looks = append(v.looks, l)
			v.mu.Unlock()
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return v
}

// rest ends it. Twice does nothing.
func (v *vitals) rest() {
	v.cancel()
	<-v.done
}

// last is the latest look; ok says that there is one.
func (v *vitals) last() (l look, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.looks) == 0 {
		return l, false
	}
	return v.looks[len(v.looks)-1], true
}

// look looks once. It disturbs the server as little as it can: a collection only for this would show in its latencies.
func (s *Stand) look(ctx context.Context) look {
	none := math.NaN()
	l := look{at: load.Now(), rss: none, heap: none, goroutines: none, descriptors: none, disk: none}
	if n, err := s.server.RSS(); err == nil { // it may have ended: who drives it finds out
		l.rss = float64(n)
	}
	if n, err := s.server.Descriptors(); err == nil {
		l.descriptors = float64(n)
	}
	if n, err := folderSize(s.dir); err == nil {
		l.disk = float64(n)
	}
	counters, err := s.server.Counters(ctx)
	if err != nil {
		return l
	}
	if n, ok := counters["go_goroutines"]; ok {
		l.goroutines = n
	}
	l.heap = liveHeap(counters)
	return l
}

// liveHeap is what the last collection of a Go server found alive: its next one is due when the heap has grown by a
// known percentage of that. Stacks and globals count too, a MiB or two, and what is less than 4 MiB is told as that much.
func liveHeap(counters map[string]float64) float64 {
	next, percent := counters["go_memstats_next_gc_bytes"], counters["go_gc_gogc_percent"]
	if next <= 0 || percent <= 0 {
		return math.NaN()
	}
	return next / (1 + percent/100)
}

// folderSize is the bytes of all files in a folder and below. Files may go meanwhile.
func folderSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // it has gone
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size, err
}

// series is a vital's, by intervals of a window from a time to another: the median of each one's looks, and the lowest.
func (v *vitals) series(of vital, from, to, width int64) Series {
	s := Series{ID: of.id, Label: of.label, Unit: of.unit, Bound: of.bound, Least: of.least.Seconds(), Floor: of.floor}
	v.mu.Lock()
	defer v.mu.Unlock()
	next := 0
	for at := from; at+width <= to; at += width {
		var values []float64
		low := Point{Value: math.Inf(1)}
		for ; next < len(v.looks) && v.looks[next].at < at+width; next++ {
			if value := of.of(v.looks[next]); v.looks[next].at >= at && !math.IsNaN(value) {
				values = append(values, value)
				if value < low.Value {
					low = Point{float64(v.looks[next].at-from) / 1e9, value}
				}
			}
		}
		if len(values) > 0 {
			s.lows = append(s.lows, low)
			s.Points = append(s.Points, Point{float64(at+width/2-from) / 1e9, middle(values)})
		}
	}
	return s
}
