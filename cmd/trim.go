package cmd

import (
	"context"
	"runtime/debug"
	"time"

	"dormouse/actors"
)

// trimEvery is how often the trimmer looks; trimFrom is how many actors and connections make it worth
// while: a thousand take some ten megabytes.
const (
	trimEvery = 5 * time.Second
	trimFrom  = 1000
)

// A trimmer gives memory back to the machine once a crowd has gone: channels that fell asleep, clients that
// left. The collector would keep what they took for minutes, and where nothing happens any more for two of
// them before it even looks.
type trimmer struct {
	peak int // actors and connections, the most since memory was last given back
}

// look hears how many actors and connections there are, and says whether it is time.
func (t *trimmer) look(s actors.Stats) bool {
	n := s.Awake + s.Connections
	t.peak = max(t.peak, n)
	if t.peak < trimFrom || n > t.peak/4 {
		return false
	}
	t.peak = n
	return true
}

// trim runs a trimmer until ctx is done. A collection of what is left after a crowd takes milliseconds.
func trim(ctx context.Context, stats func() actors.Stats) {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	var t trimmer
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if t.look(stats()) {
				debug.FreeOSMemory()
			}
		}
	}
}
