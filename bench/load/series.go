package load

// A Series counts events in slots of equal time.
type Series struct {
	start, width int64
	counts       []float64
}

// NewSeries covers span nanoseconds from start in n slots.
func NewSeries(start, span int64, n int) *Series {
	return &Series{start: start, width: max(span/int64(n), 1), counts: make([]float64, n)}
}

// Add counts n events at a time; those outside are not counted.
func (s *Series) Add(at int64, n int) {
	if slot := (at - s.start) / s.width; at >= s.start && slot < int64(len(s.counts)) {
		s.counts[slot] += float64(n)
	}
}

// PerSecond are the events per second of each slot that was over at a time.
func (s *Series) PerSecond(at int64) []float64 {
	rates := make([]float64, min(max((at-s.start)/s.width, 0), int64(len(s.counts))))
	for i := range rates {
		rates[i] = s.counts[i] * 1e9 / float64(s.width)
	}
	return rates
}
