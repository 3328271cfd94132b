package metrics

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"dormouse/transport/pusher"
)

// soketi turns what apps did into the measures that dashboards made for soketi ask for.
//
// Source: soketi docs, Prometheus Metrics.
type soketi struct {
	stats    func() []pusher.AppStats
	measures []soketiMeasure
}

type soketiMeasure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(s *pusher.AppStats) float64
}

// Soketi makes what apps did a part of every scrape, under soketi's names, and the process's measures once more. prefix
// is what they begin with; port is that of clients, which is one of their labels. stats is called at each scrape. Call
// it once.
//
// Errors: a prefix that cannot begin a name.
func (m *Metrics) Soketi(prefix, port string, stats func() []pusher.AppStats) error {
	c := &soketi{stats: stats}
	measure := func(kind prometheus.ValueType, name, help string, value func(s *pusher.AppStats) float64) {
		desc := prometheus.NewDesc(prefix+name, help, []string{"app_id"}, prometheus.Labels{"port": port})
		c.measures = append(c.measures, soketiMeasure{desc, kind, value})
	}
	counter := func(name, help string, value func(s *pusher.AppStats) uint64) {
		measure(prometheus.CounterValue, name, help, func(s *pusher.AppStats) float64 { return float64(value(s)) })
	}
	measure(prometheus.GaugeValue, "connected", "Connections now.", func(s *pusher.AppStats) float64 { return float64(s.Connected) })
	counter("new_connections_total", "Connections that were established.", func(s *pusher.AppStats) uint64 { return s.Opened })
	counter("new_disconnections_total", "Established connections that ended.", func(s *pusher.AppStats) uint64 { return s.Closed })
	counter("socket_received_bytes", "Bytes of what clients sent.", func(s *pusher.AppStats) uint64 { return s.BytesIn })
	counter("socket_transmitted_bytes", "Bytes of what clients were sent.", func(s *pusher.AppStats) uint64 { return s.BytesOut })
	counter("ws_messages_received_total", "Frames that clients sent.", func(s *pusher.AppStats) uint64 { return s.FramesIn })
	counter("ws_messages_sent_total", "Frames that clients were sent.", func(s *pusher.AppStats) uint64 { return s.FramesOut })
	counter("http_received_bytes", "Bytes of the bodies of signed calls.", func(s *pusher.AppStats) uint64 { return s.CallBytes })
	counter("http_transmitted_bytes", "Bytes of the answers to them.", func(s *pusher.AppStats) uint64 { return s.SentBytes })
	counter("http_calls_received_total", "Calls that an app had signed.", func(s *pusher.AppStats) uint64 { return s.Calls })
	if err := m.registry.Register(c); err != nil {
		return err
	}
	for _, f := range amongNodes {
		f.Name, f.Values, f.Aggregator = prefix+f.Name, []jsonValue{}, "sum"
		m.empty = append(m.empty, f)
	}
	if prefix == "" { // the process's are there by that name
		return nil
	}
	return prometheus.WrapRegistererWithPrefix(prefix, m.registry).Register(
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// amongNodes are how several nodes of soketi talk to each other, whose names dashboards ask for. One node has none to
// show: a type without samples.
var amongNodes = []jsonFamily{
	{Name: "horizontal_adapter_resolve_time", Type: "histogram", Help: "Time of questions to other nodes."},
	{Name: "horizontal_adapter_resolved_promises", Type: "counter", Help: "Such questions that were answered."},
	{Name: "horizontal_adapter_uncomplete_promises", Type: "counter", Help: "Such questions that were not answered by all."},
	{Name: "horizontal_adapter_sent_requests", Type: "counter", Help: "Questions to other nodes."},
	{Name: "horizontal_adapter_received_requests", Type: "counter", Help: "Questions of other nodes."},
	{Name: "horizontal_adapter_received_responses", Type: "counter", Help: "Answers of other nodes."},
}

// withEmpty adds the measures without samples to what next writes, which leaves such out. Other forms than text do not
// have them.
func (m *Metrics) withEmpty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=") {
			return
		}
		for _, f := range m.empty {
			_, _ = fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, f.Type) // who went away needs no answer
		}
	})
}

// Describe implements prometheus.Collector.
func (c *soketi) Describe(to chan<- *prometheus.Desc) {
	for _, measure := range c.measures {
		to <- measure.desc
	}
}

// Collect implements prometheus.Collector. An app's id may be any bytes, and a label's value must be UTF-8.
func (c *soketi) Collect(to chan<- prometheus.Metric) {
	for _, s := range c.stats() {
		app := strings.ToValidUTF8(s.App, "\uFFFD")
		for _, measure := range c.measures {
			to <- prometheus.MustNewConstMetric(measure.desc, measure.kind, measure.value(&s), app)
		}
	}
}
