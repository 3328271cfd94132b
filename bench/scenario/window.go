package scenario

import (
	"context"
	"time"

	"dormouse/bench/load"
)

// slots is into how many equal parts a window's throughput is divided: fifty, or fewer of 50 ms.
func (w *window) slots() int { return int(min(max((w.to-w.from)/int64(50*time.Millisecond), 4), 50)) }

// A window is the time in which things count: work, if it was done in it; a latency, if its message was due in it, be
// the answer as late as it may, so that a stall at the window's end counts too.
type window struct {
	from, to int64
	cpu      time.Duration // of the server
	idle     time.Duration // of the generator
	others   time.Duration // of everything else on the machine
	units    int64
	series   *load.Series
	// intervals has those latencies that are kept by interval too; nil: none.
	intervals map[*load.Latency]*load.Intervals
}

// counts says whether what happened at a time counts.
func (w *window) counts(at int64) bool { return at >= w.from && at < w.to }

// took counts the latency of what was due and came at these times, if it was due in the window.
func (w *window) took(l *load.Latency, due, at int64) {
	if !w.counts(due) {
		return
	}
	l.Add(at - due)
	if i := w.intervals[l]; i != nil {
		i.Add(due, at-due)
	}
}

// add counts n units of work, if their time counts.
func (w *window) add(at int64, n int) {
	if w.counts(at) {
		w.units += int64(n)
		w.series.Add(at, n)
	}
}

func (w *window) seconds() float64 { return float64(w.to-w.from) / 1e9 }

func (w *window) perSecond() float64 { return float64(w.units) / w.seconds() }

// cpuPer is the server's processor time for each unit, in nanoseconds.
func (w *window) cpuPer() float64 { return float64(w.cpu) / float64(max(w.units, 1)) }

// measure warms up, then opens the window and keeps it open for Size.Window. send is called each time
// round, to send what is due, and says when it wants to be called next; it is not called after the window. A soak may
// close the window before its time.
func (s *Stand) measure(ctx context.Context, unit string, send func(now int64) (next int64)) error {
	w := &s.window
	opening := load.Now() + int64(s.Size.Warm)
	*w = window{} // nothing counts yet
	profile := s.profile(ctx, s.Size.Warm+s.Size.Window)
	opened := false
	err := s.run(ctx, func(now int64) (int64, bool) {
		if !opened && now >= opening {
			opened = true
			w.from, w.to = now, now+int64(s.Size.Window)
			w.series = load.NewSeries(w.from, w.to-w.from, w.slots())
			s.used(&w.cpu, &w.idle, -1)
			s.elsewhere(-1)
			if s.soak != nil {
				s.soak.begin()
			}
		}
		if opened && s.soak != nil && s.soak.over(now) {
			w.to = min(w.to, now)
		}
		if opened && now >= w.to {
			s.used(&w.cpu, &w.idle, +1)
			s.elsewhere(+1)
			return 0, true
		}
		next := send(now)
		edge := opening
		if opened {
			edge = w.to
		}
		if next > 0 {
			edge = min(edge, next)
		}
		return edge, false
	})
	s.keep(profile)
	if err != nil {
		return err
	}
	s.Sample.Rate, s.Sample.RateUnit = w.series.PerSecond(w.to), unit
	s.Sample.Window = w.seconds()
	s.Sample.set(serverBusy, 100*w.cpu.Seconds()/w.seconds())
	s.Sample.set(loadBusy, 100*(1-w.idle.Seconds()/w.seconds()))
	s.Sample.set(othersBusy, max(100*w.others.Seconds()/w.seconds(), 0))
	return nil
}

// used adds or takes away the server's processor time so far, and the generator's idle time.
func (s *Stand) used(server, idle *time.Duration, sign time.Duration) {
	cpu, err := s.server.CPU()
	if err != nil {
		s.fail("%w", err)
	}
	*server += sign * cpu
	*idle += sign * time.Duration(s.loop.Idle())
}

// elsewhere adds or takes away the processor time of everything else so far.
func (s *Stand) elsewhere(sign time.Duration) {
	d, err := s.server.Others()
	if err != nil {
		s.fail("%w", err)
	}
	s.window.others += sign * d
}

// drained is how long what was sent may take to arrive once nothing more is sent.
const drained = 20 * time.Second
