package limit

import (
	"strconv"
	"testing"
	"time"
)

var began = time.Unix(1_700_000_000, 0)

func TestEachKeyHasABucket(t *testing.T) {
	b := NewBuckets(2, 3, func() { t.Error("forgot") })
	for i, step := range []struct {
		key   string
		n     int
		after time.Duration
		want  bool
	}{
		{"a", 2, 0, true}, {"a", 2, 0, false}, {"a", 1, 0, true}, {"a", 1, 0, false},
		{"b", 4, 0, false}, {"b", 3, 0, true},
		{"a", 1, 400 * time.Millisecond, false}, {"a", 1, 500 * time.Millisecond, true}, {"a", 1, 500 * time.Millisecond, false},
		{"a", 3, time.Minute, true}, {"a", 1, time.Minute, false},
	} {
		if got := b.Take(step.key, step.n, began.Add(step.after)); got != step.want {
			t.Errorf("step %d: %d of %s after %v: %v", i, step.n, step.key, step.after, got)
		}
	}
}

// Those who are at their limit are remembered as long as others make room for new ones.
func TestKeysBelowTheirRateMakeRoom(t *testing.T) {
	b := NewBuckets(1, 1, func() { t.Error("forgot") })
	b.keys = 8
	at := began
	for i := range 5 {
		b.Take("early "+strconv.Itoa(i), 1, at)
	}
	at = at.Add(time.Second)
	for i := range 3 {
		b.Take("late "+strconv.Itoa(i), 1, at)
	}
	b.Take("new", 1, at)
	if b.Len() != 4 {
		t.Errorf("%d keys, want the 3 late ones and the new one", b.Len())
	}
	for i := range 3 {
		if b.Take("late "+strconv.Itoa(i), 1, at) {
			t.Errorf("late %d has its token again", i)
		}
	}
}

// Room for a few keys only would be looked for again with nearly every new one.
func TestTooManyKeysAreForgottenAtOnce(t *testing.T) {
	forgot := 0
	b := NewBuckets(1, 1, func() { forgot++ })
	b.keys = 8
	b.Take("early", 1, began)
	at := began.Add(time.Second)
	for i := range 7 {
		b.Take("late "+strconv.Itoa(i), 1, at)
	}
	if forgot != 0 || b.Len() != 8 {
		t.Fatalf("%d keys, forgot %d times", b.Len(), forgot)
	}
	if !b.Take("new", 1, at) || forgot != 1 || b.Len() != 1 {
		t.Errorf("%d keys, forgot %d times", b.Len(), forgot)
	}
	if !b.Take("late 0", 1, at) {
		t.Error("late 0 was remembered")
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	forgot := 0
	b := NewBuckets(1, 2, func() { forgot++ })
	for i := range 3*DefaultMaxKeys + 1 {
		b.Take(strconv.Itoa(i), 1, began)
	}
	if b.Len() > DefaultMaxKeys || forgot != 3 {
		t.Errorf("%d keys, forgot %d times, want 3", b.Len(), forgot)
	}
}
