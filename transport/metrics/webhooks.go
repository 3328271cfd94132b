package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dormouse/transport/pusher/webhooks"
)

// Webhooks measures what becomes of events that webhooks of apps are told. Apps are no labels: there may be very many.
type Webhooks struct {
	attempts *prometheus.HistogramVec
	sent     prometheus.Counter
	lost     *prometheus.CounterVec
	calmed   prometheus.Counter
}

// Webhooks returns the measures of webhooks of apps. Call it once.
func (m *Metrics) Webhooks() *Webhooks {
	w := &Webhooks{
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dormouse_pusher_webhook_attempt_seconds", Help: "Time of one request to a webhook of an app, by outcome: sent or failed.", Buckets: latencies,
		}, []string{"outcome"}),
		sent:   m.counter("pusher_webhook_events_sent_total", "Events that a webhook of an app has taken."),
		lost:   m.counters("pusher_webhook_events_lost_total", "Events that a webhook of an app will not be told: refused (until pusher.webhooks.retry_for), full (its queue was), removed (it was), gone (the app is).", "why"),
		calmed: m.counter("pusher_webhook_events_calmed_total", "Events that were not told since who had left came back in time."),
	}
	m.registry.MustRegister(w.attempts)
	for _, why := range []webhooks.Loss{webhooks.LostRefused, webhooks.LostFull, webhooks.LostRemoved, webhooks.LostGone} {
		w.lost.WithLabelValues(string(why))
	}
	return w
}

// Attempt counts one request with so many events.
func (w *Webhooks) Attempt(events int, took time.Duration, sent bool) {
	outcome := "failed"
	if sent {
		outcome = "sent"
		w.sent.Add(float64(events))
	}
	w.attempts.WithLabelValues(outcome).Observe(took.Seconds())
}

// Lost counts events that will not be told.
func (w *Webhooks) Lost(events int, why string) { w.lost.WithLabelValues(why).Add(float64(events)) }

// Calmed counts events that need not be told.
func (w *Webhooks) Calmed(events int) { w.calmed.Add(float64(events)) }

// WebhookQueues makes what waits for webhooks a part of every scrape. Call it once; stats is called at each scrape.
func (m *Metrics) WebhookQueues(stats func() webhooks.Stats) {
	m.registry.MustRegister(hookQueues{stats})
}

type hookQueues struct{ stats func() webhooks.Stats }

var hookMeasures = []struct {
	desc  *prometheus.Desc
	value func(s *webhooks.Stats) int
}{
	{hookDesc("occurrences", "Events that webhooks of apps are to be told, and that are not settled."), func(s *webhooks.Stats) int { return s.Occurrences }},
	{hookDesc("queued", "The same for each webhook, those on their way included."), func(s *webhooks.Stats) int { return s.Queued }},
	{hookDesc("unsorted", "Events whose app is being looked up."), func(s *webhooks.Stats) int { return s.Unsorted }},
	{hookDesc("held", "Events of those who have left and may come back."), func(s *webhooks.Stats) int { return s.Held }},
	{hookDesc("queued_bytes", "Bytes of all that waits, as pusher.webhooks.total_size counts them."), func(s *webhooks.Stats) int { return s.Bytes }},
	{hookDesc("requests", "Requests to webhooks that are on their way."), func(s *webhooks.Stats) int { return s.Requests }},
	{hookDesc("apps", "Apps that have something waiting."), func(s *webhooks.Stats) int { return s.Apps }},
	{hookDesc("down", "Webhooks that are tried with one request at a time, since several have failed."), func(s *webhooks.Stats) int { return s.Down }},
}

func hookDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("dormouse_pusher_webhook_"+name, help, nil, nil)
}

// Describe implements prometheus.Collector.
func (hookQueues) Describe(to chan<- *prometheus.Desc) {
	for _, m := range hookMeasures {
		to <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (q hookQueues) Collect(to chan<- prometheus.Metric) {
	s := q.stats()
	for _, m := range hookMeasures {
		to <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, float64(m.value(&s)))
	}
}
