package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dormouse/actors/courier"
)

// Events measures what a courier tells at the moment. Endpoints' names come from the configuration, so that
// their number is bounded.
type Events struct {
	attempts *prometheus.HistogramVec
	dropped  prometheus.Counter
}

// Events returns the measures of events on their way. Call it once, and only if there are endpoints.
func (m *Metrics) Events() *Events {
	e := &Events{
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dormouse_events_attempt_seconds", Help: "Time of one attempt at an endpoint, by outcome: sent or failed.", Buckets: latencies,
		}, []string{"endpoint", "outcome"}),
		dropped: m.counter("events_dropped_total", "Dead letters that were dropped because there were too many."),
	}
	m.registry.MustRegister(e.attempts)
	return e
}

// Attempt counts one attempt.
func (e *Events) Attempt(endpoint string, took time.Duration, sent bool) {
	outcome := "failed"
	if sent {
		outcome = "sent"
	}
	e.attempts.WithLabelValues(endpoint, outcome).Observe(took.Seconds())
}

// Dropped counts dead letters that are gone.
func (e *Events) Dropped(n int) { e.dropped.Add(float64(n)) }

// Courier makes a courier's own counts a part of every scrape. Call it once; stats is called at each scrape.
func (m *Metrics) Courier(stats func() courier.Stats) { m.registry.MustRegister(couriers{stats}) }

type couriers struct{ stats func() courier.Stats }

func eventsDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dormouse_events_"+name, help, labels, nil)
}

var (
	eventsBacklog = eventsDesc("backlog", "Events in the outbox, which some endpoint does not have yet.")
	eventsOver    = eventsDesc("backlog_over", "1 while that is more than events.backlog.")
	eventsLetters = eventsDesc("dead_letters", "Dead letters that are kept.")
	eventsQueued  = eventsDesc("queued", "Events that an endpoint has not settled, those included that it may not want.", "endpoint")
	eventsLag     = eventsDesc("lag_seconds", "Age of the oldest event in an endpoint's hands.", "endpoint")
	eventsDown    = eventsDesc("endpoint_down", "1 while an endpoint is tried with one event at a time.", "endpoint")
	eventsSent    = eventsDesc("sent_total", "Events that an endpoint has taken.", "endpoint")
	eventsFailed  = eventsDesc("failed_total", "Attempts that failed.", "endpoint")
	eventsRetried = eventsDesc("retried_total", "Attempts that were not an event's first.", "endpoint")
	eventsDead    = eventsDesc("dead_total", "Events that became dead letters.", "endpoint")
)

// Describe implements prometheus.Collector.
func (couriers) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		eventsBacklog, eventsOver, eventsLetters, eventsQueued, eventsLag, eventsDown, eventsSent, eventsFailed, eventsRetried, eventsDead,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c couriers) Collect(to chan<- prometheus.Metric) {
	s := c.stats()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, endpoint string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), endpoint)
	}
	gauge(eventsBacklog, float64(s.Backlog))
	gauge(eventsOver, oneIf(s.Over))
	gauge(eventsLetters, float64(s.Dead))
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		gauge(eventsQueued, float64(e.Queued), e.Name)
		gauge(eventsLag, e.Lag.Seconds(), e.Name)
		gauge(eventsDown, oneIf(e.Down), e.Name)
		counter(eventsSent, e.Sent, e.Name)
		counter(eventsFailed, e.Failed, e.Name)
		counter(eventsRetried, e.Retried, e.Name)
		counter(eventsDead, e.Buried, e.Name)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
