package metrics

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"dormouse/transport/pusher"
)

func ask(t *testing.T, m *Metrics, prefix, target string) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.JSON(prefix, m.Handler()).ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

// Dashboards made for soketi find its names and labels, also of what one node has no samples of.
func TestSoketi(t *testing.T) {
	for _, prefix := range []string{"soketi_", "", "acme_"} {
		m := New(Build{})
		stats := []pusher.AppStats{
			{App: "a", Connected: 2, Opened: 5, Closed: 3, FramesIn: 7, FramesOut: 11, BytesIn: 13, BytesOut: 17, Calls: 19, CallBytes: 23, SentBytes: 29},
			{App: "b\xff"},
		}
		if err := m.Soketi(prefix, "6001", func() []pusher.AppStats { return stats }); err != nil {
			t.Fatal(prefix, err)
		}
		text := ask(t, m, prefix, "/metrics")
		for _, line := range []string{
			`connected{app_id="a",port="6001"} 2`,
			`new_connections_total{app_id="a",port="6001"} 5`,
			`new_disconnections_total{app_id="a",port="6001"} 3`,
			`ws_messages_received_total{app_id="a",port="6001"} 7`,
			`ws_messages_sent_total{app_id="a",port="6001"} 11`,
			`socket_received_bytes{app_id="a",port="6001"} 13`,
			`socket_transmitted_bytes{app_id="a",port="6001"} 17`,
			`http_calls_received_total{app_id="a",port="6001"} 19`,
			`http_received_bytes{app_id="a",port="6001"} 23`,
			`http_transmitted_bytes{app_id="a",port="6001"} 29`,
			`connected{app_id="b` + "\uFFFD" + `",port="6001"} 0`,
		} {
			if !strings.Contains(text, "\n"+prefix+line+"\n") {
				t.Errorf("%q: no line %s", prefix, line)
			}
		}
		for _, name := range []string{"horizontal_adapter_resolve_time histogram", "horizontal_adapter_sent_requests counter", "process_resident_memory_bytes gauge"} {
			if !strings.Contains(text, "# TYPE "+prefix+name+"\n") {
				t.Errorf("%q: no type of %s", prefix, name)
			}
		}

		var families []struct {
			Name, Type, Help, Aggregator string
			Values                       []struct {
				Value  float64
				Labels map[string]string
			}
		}
		if err := json.Unmarshal([]byte(ask(t, m, prefix, "/metrics?json=1")), &families); err != nil {
			t.Fatal(err)
		}
		found := map[string]float64{}
		for _, f := range families {
			if !strings.HasPrefix(f.Name, prefix) || f.Values == nil || f.Type == "" || f.Help == "" || f.Aggregator != "sum" {
				t.Errorf("%q: a family %+v", prefix, f)
			}
			found[f.Name] = 0
			for _, v := range f.Values {
				if v.Labels["app_id"] == "a" && v.Labels["port"] == "6001" {
					found[f.Name] = v.Value
				}
			}
		}
		if _, listed := found[prefix+"horizontal_adapter_received_responses"]; !listed || found[prefix+"connected"] != 2 {
			t.Errorf("%q: %v", prefix, found)
		}
	}
}

// Without apps there is an empty list, and everything else is as it was.
func TestSoketiJSONWithoutAny(t *testing.T) {
	m := New(Build{})
	if got := ask(t, m, "soketi_", "/metrics?json=1"); got != "[]\n" {
		t.Errorf("got %s", got)
	}
	if got := ask(t, m, "soketi_", "/metrics?json=0"); !strings.Contains(got, "dormouse_build_info") {
		t.Errorf("got %s", got)
	}
}
