package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dormouse/transport/pusher"
)

// Pusher returns a listener for the Pusher surface. Call it once. What each app did is told by [Metrics.Soketi].
func (m *Metrics) Pusher() pusher.Listener {
	connects := m.counters("pusher_connects_total", "Decisions on clients at the door, by refusal's name; admitted has the code ok.", "code")
	connectSeconds := m.histogram("pusher_connect_seconds", "Time of such a decision, the lookup of the app included.", latencies)
	refused := m.counters("pusher_refused_frames_total", "What clients asked and the engine never saw, by refusal's name.", "code")
	served := m.counters("pusher_http_requests_total", "HTTP calls, by route and status.", "route", "status")
	servedSeconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "dormouse_pusher_http_request_seconds", Help: "Time of an HTTP call, by route.", Buckets: latencies,
	}, []string{"route"})
	m.registry.MustRegister(servedSeconds)
	limited := m.counter("pusher_limited_calls_total", "HTTP calls that were refused because their app has used up what it may do in a second.")
	paused := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dormouse_pusher_reads_paused", Help: "Clients from which nothing is read at the moment, for want of answers to their commands, or since they do not read them.",
	}, []string{"for"})
	m.registry.MustRegister(paused)
	pauses := m.counters("pusher_reads_paused_total", "Times that this began.", "for")
	forgotten := m.counter("pusher_connect_sources_forgotten_total", "Times that clients came from more addresses than limits.connect_rate remembers, and all were forgotten.")
	return pusher.Listener{
		SourcesForgotten: forgotten.Inc,
		Connect: func(code string, took time.Duration) {
			if code == "" {
				code = "ok"
			}
			connects.WithLabelValues(code).Inc()
			connectSeconds.Observe(took.Seconds())
		},
		Refused: func(code string) { refused.WithLabelValues(code).Inc() },
		Served: func(route, _ string, status, _, _ int, took time.Duration) {
			served.WithLabelValues(route, strconv.Itoa(status)).Inc()
			servedSeconds.WithLabelValues(route).Observe(took.Seconds())
		},
		Limited: func(string) { limited.Inc() },
		Waits: func(why string, waits bool) {
			if waits {
				paused.WithLabelValues(why).Inc()
				pauses.WithLabelValues(why).Inc()
			} else {
				paused.WithLabelValues(why).Dec()
			}
		},
	}
}
