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
		if !s.Allow("a") || s.Allow("a") || !s.Allow("b") {
			t.Error("the first of each name is allowed, and no other")
		}
		time.Sleep(seldomEvery - 1)
		if s.Allow("a") {
			t.Error("allowed again before a minute has passed")
		}
		time.Sleep(1)
		if !s.Allow("a") {
			t.Error("not allowed again after a minute")
		}
	})
}

func TestSeldomIsBounded(t *testing.T) {
	var s Seldom
	for n := range 10 * seldomNames {
		s.Allow(fmt.Sprint(n))
		if len(s.last) > seldomNames {
			t.Fatalf("it remembers %d names", len(s.last))
		}
	}
}
