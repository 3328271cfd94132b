package acceptance

import (
	"sync"
	"time"
)

// A handClock goes on only when a test moves it, so that no test of waiting waits, and none judges by the
// machine's speed.
type handClock struct {
	mu     sync.Mutex
	now    time.Duration
	timers []*handTimer
}

type handTimer struct {
	at      time.Duration
	run     func()
	stopped bool
}

// after runs f when the clock has gone on by d: at the next advance, if d is zero.
func (h *handClock) after(d time.Duration, f func()) (stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &handTimer{at: h.now + d, run: f}
	h.timers = append(h.timers, t)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		t.stopped = true
	}
}

// advance moves the clock and runs what is due, the earliest first. What becomes due meanwhile runs too.
func (h *handClock) advance(d time.Duration) {
	h.mu.Lock()
	end := h.now + d
	for {
		due := -1
		for i, t := range h.timers {
			if t.at <= end && (due < 0 || t.at < h.timers[due].at) {
				due = i
			}
		}
		if due < 0 {
			break
		}
		t := h.timers[due]
		h.timers = append(h.timers[:due], h.timers[due+1:]...)
		h.now = max(h.now, t.at)
		if !t.stopped {
			h.mu.Unlock()
			t.run()
			h.mu.Lock()
		}
	}
	h.now = end
	h.mu.Unlock()
}
