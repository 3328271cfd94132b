package cmd

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"dormouse/actors/courier"
	"dormouse/transport/emit"
)

// hooked are the endpoints of events that are open.
type hooked struct {
	config  *checked
	closers []func()
}

func (h *hooked) close() {
	for _, end := range h.closers {
		end()
	}
	h.closers = nil
}

// openEndpoints makes the endpoints of events that a configuration has, and what hears of them. With none it
// costs nothing. If it fails, none is open.
func (s *Server) openEndpoints(c *checked) (o courier.Options, open *hooked, err error) {
	o, open = c.Actors.Events, &hooked{config: c}
	o.Version, o.Logger, o.Occurrences = s.version, s.log, s.pusher.hooks
	defer func() {
		if err != nil {
			open.close()
		}
	}()
	for _, w := range c.endpoints.webhooks {
		w.Version = s.version
		hook, err := emit.NewWebhook(w)
		if err != nil {
			return o, open, fmt.Errorf("events.webhooks: %w", err)
		}
		open.closers = append(open.closers, hook.Close)
		o.Endpoints = append(o.Endpoints, hook)
	}
	if n := c.endpoints.nats; n != nil {
		nats := *n
		nats.Logger = s.log
		queue, err := emit.NewNATS(nats)
		if err != nil {
			return o, open, fmt.Errorf("events.nats: %w", err)
		}
		open.closers = append(open.closers, queue.Close)
		o.Endpoints = append(o.Endpoints, queue)
	}
	if len(o.Endpoints) == 0 {
		return o, open, nil
	}
	if s.events == nil {
		s.events = s.metrics.Events()
		s.metrics.Courier(s.courierStats)
	}
	counts := s.events
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
	return o, open, nil
}

// courierStats are those of the courier that there is now.
func (s *Server) courierStats() courier.Stats {
	if s.system != nil {
		if c := s.system.Courier(); c != nil {
			return c.Stats()
		}
	}
	return courier.Stats{}
}

// setEndpoints opens the endpoints of a configuration in the place of those that there are, unless they are the
// same. If it fails, the old ones stay.
func (s *Server) setEndpoints(c *checked) (changed bool, err error) {
	if s.hooked.config.sameEndpoints(c) {
		return false, nil
	}
	o, open, err := s.openEndpoints(c)
	if err != nil {
		return false, err
	}
	if err := s.system.SetEvents(context.Background(), o); err != nil {
		open.close()
		return false, err
	}
	s.hooked.close()
	s.hooked = open
	return true, nil
}

// sameEndpoints says whether events go to the same endpoints, in the same way. Secrets are compared as they were
// read.
func (c *checked) sameEndpoints(other *checked) bool {
	was := c.asMap()
	for key, text := range other.asMap() {
		if isEvents(key) && was[key] != text {
			return false
		}
	}
	return reflect.DeepEqual(c.endpoints, other.endpoints)
}

func isEvents(key string) bool { return strings.HasPrefix(key, "events.") }

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
