package actors_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/actorstest"
)

// lines is a log that is read while it is written.
type lines struct {
	sync.Mutex
	b bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.b.Write(p)
}

// traces returns what each trace says, and empties the log.
func (l *lines) traces(t *testing.T) []map[string]any {
	t.Helper()
	l.Lock()
	defer l.Unlock()
	var all []map[string]any
	for line := range strings.Lines(l.b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m["msg"] == "trace" {
			all = append(all, m)
		}
	}
	l.b.Reset()
	return all
}

func TestTraces(t *testing.T) {
	var log lines
	o := actors.Options{TraceShare: 1, Logger: slog.New(slog.NewJSONHandler(&log, nil))}
	bubble(t, o, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"c": map[string]any{
			"subscribe": true, "messages": map[string]any{"e": map[string]any{"publish": true, "store": 60}}}}})
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		ann.Send(&actors.Publish{Channel: "c", Event: "e", Data: []byte(`"secret"`), Ref: "r1"})
		ann.Expect("ack r1 seq=1")
		ann.Send(&actors.Subscribe{Channel: "c", Ref: "r2"})
		ann.Expect("error c ALREADY_SUBSCRIBED r2")
		var got []string
		for _, m := range log.traces(t) {
			for _, key := range []string{"waited_us", "decided_us", "durable_us"} {
				if n, ok := m[key].(float64); !ok || n < 0 {
					t.Errorf("%s is %v", key, m[key])
				}
			}
			if m["connection"] != ann.Connection.ID() {
				t.Errorf("connection %v", m["connection"])
			}
			text, _ := json.Marshal(m)
			if bytes.Contains(text, []byte("secret")) || bytes.Contains(text, []byte(`"ann"`)) {
				t.Errorf("a trace tells too much: %s", text)
			}
			got = append(got, strings.TrimSpace(fmt.Sprint(m["command"], " ", m["outcome"])))
		}
		if want := "[Subscribe ok Publish ok Subscribe ALREADY_SUBSCRIBED]"; fmt.Sprint(got) != want {
			t.Errorf("traces %v, want %v", got, want)
		}
	})
}

// TestTracesAreAShare: as many as asked for, and no more than the bound however many commands there are.
func TestTracesAreAShare(t *testing.T) {
	for share, want := range map[float64][2]int{0: {0, 0}, 0.1: {200, 400}, 1: {1000, 1000}} {
		var log lines
		o := actors.Options{TraceShare: share, Logger: slog.New(slog.NewJSONHandler(io.Writer(&log), nil))}
		bubble(t, o, func(t *testing.T, s *actorstest.Server) {
			for range 3000 {
				if err := s.SetStorage(t.Context(), actorstest.App, actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte("1"), Store: -1}); err != nil {
					t.Fatal(err)
				}
			}
		})
		if n := len(log.traces(t)); n < want[0] || n > want[1] {
			t.Errorf("a share of %v: %d traces of 3000, want %v", share, n, want)
		}
	}
}

// unread is a standard error that nobody reads: every line waits until it is let go.
type unread struct {
	lines
	let chan struct{}
}

func (u *unread) Write(p []byte) (int, error) {
	<-u.let
	return u.lines.Write(p)
}

// TestABlockedLogStallsNobody: what the log does not take is left out and counted, and its engine goes on, and ends.
func TestABlockedLogStallsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := unread{let: make(chan struct{})}
		s := actorstest.Start(t, actors.Options{TraceShare: 1, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
		const second, queue = 1000, 1024
		set := func(n int) {
			t.Helper()
			for range n {
				if err := s.SetStorage(t.Context(), actorstest.App, actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte("1"), Store: -1}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		count := func(traces, limited, dropped uint64) {
			t.Helper()
			if st := s.Stats(); st.Traces != traces || st.TracesLimited != limited || st.TracesDropped != dropped {
				t.Fatalf("%d written, %d too many, %d dropped; want %d, %d, %d", st.Traces, st.TracesLimited, st.TracesDropped, traces, limited, dropped)
			}
		}
		set(second + 7) // one is being written, the others wait
		count(0, 7, 0)
		time.Sleep(time.Second)
		set(second)
		count(0, 7, 2*second-queue-1)
		close(log.let) // the reader is back
		synctest.Wait()
		count(queue+1, 7, 2*second-queue-1)
		if n := len(log.traces(t)); n != queue+1 {
			t.Errorf("%d traces in the log, want %d", n, queue+1)
		}
		time.Sleep(time.Second)
		set(1)
		if n := len(log.traces(t)); n != 1 {
			t.Errorf("%d traces after the log was read again, want 1", n)
		}
	})
}

// TestTheEndWaitsAMomentForTraces: what is on its way is written when the engine ends, unless the log takes longer
// than a moment.
func TestTheEndWaitsAMomentForTraces(t *testing.T) {
	for _, c := range []struct {
		name                       string
		takes                      time.Duration
		traces, dropped, wroteLate uint64
	}{
		{"slow", 10 * time.Millisecond, 4, 0, 4},
		{"blocked", time.Hour, 0, 3, 1}, // the one that was begun comes whole, or not at all
	} {
		synctest.Test(t, func(t *testing.T) {
			log := unread{let: make(chan struct{})}
			s := actorstest.Start(t, actors.Options{TraceShare: 1, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
			engine := s.System
			ann := s.Connect(lobby("ann"))
			ann.Send(subscribe("c"), set("k", "1"), set("k", "2"))
			ann.Frames()
			time.AfterFunc(c.takes, func() { close(log.let) })
			before := time.Now()
			ann.Hang() // whose unsubscribing is the fourth
			s.Restart()
			if waited := time.Since(before); waited > 2*time.Second {
				t.Errorf("%s: the end took %s", c.name, waited)
			}
			if st := engine.Stats(); st.Traces != c.traces || st.TracesDropped != c.dropped {
				t.Errorf("%s: %d written, %d dropped; want %d, %d", c.name, st.Traces, st.TracesDropped, c.traces, c.dropped)
			}
			time.Sleep(c.takes)
			synctest.Wait()
			if n := engine.Stats().Traces; n != c.wroteLate || int(n) != len(log.traces(t)) {
				t.Errorf("%s: %d traces in all, want %d", c.name, n, c.wroteLate)
			}
		})
	}
}
