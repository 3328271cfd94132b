package cmd

import (
	"context"
	"net"
	"net/http"
	"time"

	"dormouse/transport/metrics"
	"dormouse/transport/pusher"
	"dormouse/transport/pusher/webhooks"
)

// A pusherDoor is what there is for clients and backends of Pusher: where their apps are looked up, who tells their
// webhooks, and who serves them. It is there also while there is no app, since a reload may bring some.
type pusherDoor struct {
	apps    *appCache
	hooks   *webhooks.Dispatcher
	handler *pusher.Handler // nil until the engine is there
}

// openPusher opens what the engine needs of the door: who hears what happens in channels of apps.
func (s *Server) openPusher(c *checked) (err error) {
	if s.pusher.apps, err = openApps(c, s.metrics.Apps(), s.log); err != nil {
		return err
	}
	o := c.Pusher.Webhooks
	o.Version, o.Listener = s.version, s.webhookListener(s.metrics.Webhooks())
	if s.pusher.hooks, err = webhooks.Open(s.pusher.apps, o); err != nil {
		return err
	}
	s.metrics.WebhookQueues(s.pusher.hooks.Stats)
	return nil
}

// webhookListener hands what becomes of webhooks to the metrics, and what a person should know to the log.
func (s *Server) webhookListener(m *metrics.Webhooks) webhooks.Listener {
	return webhooks.Listener{
		Attempt: func(_, _ string, events int, took time.Duration, err error) { m.Attempt(events, took, err == nil) },
		Lost: func(app, target string, events int, why webhooks.Loss) {
			m.Lost(events, string(why))
			s.log.Warn("events will not be told to a webhook", "app", app, "target", target, "events", events, "why", why)
		},
		Calmed: func(_ string, events int) { m.Calmed(events) },
		Down: func(app, target string, down bool, reason string) {
			if down {
				s.log.Warn("a webhook takes no events: they wait", "app", app, "target", target, "reason", reason)
			} else {
				s.log.Info("a webhook takes events again", "app", app, "target", target)
			}
		},
	}
}

// servePusher mounts the door, once there are an engine and a listener.
func (s *Server) servePusher(c *checked) (err error) {
	o := c.Pusher.Options
	o.Apps, o.System, o.Logger, o.Listener = s.pusher.apps, s.system, s.log, s.metrics.Pusher()
	o.Sockets.Listener = s.sockets
	o.ConnectRate, o.ConnectBurst = c.Hotsock.ConnectRate, c.Hotsock.ConnectBurst
	o.MaxEntry = c.Actors.Channel.MaxData
	o.TimestampTolerance = off(o.TimestampTolerance)
	o.Memory = memory
	if s.pusher.handler, err = pusher.New(o); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(s.http.Addr())
	if err := s.metrics.Soketi(c.Pusher.MetricsPrefix, port, s.pusher.handler.Stats); err != nil {
		return err
	}
	paths := []string{"/ready", "/accept-traffic"}
	if c.Pusher.Serve {
		paths = append(paths, "/app/", "/apps/")
	}
	for _, path := range paths {
		s.http.Handle(o.PathPrefix+path, s.pusher.handler)
	}
	manage := s.pusher.handler.Manage(s.keys.Check)
	s.http.Handle(pusher.ManagePath, manage)
	s.http.Handle(pusher.ManagePath+"/", manage)
	if o.PathPrefix != "" {
		s.http.Handle(o.PathPrefix+"/{$}", s.pusher.handler)
	}
	return nil
}

// home is what stands at /, for those who ask for no WebSocket.
func (p *pusherDoor) home(prefix string) http.Handler {
	if prefix != "" {
		return nil
	}
	return p.handler
}

// Drain implements transport.Drainer: the listener is there before the door.
func (p *pusherDoor) Drain(ctx context.Context, over time.Duration, code int, reason string) {
	if p.handler != nil {
		p.handler.Drain(ctx, over, code, reason)
	}
}

// cut ends every connection, and the attempts at webhooks once ctx is done. What was not told yet stays on disk.
func (p *pusherDoor) cut(ctx context.Context) {
	if p.handler != nil {
		p.handler.Close()
	}
	if p.hooks != nil {
		p.hooks.Close(ctx)
	}
}

// close lets go of where the apps are, when nobody asks for them any more.
func (p *pusherDoor) close() error {
	if p.apps == nil {
		return nil
	}
	return p.apps.Close()
}
