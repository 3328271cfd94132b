package apps

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestSeldomIsOnceAMinuteForEachName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Seldom
		time.Sleep(time.Hour)
		if !s.Allow("a") || s.Allow("a") {
			t.Error("the first of each name is allowed, and no other")
		}
		time.Sleep(seldomEvery / 2)
		if s.Allow("a") || !s.Allow("b") {
			t.Error("each name has a minute of its own")
		}
		time.Sleep(seldomEvery/2 - time.Nanosecond)
		if s.Allow("a") {
			t.Error("allowed again before a minute has passed")
		}
		time.Sleep(time.Nanosecond)
		if !s.Allow("a") || s.Allow("b") {
			t.Error("allowed again after a minute, and not sooner")
		}
		time.Sleep(seldomEvery / 2)
		if s.Allow("a") || !s.Allow("b") {
			t.Error("allowed again after a minute, and not sooner")
		}
	})
}

func TestSeldomIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Seldom
		for minute := range 3 {
			allowed := 0
			for n := range 2 * maxSeldom {
				if s.Allow(fmt.Sprint(minute, " ", n)) {
					allowed++
				}
			}
			if allowed != maxSeldom {
				t.Errorf("minute %d: %d lines", minute, allowed)
			}
			if held := len(s.now) + len(s.before); held > 2*maxSeldom {
				t.Fatalf("it remembers %d names", held)
			}
			time.Sleep(seldomEvery)
		}
	})
}
