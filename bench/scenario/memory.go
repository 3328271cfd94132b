package scenario

import (
	"context"
	"time"

	"dormouse/bench/load"
)

// memory is what a server holds, in bytes. heap is 0 if the server does not say.
type memory struct{ heap, rss float64 }

// collected makes the server collect its garbage, waits until what it gave back to the system has gone,
// and reads what is left. Connections are served meanwhile.
func (s *Stand) collected(ctx context.Context) (memory, error) {
	for range 2 { // what has a finalizer goes at the second
		if err := s.server.Collect(ctx); err != nil {
			return memory{}, err
		}
	}
	last := int64(-1)
	for range 10 {
		if err := s.idle(ctx, 500*time.Millisecond); err != nil {
			return memory{}, err
		}
		rss, err := s.server.RSS()
		if err != nil {
			return memory{}, err
		}
		if last >= 0 && rss > last-last/200 {
			break
		}
		last = rss
	}
	return s.memory(ctx)
}

// heaps is what servers call the bytes that they have allocated: Go's, Node.js's, and Redis.
var heaps = []string{"go_memstats_heap_alloc_bytes", "nodejs_heap_size_used_bytes", "used_memory"}

// memory reads what the server holds as it stands.
func (s *Stand) memory(ctx context.Context) (memory, error) {
	counters, err := s.server.Counters(ctx)
	if err != nil {
		return memory{}, err
	}
	m := memory{}
	for _, name := range heaps {
		m.heap += counters[name] // a server has one of them
	}
	rss, err := s.server.RSS()
	m.rss = float64(rss)
	return m, err
}

// idle serves the connections for a while.
func (s *Stand) idle(ctx context.Context, d time.Duration) error {
	until := load.Now() + int64(d)
	return s.run(ctx, func(now int64) (int64, bool) { return until, now >= until })
}
