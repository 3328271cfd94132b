package pusher

import (
	"fmt"
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	start := time.Unix(1000, 0)
	var w window
	for i, tt := range []struct {
		after       time.Duration
		cost, limit int
		ok          bool
		left        int
		wait        time.Duration
	}{
		{0, 3, 2, false, 2, time.Second}, // more than there ever is; it uses nothing up
		{0, 1, 2, true, 1, time.Second},
		{300 * time.Millisecond, 2, 2, false, 1, 700 * time.Millisecond},
		{300 * time.Millisecond, 1, 2, true, 0, 700 * time.Millisecond},
		{999 * time.Millisecond, 1, 2, false, 0, time.Millisecond},
		{999 * time.Millisecond, 0, 2, true, 0, time.Millisecond},
		{999 * time.Millisecond, 0, 1, true, 0, time.Millisecond}, // a limit that was lowered meanwhile
		{1000 * time.Millisecond, 1, 2, true, 1, time.Second},
		{1000 * time.Millisecond, 1, 0, false, 0, time.Second},
		{-time.Hour, 1, 2, true, 1, time.Second}, // a clock that was put back
	} {
		if ok, left, wait := w.take(start.Add(tt.after), tt.cost, tt.limit); ok != tt.ok || left != tt.left || wait != tt.wait {
			t.Errorf("step %d: got %v, %d, %v", i, ok, left, wait)
		}
	}
}

func TestWindowsAreApart(t *testing.T) {
	var ws windows
	at := time.Unix(1000, 0)
	for _, key := range []windowOf{{"pusher/a", reads}, {"pusher/a", backendEvents}, {"pusher/b", reads}} {
		if ok, _, _ := ws.take(key, at, 1, 1); !ok {
			t.Errorf("%v is refused", key)
		}
		if ok, _, _ := ws.take(key, at, 1, 1); ok {
			t.Errorf("%v is allowed twice", key)
		}
	}
}

// TestWindowsSurviveATurn: a window that began just before the halves change places goes on.
func TestWindowsSurviveATurn(t *testing.T) {
	var ws windows
	start := time.Unix(1000, 0)
	key := windowOf{"pusher/a", reads}
	ws.take(windowOf{"pusher/b", reads}, start, 1, 1)
	ws.take(key, start.Add(900*time.Millisecond), 1, 1)
	for _, after := range []time.Duration{1000, 1500, 1899} {
		if ok, _, _ := ws.take(key, start.Add(after*time.Millisecond), 1, 1); ok {
			t.Errorf("after %d ms it is allowed again", after)
		}
	}
	if ok, _, _ := ws.take(key, start.Add(1900*time.Millisecond), 1, 1); !ok {
		t.Error("a second later it is not")
	}
}

func TestWindowsForget(t *testing.T) {
	var ws windows
	at := time.Unix(1000, 0)
	for i := range 1000 {
		ws.take(windowOf{fmt.Sprint(i), reads}, at, 1, 1)
	}
	for range 3 {
		at = at.Add(time.Second)
		ws.take(windowOf{"pusher/a", reads}, at, 1, 1)
	}
	if n := len(ws.young) + len(ws.older); n > 2 {
		t.Errorf("%d windows are left", n)
	}
}

func TestStrikes(t *testing.T) {
	var s strikes
	at := time.Unix(1000, 0)
	for i := range maxStrikes {
		if s.add(at.Add(time.Duration(i) * time.Millisecond)) {
			t.Errorf("the %dth is one too many", i+1)
		}
	}
	if !s.add(at.Add(time.Second)) {
		t.Error("none is one too many")
	}
	if s.add(at.Add(time.Minute)) {
		t.Error("what is long ago counts")
	}
}

func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2"} {
		if got := retryAfter(wait); got != want {
			t.Errorf("%v is %s, want %s", wait, got, want)
		}
	}
}
