package cmd

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// heapFloor is the size, in bytes, that the heap may always have before it is collected. A small server's
// live heap is a few MiB, and 50,000 messages a second make as much garbage ten times a second: each
// collection is a millisecond or two in which a neighbour waits, and eight of them a second are all that its
// p99 sees.
const heapFloor = 64 << 20

// A pacer keeps the collector from running more often than heapFloor asks for. It looks after every
// collection: the percentage that a heap of 6 MiB needs is far too much for the next one of 600.
type pacer struct {
	base    int    // percentage that is never gone below
	floor   uint64 // bytes
	now     int    // percentage in force
	stopped atomic.Bool
}

// pace starts a pacer, until stop is called. Without a floor it does nothing.
func (t tuning) pace() (stop func()) {
	if t.HeapFloor == 0 {
		return func() {}
	}
	p := &pacer{base: t.GCPercent, floor: t.HeapFloor, now: t.GCPercent}
	p.collected()
	return func() { p.stopped.Store(true) }
}

// percent is the GOGC for a live heap: the least, but no less than base, with which it grows to the floor.
func (p *pacer) percent(live uint64) int {
	const most = 10_000
	if live == 0 || live >= p.floor {
		return p.base
	}
	return max(p.base, min(most, int(p.floor*100/live)-100))
}

// collected sets the percentage for the heap as the last collection left it, and waits for the next. Setting
// it stops the world for a moment, so small differences are let be.
func (p *pacer) collected() {
	if p.stopped.Load() {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	percent := p.percent(sample[0].Value.Uint64())
	if percent != p.now && (percent == p.base || percent > p.now+p.now/4 || percent < p.now-p.now/4) {
		debug.SetGCPercent(percent)
		p.now = percent
	}
	// What nothing points to is found by the next collection.
	runtime.AddCleanup(new(canary), (*pacer).collected, p)
}

// A canary is too big to share its memory with other small objects, which would keep it alive.
type canary struct{ _ [64]byte }
