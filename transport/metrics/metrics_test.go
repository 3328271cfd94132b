package metrics

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"dormouse/actors"
	"dormouse/actors/courier"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("scrape: %d\n%s", w.Code, w.Body)
	}
	return w.Body.String()
}

func want(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the scrape has no line %q", line)
		}
	}
}

func TestEverythingIsScraped(t *testing.T) {
	m := New(Build{Version: "1.2", Commit: "abc", Go: "go1"})
	sockets, surface, storage := m.WS(), m.Hotsock(), m.Storage()
	m.Log(func() uint64 { return 5 })
	m.Engine(func() actors.Stats {
		return actors.Stats{Awake: 3, Deliveries: 7, RefusedBy: map[string]uint64{"PERMISSION_DENIED": 2}, Revocations: 4}
	})

	sockets.Opened()
	sockets.Opened()
	sockets.Closed(1001)
	sockets.Received(10)
	sockets.Sent(5, 500, 1)
	sockets.Behind(true)
	sockets.Behind(true)
	sockets.Behind(false)
	surface.Connect("", time.Millisecond)
	surface.Connect("INVALID_CONNECT_TOKEN", time.Millisecond)
	surface.Served("publish", 202, time.Millisecond)
	surface.Waits("answers", true)
	surface.Waits("answers", true)
	surface.Waits("answers", false)
	surface.SourcesForgotten()
	storage.Batch(4, 1000, true, time.Microsecond, time.Millisecond, 12)
	storage.Flush(0, 100, nil)
	storage.Flush(0, 100, errors.New("disk"))
	storage.ReadOnly(true)
	storage.ReadOnly(false)
	storage.DiskUsage(10, 20)
	m.RowCache(func() (bytes, evicted int64) { return 30, 4 })

	want(t, scrape(t, m),
		"dormouse_connections 1",
		"dormouse_connections_opened_total 2",
		`dormouse_connections_closed_total{code="1001"} 1`,
		"dormouse_received_bytes_total 10",
		"dormouse_sent_frames_total 5",
		"dormouse_outboxes_over 1",
		"dormouse_outboxes_over_total 2",
		`dormouse_connects_total{code="ok"} 1`,
		`dormouse_connects_total{code="INVALID_CONNECT_TOKEN"} 1`,
		`dormouse_http_requests_total{route="publish",status="202"} 1`,
		`dormouse_reads_paused{for="answers"} 1`,
		`dormouse_reads_paused{for="client"} 0`,
		`dormouse_reads_paused_total{for="answers"} 2`,
		"dormouse_connect_sources_forgotten_total 1",
		`dormouse_refusals_total{code="PERMISSION_DENIED"} 2`,
		"dormouse_revocations 4",
		"dormouse_log_lines_lost_total 5",
		"dormouse_actors_awake 3",
		"dormouse_deliveries_total 7",
		"dormouse_commit_turns_total 4",
		"dormouse_commit_syncs_total 1",
		"dormouse_commit_queue_bytes 12",
		"dormouse_flushes_total 1",
		"dormouse_storage_background_errors_total 1",
		"dormouse_storage_read_only 0",
		"dormouse_storage_read_only_total 1",
		"dormouse_disk_total_bytes 20",
		"dormouse_row_cache_bytes 30",
		"dormouse_row_cache_evicted_total 4",
		`dormouse_build_info{commit="abc",go="go1",version="1.2"} 1`,
	)
}

// A client may close with any of 4,000 codes; each must not become a time series of its own.
func TestCloseCodesAreBounded(t *testing.T) {
	m := New(Build{})
	sockets := m.WS()
	for code := 1000; code < 5000; code++ {
		sockets.Opened()
		sockets.Closed(code)
	}
	if n := strings.Count(scrape(t, m), "dormouse_connections_closed_total{"); n != len(closeCodes)+1 {
		t.Errorf("%d series, want %d", n, len(closeCodes)+1)
	}
}

// Whoever reads the documentation finds each measure that it names.
func TestDocumentedMeasuresAreScraped(t *testing.T) {
	m := New(Build{})
	m.WS().Closed(1008)
	surface := m.Hotsock()
	surface.Connect("UNAVAILABLE", 0)
	surface.Refused("RATE_LIMITED")
	surface.Served("publish", 429, 0)
	m.Storage()
	m.Log(func() uint64 { return 0 })
	m.Engine(func() actors.Stats { return actors.Stats{RefusedBy: map[string]uint64{"DATA_TOO_LARGE": 1}} })
	m.Events()
	m.Courier(func() courier.Stats { return courier.Stats{} })
	text := scrape(t, m)
	pages, err := filepath.Glob("../docs/pages/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	seen := 0
	for _, page := range pages {
		says, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile("`(dormouse_[a-z_]+)").FindAllSubmatch(says, -1) {
			seen++
			if !strings.Contains(text, "\n# TYPE "+strings.TrimSuffix(string(name[1]), "_total")) {
				t.Errorf("%s names %s, which is not there", filepath.Base(page), name[1])
			}
		}
	}
	if seen < 20 {
		t.Errorf("the pages name %d measures", seen)
	}
}

func TestNamesFollowTheConventions(t *testing.T) {
	m := New(Build{})
	m.WS()
	m.Hotsock()
	m.Storage()
	m.Log(func() uint64 { return 0 })
	m.Engine(func() actors.Stats { return actors.Stats{} })
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "dormouse_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
