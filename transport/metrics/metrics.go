package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is one program's set of measures, in a registry of its own. Its methods may be called from any
// goroutine.
type Metrics struct {
	registry *prometheus.Registry
	empty    []jsonFamily // measures without samples
}

// Build is what a program knows of its making, for dormouse_build_info.
type Build struct{ Version, Commit, Go string }

// New returns a set that holds Go's and the process's own measures.
func New(b Build) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dormouse_build_info", Help: "Always 1; the labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go": b.Go},
	})
	info.Set(1)
	m.registry.MustRegister(info)
	return m
}

// Handler serves the measures in Prometheus's and OpenMetrics' forms.
func (m *Metrics) Handler() http.Handler {
	return m.withEmpty(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		EnableOpenMetrics:   true,
		DisableCompression:  true, // since lines are added to it
		MaxRequestsInFlight: 4,    // a scrape reads the memory statistics; many at once would be felt
		Timeout:             10 * time.Second,
	}))
}

// Log counts the lines of the log that were lost. Call it once; lost is called at each scrape.
func (m *Metrics) Log(lost func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "dormouse_log_lines_lost_total", Help: "Lines of the log that were left out because it was not read, or could not be written.",
	}, func() float64 { return float64(lost()) }))
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "dormouse_" + name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "dormouse_" + name, Help: help})
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "dormouse_" + name, Help: help, Buckets: buckets})
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "dormouse_" + name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

// latencies are buckets from a tenth of a millisecond, which a commit takes, to ten seconds.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
