package load

// A Pace says when messages are due at a fixed rate, whether or not the server keeps up: an open loop. What
// is measured from a due time includes the wait of a generator or a server that was late, so that a
// stall counts for every message it delayed.
type Pace struct {
	start    int64   // nanoseconds
	interval float64 // the same: rounded, it would drift
	n        int64
}

// NewPace begins at start, with perSecond messages a second, more than 0.
func NewPace(start int64, perSecond float64) *Pace {
	return &Pace{start: start, interval: 1e9 / perSecond}
}

// Due takes the next message if its time has come, and returns that time.
func (p *Pace) Due(now int64) (at int64, ok bool) {
	if at = p.Next(); at > now {
		return 0, false
	}
	p.n++
	return at, true
}

// Next is when the next message is due.
func (p *Pace) Next() int64 { return p.start + int64(float64(p.n)*p.interval) }
