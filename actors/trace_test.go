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
