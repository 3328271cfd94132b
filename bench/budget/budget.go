package budget

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
)

// A Path is one operation on a hot path, with what it may allocate.
type Path struct {
	Name string // of the benchmark, below BenchmarkBudget
	// Allocs is how many objects an operation may allocate: what was measured, and half an object for what comes
	// only now and then, such as a map or a pool that grows. A comment beside it says what they are.
	Allocs float64
	// Bytes is how many bytes these may be; a tenth more than was measured, since size classes and maps move.
	Bytes float64
	// Ops is how many operations are measured at a time by [Hold]; 0: 1,000.
	Ops int
	// Open gets everything ready and returns the operation, which waits for all that it sets off. What it opened is
	// closed by tb's Cleanup.
	Open func(tb testing.TB) (step func())
}

// Units of what [Benchmark] reports beside Go's own ns/op, B/op and allocs/op: what [Hold] judges, and the budget.
const (
	AllocsUnit       = "alone-allocs/op"
	BytesUnit        = "alone-B/op"
	BudgetAllocsUnit = "budget-allocs/op"
	BudgetBytesUnit  = "budget-B/op"
)

// warm is how many operations come before those that are measured: pools, maps and buffers find their sizes.
func (p *Path) warm() int { return max(p.ops()/4, 20) }

func (p *Path) ops() int {
	if p.Ops > 0 {
		return p.Ops
	}
	return 1000
}

// start returns the operation, warmed up.
func (p *Path) start(tb testing.TB) (step func()) {
	step = p.Open(tb)
	for range p.warm() {
		step()
	}
	return step
}

// Benchmark runs each path as a benchmark of its own. It reports what [Hold] would have judged, and the budget. Go's
// own figures are of as many operations as its time allows, with all that comes only now and then: collections, and
// write buffers that are full.
func Benchmark(b *testing.B, paths []Path) {
	for i := range paths {
		p := &paths[i]
		b.Run(p.Name, func(b *testing.B) {
			step := p.start(b)
			alone, _ := p.best(step)
			runtime.GC()
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
			b.ReportMetric(alone.allocs, AllocsUnit)
			b.ReportMetric(alone.bytes, BytesUnit)
			b.ReportMetric(p.Allocs, BudgetAllocsUnit)
			b.ReportMetric(p.Bytes, BudgetBytesUnit)
		})
	}
}

// Hold fails if a path allocates more than its budget, and logs what each allocates. While it measures there is no
// collection, which would empty the pools. Under the race detector, where pools forget a part of what they are given,
// the paths are gone and not judged.
func Hold(t *testing.T, paths []Path) {
	for i := range paths {
		p := &paths[i]
		t.Run(p.Name, func(t *testing.T) {
			step := p.start(t)
			if raceDetector {
				return
			}
			f, over := p.best(step)
			t.Logf("%s: %.2f allocations of %.1f, %.0f bytes of %.0f", p.Name, f.allocs, p.Allocs, f.bytes, p.Bytes)
			if over != "" {
				t.Error(over)
			}
		})
	}
}

// attempts is how often a path that is over its budget is measured: a ticker that went off meanwhile is nobody's
// fault.
const attempts = 4

// best measures until the budget is kept, and says by what it is not.
func (p *Path) best(step func()) (f figures, over string) {
	for range attempts {
		f = measure(p.ops(), step)
		if over = p.over(f); over == "" {
			break
		}
	}
	return f, over
}

// figures are those of one operation.
type figures struct{ allocs, bytes float64 }

// over says by what f is over the budget, "" if it is not.
func (p *Path) over(f figures) string {
	switch {
	case f.allocs > p.Allocs:
		return fmt.Sprintf("%.2f allocations an operation, at most %.1f", f.allocs, p.Allocs)
	case f.bytes > p.Bytes:
		return fmt.Sprintf("%.0f bytes an operation, at most %.0f", f.bytes, p.Bytes)
	}
	return ""
}

// measure does n operations and counts what the whole process allocates meanwhile.
func measure(n int, step func()) figures {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	step() // it fills the pools that the collection has emptied
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		step()
	}
	runtime.ReadMemStats(&after)
	return figures{
		float64(after.Mallocs-before.Mallocs) / float64(n),
		float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}
}
