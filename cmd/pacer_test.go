package cmd

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPacerPercent(t *testing.T) {
	p := pacer{base: 200, floor: 64 << 20}
	for live, want := range map[uint64]int{
		0:         200, // nothing was collected yet
		1:         10_000,
		6 << 20:   966,
		16 << 20:  300,
		22 << 20:  200,
		64 << 20:  200,
		900 << 20: 200,
	} {
		if got := p.percent(live); got != want {
			t.Errorf("%d bytes live: %d, want %d", live, got, want)
		}
	}
}

var ballast []byte

// TestPacer: the percentage follows the heap from one collection to the next, and stays once it is stopped.
func TestPacer(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	read := func() int {
		percent := debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		return percent
	}
	until := func(what string, ok func(percent int) bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !ok(read()); runtime.GC() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the percentage stays %d", what, read())
			}
		}
	}
	stop := tuning{GCPercent: 100, HeapFloor: 1 << 30}.pace()
	defer stop()
	until("a small heap", func(percent int) bool { return percent > 400 })
	ballast = make([]byte, 700<<20)
	until("a big one", func(percent int) bool { return percent == 100 })
	ballast = nil
	until("a small one again", func(percent int) bool { return percent > 400 })
	stop()
	debug.SetGCPercent(123)
	for range 5 {
		runtime.GC()
	}
	if got := read(); got != 123 {
		t.Errorf("stopped, and it set %d", got)
	}
}
