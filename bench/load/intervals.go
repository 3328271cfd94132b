package load

// Intervals are the durations of a measurement by the interval in which each was due: one [Latency] for each, of 170 KB,
// so that there should be some tens of them and no more.
type Intervals struct {
	start, width int64
	each         []*Latency
}

// NewIntervals divides span nanoseconds from start into n equal intervals.
func NewIntervals(start, span int64, n int) *Intervals {
	i := &Intervals{start: start, width: max(span/int64(n), 1), each: make([]*Latency, n)}
	for k := range i.each {
		i.each[k] = NewLatency()
	}
	return i
}

// Add counts one duration in nanoseconds that began at a time; those that began outside are not counted.
func (i *Intervals) Add(due, nanos int64) {
	if l := i.At(due); l != nil {
		l.Add(nanos)
	}
}

// At is the interval that a time is in; nil: in none.
func (i *Intervals) At(due int64) *Latency {
	if k := (due - i.start) / i.width; due >= i.start && k < int64(len(i.each)) {
		return i.each[k]
	}
	return nil
}

// Whole are the intervals that were over at a time, the first one first.
func (i *Intervals) Whole(at int64) []*Latency {
	return i.each[:min(max((at-i.start)/i.width, 0), int64(len(i.each)))]
}
