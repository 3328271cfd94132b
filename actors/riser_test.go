package actors

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRiser: what follows the wall clock goes forward with it, never back, never stands still for long, and
// comes down to it again.
func TestRiser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := riser{pace: 2}
		start := time.Now()
		if at := r.read(start); !at.Equal(start) {
			t.Fatalf("at the start it says %v, want %v", at, start)
		}
		// A floor from an earlier process, an hour ahead, is the wall having been set back by an hour.
		floor := start.Add(time.Hour)
		r.high.Store(floor.UnixNano())
		last := r.read(time.Now())
		if !last.Equal(floor) {
			t.Fatalf("it begins at %v, want %v", last, floor)
		}
		for range 118 {
			time.Sleep(time.Minute)
			at := r.read(time.Now())
			if d := at.Sub(last); d != 30*time.Second {
				t.Fatalf("in a minute behind it goes %v on, want 30s", d)
			}
			last = at
		}
		time.Sleep(2 * time.Minute)
		if now := time.Now(); !r.read(now).Equal(now) {
			t.Fatal("it has not come down to the wall")
		}
		// Behind once more, from another height.
		r.high.Store(time.Now().Add(time.Second).UnixNano())
		last = r.read(time.Now())
		time.Sleep(time.Second / 2)
		if d := r.read(time.Now()).Sub(last); d != time.Second/4 {
			t.Fatalf("in half a second behind it goes %v on, want 250ms", d)
		}
	})
}

// TestStampsAreNeverBeforeNow: after the wall clock was set back now goes on faster than the stamps would, and
// a message that is due by now has an id of that time.
func TestStampsAreNeverBeforeNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clock{time: riser{pace: nowPace}, stamp: riser{pace: stampPace}}
		back := time.Now().Add(time.Hour)
		c.time.high.Store(back.UnixNano())
		c.stamp.high.Store(back.UnixNano())
		last := back
		for range 150 {
			time.Sleep(time.Minute)
			now, stamp := c.times()
			if stamp.Before(now) || stamp.Before(last) {
				t.Fatalf("the stamp is %v, after %v; it is %v", stamp, last, now)
			}
			last = stamp
		}
		if now := time.Now(); !last.Equal(now) {
			t.Errorf("it ends at %v, not %v", last, now)
		}
	})
}

// TestRiserReadTogether: readers on many goroutines, with readings out of order, never see it go back.
func TestRiserReadTogether(t *testing.T) {
	r := riser{pace: stampPace}
	r.high.Store(time.Now().Add(20 * time.Millisecond).UnixNano())
	end := time.Now().Add(60 * time.Millisecond)
	done := make(chan time.Duration)
	for range 4 {
		go func() {
			var last time.Time
			for time.Now().Before(end) {
				at := r.read(time.Now())
				if at.Before(last) {
					done <- last.Sub(at)
					return
				}
				last = at
			}
			done <- 0
		}()
	}
	for range 4 {
		if back := <-done; back != 0 {
			t.Errorf("it went back by %v", back)
		}
	}
}
