package acceptance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	schedulesEach = 10 // of a channel
	schedulers    = 8  // who make them at the same time
)

// TestSchedulesThroughAKill schedules messages on channels that sleep, all within some seconds, kills the server
// in the middle of them, while those of one second are being sent, and starts it again: each is sent exactly
// once. A backend that hears of them says how late they were; those that were due while the server was up have
// a promise to keep where scheduleLateness gives one.
func TestSchedulesThroughAKill(t *testing.T) {
	b := newBus(t)
	s := serve(t, defaults().with(settings{"events.nats.url": b.url, "limits.idle_after": "1s"}))
	n := scheduleChannels * schedulesEach
	first := time.Now().Add(8*time.Second + time.Duration(n)*3*time.Millisecond).Truncate(time.Second)
	scheduleAll(t, s, n, first)
	if !asleep(t, s, first) {
		t.Logf("the channels are not all asleep when the first is due: this machine is slow")
	}
	// Half of the seconds are over when half of the messages have come; the next one is the first of its second.
	_ = pause(t.Context(), time.Until(first.Add(scheduleSeconds*time.Second/2)))
	for deadline := time.Now().Add(patience); b.count() <= n/2; {
		if time.Now().After(deadline) {
			t.Fatalf("%d messages have come, and %d are due", b.count(), n/2)
		}
		_ = pause(t.Context(), time.Millisecond)
	}
	killed := time.Now()
	s.kill()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	up := time.Now()
	_ = pause(t.Context(), time.Until(first.Add(scheduleSeconds*time.Second)))
	allRun(t, s)
	emptied(t, s)
	sent := storedNumbers(t, s)
	ids := map[int]map[string]bool{}
	var late []time.Duration
	for _, e := range b.all() {
		m := e.scheduled(t)
		if ids[m.N] == nil {
			ids[m.N] = map[string]bool{}
			due := time.UnixMilli(m.Due)
			// What the kill interrupted is as late as the machine takes to start again.
			if due.Before(killed) && e.at.Before(killed) || due.After(up) {
				late = append(late, e.at.Sub(due))
			}
		}
		ids[m.N][e.id] = true
	}
	for i := range n {
		if sent[i] != 1 || len(ids[i]) != 1 {
			t.Errorf("message %d was sent %d times, and told as %d", i, sent[i], len(ids[i]))
		}
	}
	slices.Sort(late)
	at := func(percent int) time.Duration {
		return late[min(len(late)*percent/100, len(late)-1)].Round(time.Millisecond / 10)
	}
	t.Logf("%d messages on %d channels, %d due while the server was up, away for %v; late, as a backend hears of them: p50 %v, p90 %v, p99 %v, the latest %v",
		n, scheduleChannels, len(late), up.Sub(killed).Round(time.Millisecond), at(50), at(90), at(99), at(100))
	if scheduleLateness > 0 && at(99) > scheduleLateness {
		t.Errorf("p99 is %v, want %v", at(99), scheduleLateness)
	}
}

// scheduleAll makes n schedules, spread evenly over the seconds from first on.
func scheduleAll(t *testing.T, s *server, n int, first time.Time) {
	t.Helper()
	began := time.Now()
	var next atomic.Int64
	errs := make(chan error, schedulers)
	for range schedulers {
		go func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= n {
					errs <- nil
					return
				}
				due := first.Add(time.Duration(i%scheduleSeconds) * time.Second)
				resp, err := s.publish(t.Context(), fmt.Sprintf(`{"channel":"later.%d","event":"e","data":{"n":%d,"due":%d},"store":3600,"emitPubSubEvent":true,"scheduleExpression":"at(%s)"}`,
					i/schedulesEach, i, due.UnixMilli(), due.UTC().Format("2006-01-02T15:04:05")))
				if err == nil && resp.status != 202 {
					err = fmt.Errorf("schedule %d: %s", i, resp)
				}
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	for range schedulers {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d schedules made in %v", n, time.Since(began).Round(time.Millisecond))
}

// asleep waits until no channel is in memory, and says whether that was before a time.
func asleep(t *testing.T, s *server, before time.Time) bool {
	t.Helper()
	for time.Now().Before(before) {
		resp, err := s.get(t.Context(), "http://"+s.admin+"/metrics")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(resp.body, "\ndormouse_actors_awake 0\n") {
			return true
		}
		_ = pause(t.Context(), 50*time.Millisecond)
	}
	return false
}

// allRun waits until there is no schedule any more.
func allRun(t *testing.T, s *server) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		resp, err := s.request(t.Context(), "GET", "http://"+s.addr+"/schedules?limit=1", apiKey, "")
		if err != nil || resp.status != 200 {
			t.Fatal(resp, err)
		}
		var page struct{ Items []json.RawMessage }
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Items) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still waiting: %s", resp.body)
		}
		_ = pause(t.Context(), 100*time.Millisecond)
	}
}

// A scheduledMessage is what was scheduled.
type scheduledMessage struct {
	N   int
	Due int64
}

func (e *heardEvent) scheduled(t *testing.T) scheduledMessage {
	t.Helper()
	var m struct{ Data scheduledMessage }
	if err := json.Unmarshal(e.event.Data, &m); err != nil {
		t.Fatalf("%s: %v", e.event.Data, err)
	}
	return m.Data
}

// storedNumbers says how often each number is among the messages that channels keep.
func storedNumbers(t *testing.T, s *server) map[int]int {
	t.Helper()
	sent := map[int]int{}
	for c := range scheduleChannels {
		resp, err := s.channels(t.Context(), url.PathEscape(fmt.Sprintf("later.%d", c))+"/messages")
		if err != nil || resp.status != 200 {
			t.Fatal(resp, err)
		}
		var page struct {
			Messages []struct{ Data scheduledMessage }
		}
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			sent[m.Data.N]++
		}
	}
	return sent
}
