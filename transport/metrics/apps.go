package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Apps measures how apps are looked up. Transports do not know where that is, so this is no listener of its kind: it
// has a method for each of that listener's functions, for whoever knows both. None of them blocks.
type Apps struct {
	m                *Metrics
	lookups          *prometheus.CounterVec
	reads            *prometheus.CounterVec
	took, late       prometheus.Histogram
	refused          *prometheus.CounterVec
	invalid, evicted prometheus.Counter
	down             prometheus.Gauge
	outages          prometheus.Counter
}

// Apps returns the measures of where apps are looked up. Call it once.
func (m *Metrics) Apps() *Apps {
	return &Apps{
		m:       m,
		lookups: m.counters("app_lookups_total", "Lookups of apps by how they ended: hit, stale (from memory, while it is read again), waited (for a reading), old (from memory, in an outage), absent, unavailable.", "outcome"),
		reads:   m.counters("app_reads_total", "Readings of the place where apps are kept, and whether it answered.", "by", "result"),
		took:    m.histogram("app_read_seconds", "Time of such a reading.", latencies),
		late:    m.histogram("app_refresh_late_seconds", "How long after it was due an app with connections is read again.", latencies),
		refused: m.counters("app_reads_refused_total", "Readings that did not begin since too many were under way: lookup (the asker was told to come back), refresh (it waits).", "what"),
		invalid: m.counter("app_records_invalid_total", "Readings of a record that is no app: it lacks an id, a key or a secret."),
		evicted: m.counter("app_evictions_total", "Apps that had to give way to others in memory."),
		down:    m.gauge("app_store_down", "1 while the place where apps are kept does not answer."),
		outages: m.counter("app_store_outages_total", "Times that this began."),
	}
}

// Now adds what is in memory and under way at this moment. Call it once; now is asked at every scrape, from any
// goroutine.
func (a *Apps) Now(now func() (kept, watched, reading int)) {
	gauge := func(name, help string, value func() int) {
		a.m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "dormouse_" + name, Help: help},
			func() float64 { return float64(value()) }))
	}
	gauge("apps_cached", "Apps in memory.", func() int { n, _, _ := now(); return n })
	gauge("apps_watched", "Apps among them that are read again and again, since they have connections.", func() int { _, n, _ := now(); return n })
	gauge("app_reads_under_way", "Readings under way.", func() int { _, _, n := now(); return n })
}

// Lookup counts one lookup, by its outcome, one of a few words.
func (a *Apps) Lookup(outcome string) { a.lookups.WithLabelValues(outcome).Inc() }

// Read counts one reading. answered: there was an answer, also that there is no such app.
func (a *Apps) Read(byKey bool, took time.Duration, answered bool) {
	by, result := "id", "failed"
	if byKey {
		by = "key"
	}
	if answered {
		result = "answered"
	}
	a.reads.WithLabelValues(by, result).Inc()
	a.took.Observe(took.Seconds())
}

// Refused counts a reading that did not begin.
func (a *Apps) Refused(refresh bool) {
	what := "lookup"
	if refresh {
		what = "refresh"
	}
	a.refused.WithLabelValues(what).Inc()
}

// Late notes how late a reading begins.
func (a *Apps) Late(by time.Duration) { a.late.Observe(by.Seconds()) }

// Invalid counts a record that is no app.
func (a *Apps) Invalid() { a.invalid.Inc() }

// Outage notes that the place ceased to answer, or answers again.
func (a *Apps) Outage(down bool) { state(a.down, a.outages, down) }

// Evicted counts an app that gave way.
func (a *Apps) Evicted() { a.evicted.Inc() }
