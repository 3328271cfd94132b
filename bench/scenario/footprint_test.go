package scenario

import (
	"testing"
	"time"
)

func TestALongSeriesKeepsItsBeginningAndItsEnd(t *testing.T) {
	f := &footprint{every: 1}
	const looks = 10 * maxLooks
	for i := range looks {
		f.add(int64(i)*int64(looking), float64(i))
	}
	if n := len(f.line); n > maxLooks || n < maxLooks/2 {
		t.Fatalf("%d points of %d", n, looks)
	}
	if f.line[0].Value != 0 || f.line[len(f.line)-1].Value < looks-float64(f.every) {
		t.Errorf("from %v to %v of %d", f.line[0], f.line[len(f.line)-1], looks)
	}
	step := f.line[1].Seconds - f.line[0].Seconds
	for i, p := range f.line {
		if want := float64(i) * step; p.Seconds < want-1e-6 || p.Seconds > want+1e-6 {
			t.Fatalf("point %d stands at %g s, want %g", i, p.Seconds, want)
		}
	}
	if want := time.Duration(f.every) * looking; step != want.Seconds() {
		t.Errorf("%g s apart, every %d of %s", step, f.every, looking)
	}
}
