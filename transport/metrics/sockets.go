package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dormouse/transport/hotsock"
	"dormouse/transport/ws"
)

// closeCodes are the close codes with a count of their own: RFC 6455 section 7.4, the server's own, and those of Pusher's
// protocol.
var closeCodes = []int{1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 4001, 4002, 4003, 4006, 4007, 4009, 4100, 4200, 4201}

// WS returns a listener for the WebSocket connections. Call it once.
func (m *Metrics) WS() ws.Listener {
	open := m.gauge("connections", "WebSocket connections now.")
	opened := m.counter("connections_opened_total", "WebSocket connections that were opened.")
	closed := m.counters("connections_closed_total", "WebSocket connections that ended, by close code.", "code")
	byCode := map[int]prometheus.Counter{}
	for _, code := range closeCodes {
		byCode[code] = closed.WithLabelValues(strconv.Itoa(code))
	}
	other := closed.WithLabelValues("other")
	received := m.counter("received_messages_total", "WebSocket messages that came in.")
	receivedBytes := m.counter("received_bytes_total", "Bytes of them.")
	frames := m.counter("sent_frames_total", "WebSocket frames that went out.")
	bytes := m.counter("sent_bytes_total", "Bytes of them.")
	writes := m.counter("sent_writes_total", "System calls that wrote them.")
	slow := m.counter("slow_connections_total", "Connections closed because their peer did not read.")
	behind := m.gauge("outboxes_over", "Connections for which more waits than limits.outbox_size or limits.outbox_frames, because the server has not got round to writing.")
	behinds := m.counter("outboxes_over_total", "Times that this began.")
	panics := m.counter("connection_panics_total", "Panics that cost one connection each.")
	return ws.Listener{
		Opened: func() { open.Inc(); opened.Inc() },
		Closed: func(code int) {
			open.Dec()
			if c, ok := byCode[code]; ok {
				c.Inc()
			} else {
				other.Inc()
			}
		},
		Received: func(n int) { received.Inc(); receivedBytes.Add(float64(n)) },
		Sent: func(f, b, w int) {
			frames.Add(float64(f))
			bytes.Add(float64(b))
			writes.Add(float64(w))
		},
		Slow: slow.Inc,
		Behind: func(on bool) {
			if on {
				behind.Inc()
				behinds.Inc()
			} else {
				behind.Dec()
			}
		},
		Panicked: func(any) { panics.Inc() },
	}
}

// Hotsock returns a listener for the Hotsock surface. Call it once.
func (m *Metrics) Hotsock() hotsock.Listener {
	connects := m.counters("connects_total", "Decisions on clients at the door, by refusal's code; admitted has the code ok.", "code")
	connectSeconds := m.histogram("connect_seconds", "Time of such a decision.", latencies)
	refused := m.counters("refused_frames_total", "Frames that were refused before the engine saw them, by code.", "code")
	served := m.counters("http_requests_total", "HTTP calls, by route and status.", "route", "status")
	servedSeconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "dormouse_http_request_seconds", Help: "Time of an HTTP call, by route.", Buckets: latencies,
	}, []string{"route"})
	m.registry.MustRegister(servedSeconds)
	paused := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dormouse_reads_paused", Help: "Clients from which nothing is read at the moment, for want of answers to limits.pending commands, or since the client does not read its answers.",
	}, []string{"for"})
	m.registry.MustRegister(paused)
	pauses := m.counters("reads_paused_total", "Times that this began.", "for")
	type wait struct {
		now   prometheus.Gauge
		began prometheus.Counter
	}
	waits := map[string]wait{}
	for _, why := range []string{hotsock.WaitsForAnswers, hotsock.WaitsForClient} {
		waits[why] = wait{paused.WithLabelValues(why), pauses.WithLabelValues(why)}
	}
	forgotten := m.counter("connect_sources_forgotten_total", "Times that clients came from more addresses than limits.connect_rate remembers, and all were forgotten.")
	return hotsock.Listener{
		Waits: func(why string, waiting bool) {
			if w := waits[why]; waiting {
				w.now.Inc()
				w.began.Inc()
			} else {
				w.now.Dec()
			}
		},
		SourcesForgotten: forgotten.Inc,
		Connect: func(code string, took time.Duration) {
			if code == "" {
				code = "ok"
			}
			connects.WithLabelValues(code).Inc()
			connectSeconds.Observe(took.Seconds())
		},
		Refused: func(code string) { refused.WithLabelValues(code).Inc() },
		Served: func(route string, status int, took time.Duration) {
			served.WithLabelValues(route, strconv.Itoa(status)).Inc()
			servedSeconds.WithLabelValues(route).Observe(took.Seconds())
		},
	}
}
