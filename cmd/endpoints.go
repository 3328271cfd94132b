package cmd

import (
	"fmt"
	"strings"
	"time"

	"dormouse/actors/courier"
	"dormouse/transport/emit"
	"dormouse/transport/metrics"
)

// openEndpoints makes the endpoints of events, and what hears of them. With none it costs nothing.
func (s *Server) openEndpoints(o courier.Options, version string, m *metrics.Metrics) (courier.Options, error) {
	o.Version, o.Logger = version, s.log
	for _, w := range s.config.endpoints.webhooks {
		w.Version = version
		hook, err := emit.NewWebhook(w)
		if err != nil {
			return o, fmt.Errorf("events.webhooks: %w", err)
		}
		s.closers = append(s.closers, hook.Close)
		o.Endpoints = append(o.Endpoints, hook)
	}
	if n := s.config.endpoints.nats; n != nil {
		n.Logger = s.log
		queue, err := emit.NewNATS(*n)
		if err != nil {
			return o, fmt.Errorf("events.nats: %w", err)
		}
		s.closers = append(s.closers, queue.Close)
		o.Endpoints = append(o.Endpoints, queue)
	}
	if len(o.Endpoints) == 0 {
		return o, nil
	}
	counts := m.Events()
	o.Listener = courier.Listener{
		Attempt: func(endpoint string, took time.Duration, err error) { counts.Attempt(endpoint, took, err == nil) },
		Backlogged: func(over bool, events int) {
			if over {
				s.log.Warn("more events wait for backends than events.backlog; none is lost", "events", events, "bound", o.Backlog)
			} else {
				s.log.Info("the backlog of events is below its bound again", "events", events)
			}
		},
		Down: func(endpoint string, down bool, reason string) {
			if down {
				s.log.Warn("an endpoint takes no events: they wait", "endpoint", endpoint, "reason", reason)
			} else {
				s.log.Info("an endpoint takes events again", "endpoint", endpoint)
			}
		},
		Buried: func(endpoint, id, eventType, reason string) {
			s.log.Warn("an event became a dead letter; see dormouse events dead", "endpoint", endpoint, "id", id, "type", eventType, "reason", reason)
		},
		Dropped: func(n int) {
			counts.Dropped(n)
			s.log.Warn("dead letters were dropped: there were more than events.dead_letters", "dropped", n)
		},
	}
	return o, nil
}

// eventReasons says why events keep the server from being ready.
func (s *Server) eventReasons() []reason {
	c := s.system.Courier()
	if c == nil {
		return nil
	}
	over, n := c.Backlogged()
	if !over {
		return nil
	}
	var down []string
	for _, e := range c.Stats().Endpoints {
		if e.Down {
			down = append(down, e.Name)
		}
	}
	text := fmt.Sprintf("%d events wait for backends, more than events.backlog", n)
	if down != nil {
		text += "; these take none: " + strings.Join(down, ", ")
	}
	return []reason{{"events-backlog", text}}
}
