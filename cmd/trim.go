package cmd

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"dormouse/actors"
)

// trimEvery is how often the trimmer looks; trimFrom is how many actors and connections make it worth
// while: a thousand take some ten megabytes. It looks again once no more than quietBytes are allocated
// between two looks, and does nothing if less than trimBytes came free.
const (
	trimEvery  = 5 * time.Second
	trimFrom   = 1000
	quietBytes = 16 << 20
	trimBytes  = 16 << 20
)

// A trimmer gives memory back to the machine once a crowd has gone: channels that fell asleep, clients that
// left. The collector would keep what they took for minutes, and where nothing happens any more for two of
// them before it even looks.
type trimmer struct {
	peak  int    // actors and connections, the most since memory was last given back
	again bool   // a crowd has gone; the store may still have been busy with what it left
	total uint64 // allocated so far
}

// heap is what the runtime says of its memory, in bytes.
type heap struct {
	allocated uint64 // since the start
	free      uint64 // not in use, and not given back
}

// look hears how many actors and connections there are, and says whether it is time.
func (t *trimmer) look(s actors.Stats, h heap) bool {
	quiet := h.allocated-t.total <= quietBytes
	t.total = h.allocated
	n := s.Awake + s.Connections
	t.peak = max(t.peak, n)
	if t.peak >= trimFrom && n <= t.peak/4 {
		t.peak, t.again = n, true
		return true
	}
	if t.again && quiet {
		t.again = false
		return h.free >= trimBytes
	}
	return false
}

// trim runs a trimmer until ctx is done. A collection of what is left after a crowd takes milliseconds.
func trim(ctx context.Context, stats func() actors.Stats) {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	var t trimmer
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			metrics.Read(sample)
			if t.look(stats(), heap{sample[0].Value.Uint64(), sample[1].Value.Uint64()}) {
				debug.FreeOSMemory()
			}
		}
	}
}
