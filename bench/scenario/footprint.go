package scenario

import (
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

// looking is how often a server's memory is looked at: often enough to see a collector's teeth, and some ten
// microseconds of the generator's processor each time.
const looking = 100 * time.Millisecond

// maxLooks bounds a series. When it is full every other one goes, and from then on half as many are kept.
const maxLooks = 400

// A footprint is a server's memory over the time of a measurement, from before its clients came to the end, over
// restarts too.
type footprint struct {
	began int64 // the first look
	every int   // how many looks one point is
	looks int
	line  []Point

	stop, stopped chan struct{}
}

// A Point is a value at a time.
type Point struct {
	Seconds float64 `json:"s"`
	Value   float64 `json:"v"`
}

func newFootprint() *footprint { return &footprint{every: 1} }

// watch looks at a server until rest is called.
func (f *footprint) watch(s *peers.Server) {
	f.stop, f.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(f.stopped)
		ticker := time.NewTicker(looking)
		defer ticker.Stop()
		for {
			if size, err := s.Resident(); err == nil { // it may have ended: who drives it finds out
				f.add(load.Now(), float64(size)/(1<<20))
			}
			select {
			case <-ticker.C:
			case <-f.stop:
				return
			}
		}
	}()
}

// rest ends a watch. Twice does nothing.
func (f *footprint) rest() {
	if f.stop != nil {
		close(f.stop)
		<-f.stopped
		f.stop = nil
	}
}

func (f *footprint) add(at int64, mib float64) {
	if f.looks++; f.looks == 1 {
		f.began = at
	}
	if (f.looks-1)%f.every != 0 {
		return
	}
	if len(f.line) == maxLooks {
		for i := range maxLooks / 2 {
			f.line[i] = f.line[2*i]
		}
		f.line, f.every = f.line[:maxLooks/2], 2*f.every
	}
	f.line = append(f.line, Point{float64(at-f.began) / 1e9, mib})
}
