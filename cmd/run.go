package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dormouse/actors"
	"dormouse/claims"
	"dormouse/persistence"
	"dormouse/transport"
	"dormouse/transport/console"
	"dormouse/transport/docs"
	"dormouse/transport/hotsock"
	"dormouse/transport/metrics"
	"dormouse/transport/sigv4"
	"dormouse/transport/ws"
)

// A Server is the whole program, running. [start] makes one; it listens from then on, and Run serves.
//
// Its parts stand in the order in which they are made, and end in the opposite one: clients are let go
// first, then the engine has nothing more to do, then everything it did is on disk, then the folder is
// released. The admin listener outlives them all, to tell that the server is going.
type Server struct {
	config   *checked
	log      *slog.Logger
	lines    *logQueue // of log; nil: it is written at once
	storage  *metrics.Storage
	store    *persistence.Store
	verifier *claims.Verifier
	keys     *hotsock.Keys
	access   *sigv4.Keys
	system   *actors.System
	acceptor *ws.Acceptor
	sockets  ws.Listener // of both protocols' connections
	pusher   pusherDoor
	http     *transport.Server
	admin    *admin
	hooked   *hooked          // the endpoints of events
	metrics  *metrics.Metrics // of which events are part once there are endpoints
	events   *metrics.Events
	version  string

	congested atomic.Bool
	ending    sync.Once // of the engine, which ends once
	endErr    error
	closing   sync.Once
	closeErr  error
}

// extras are what a server may have beside the configuration.
type extras struct {
	build  versionInfo
	log    *logQueue                                                    // what the logger writes to; nil: something else
	mount  func(s *Server) error                                        // more handlers, before it serves
	home   http.Handler                                                 // what people see at /, in a browser
	ready  func(uid string, umd json.RawMessage) (console.Ready, error) // credentials for the console; nil: they are pasted
	sign   func(claims json.RawMessage) (token string, err error)       // what is written in the console; nil: nothing
	atOnce bool                                                         // a shutdown does not spread its closes
	fatal  func(error)                                                  // a write failed; nil: end the process
}

// start opens the data folder and takes both addresses. What fails undoes what was done.
func start(c *checked, log *slog.Logger, x extras) (s *Server, err error) {
	s = &Server{config: c, log: log, lines: x.log, keys: new(hotsock.Keys), access: new(sigv4.Keys)}
	defer func() {
		if err != nil {
			err = errors.Join(explain(c, err), s.Close())
		}
	}()
	s.version = x.build.Version
	m := metrics.New(metrics.Build{Version: x.build.Version, Commit: x.build.Commit, Go: x.build.Go})

	s.metrics = m
	if x.log != nil {
		m.Log(x.log.lost.Load)
	}
	s.storage = m.Storage()
	store := c.Store
	store.Logger, store.Listener, store.Fatal = log, s.storeListener(), x.fatal
	if store.Fatal == nil {
		store.Fatal = s.failed
	}
	if s.store, err = persistence.Open(store); err != nil {
		return s, err
	}

	m.RowCache(s.store.RowCache)
	tokens := c.Claims
	tokens.Keys = c.tokenKeys
	if s.verifier, err = claims.NewVerifier(tokens); err != nil {
		return s, err
	}
	if err = s.keys.Set(c.apiKeys...); err != nil {
		return s, err
	}
	if err = s.access.Set(c.accessKeys...); err != nil {
		return s, err
	}

	if err = s.openPusher(c); err != nil {
		return s, err
	}
	engine := c.Actors
	engine.Store, engine.Verifier, engine.Logger, engine.Durability = s.store, s.verifier, log, c.durability
	engine.MaxConnectionAge, engine.ConnectionAgeSpread = off(engine.MaxConnectionAge), off(engine.ConnectionAgeSpread)
	if engine.Events, s.hooked, err = s.openEndpoints(c); err != nil {
		return s, err
	}
	if s.system, err = actors.New(engine); err != nil {
		return s, err
	}
	m.Engine(s.system.Stats)

	s.sockets = m.WS()
	sockets := c.WS
	sockets.Subprotocols = []string{hotsock.Subprotocol}
	sockets.Logger, sockets.Listener = log, s.sockets
	s.acceptor = ws.NewAcceptor(sockets)

	listener := c.HTTP
	listener.DrainOver = off(listener.DrainOver)
	listener.Logger, listener.Drainers = log, append(slices.Clip(listener.Drainers), s.acceptor, &s.pusher)
	// Every surface has a bound of its own below this one.
	listener.MaxBody = max(listener.MaxBody, transport.DefaultMaxBody, int64(c.Pusher.Options.MaxBody)+1)
	if x.atOnce {
		listener.DrainOver = -1
	}
	if s.http, err = transport.Listen(listener); err != nil {
		return s, err
	}

	if err = s.servePusher(c); err != nil {
		return s, err
	}
	home := x.home
	if home == nil {
		home = s.pusher.home(c.Pusher.Options.PathPrefix)
	}
	surface := c.Hotsock
	surface.System, surface.App, surface.Acceptor, surface.Keys = s.system, claims.DefaultAppID, s.acceptor, s.keys
	surface.AccessKeys = s.access
	surface.MaxData, surface.Draining, surface.Fallback = c.Actors.Channel.MaxData, s.http.Draining, home
	surface.MaxUID, surface.MaxUMD = c.Claims.Limits.UID, c.Claims.Limits.UMDSize
	surface.Logger, surface.Listener = log, m.Hotsock()
	handler, err := hotsock.New(surface)
	if err != nil {
		return s, err
	}
	s.http.Handle("/", handler)
	if c.Docs {
		s.http.Handle(docs.Path, docs.Handler())
	}
	if c.Console {
		s.http.Handle(console.Path, console.Console(console.Options{
			Key: s.keys.Check, Counts: s.counts, Ready: x.ready, Sign: x.sign, Logger: log,
		}))
	}

	s.admin, err = listenAdmin(c.AdminListen, s, m.JSON(c.Pusher.MetricsPrefix, m.Handler()), c.Pprof)
	if err != nil {
		return s, err
	}
	if x.mount != nil {
		err = x.mount(s)
	}
	return s, err
}

// off is how a package is told "none" for a setting whose 0 means that: to the package 0 is its default.
func off[T time.Duration | float64](value T) T {
	if value == 0 {
		return -1
	}
	return value
}

// counts is what the console draws.
func (s *Server) counts() console.Counts {
	st := s.system.Stats()
	bounds, counts := s.storage.Waits()
	return console.Counts{
		Messages: st.Published, Sets: st.Sets, Deliveries: st.Deliveries, Refusals: st.Refusals,
		Connections: st.Connections, Guests: st.Guests, Channels: st.Awake,
		Commits: console.Histogram{Bounds: bounds, Counts: counts},
	}
}

// storeListener hands what the store tells to the metrics, and what a person should know to the log.
func (s *Server) storeListener() persistence.Listener {
	return persistence.Listener{
		Batch: func(b persistence.BatchInfo) {
			s.storage.Batch(b.Turns, b.Bytes, b.Synced, b.Apply, b.Wait, b.Queue)
		},
		Congested: func(congested bool, bytes int64) {
			s.congested.Store(congested)
			s.storage.Congested(congested, bytes)
		},
		Flush:      s.storage.Flush,
		Compaction: s.storage.Compaction,
		DiskSlow: func(op, path string, took time.Duration) {
			s.storage.DiskSlow()
			s.log.Warn("the disk is slow", "op", op, "path", path, "took", took)
		},
		DiskUsage: s.storage.DiskUsage,
		ReadOnly: func(readOnly bool, reason string) {
			s.storage.ReadOnly(readOnly)
			if readOnly {
				s.log.Error("storage is read-only: writes are refused", "reason", reason)
			} else {
				s.log.Info("storage takes writes again")
			}
		},
		Stall: func(stalled bool, reason string) {
			s.storage.Stall(stalled)
			if stalled {
				s.log.Warn("writers wait for compactions", "reason", reason)
			}
		},
	}
}

// Addr is where clients and backends find the server, host:port.
func (s *Server) Addr() string { return s.http.Addr() }

// AdminAddr is where the admin listener is, host:port.
func (s *Server) AdminAddr() string { return s.admin.addr() }

// Run serves until ctx is done, and then drains: readiness fails, upgrades get 503, connections are closed
// over drain.spread, and what was acknowledged is on disk when it returns, drain.timeout later at the
// most. It closes the server in any case, and returns nil if nothing was lost on the way.
func (s *Server) Run(ctx context.Context) error {
	trimming, stop := context.WithCancel(ctx)
	defer stop()
	go trim(trimming, s.system.Stats)
	failed := make(chan error, 2)
	go func() { failed <- s.http.Serve() }()
	go func() { failed <- s.admin.serve() }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = s.drain()
	}
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return err
}

// failed ends the process, since nothing may follow a write that failed.
func (s *Server) failed(err error) {
	s.log.Error("storage failed, the process ends", "err", err)
	s.exit()
}

// exit ends the process at once, once the log has told why.
func (s *Server) exit() {
	s.lines.close()
	os.Exit(exitFailure)
}

// drain lets the clients go and the engine finish. The last tenth of its time belongs to the engine, so
// that a client that clings to its socket costs itself and no one's data.
func (s *Server) drain() error {
	timeout := s.config.DrainTimeout
	s.log.Info("draining", "connections", s.system.Stats().Connections, "timeout", timeout)
	s.system.Drain()
	whole, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	clients, cancel := context.WithTimeout(whole, timeout-timeout/10)
	defer cancel()
	if err := s.http.Shutdown(clients); err != nil {
		s.log.Warn("connections were cut at the end of the drain", "err", err)
	}
	s.acceptor.Close()
	s.pusher.cut(clients)
	if err := s.endEngine(whole); err != nil {
		return fmt.Errorf("the engine did not finish within drain.timeout (%s): %w", timeout, err)
	}
	s.log.Info("drained")
	return nil
}

// endEngine waits until everything that the engine was told is decided and durable.
func (s *Server) endEngine(ctx context.Context) error {
	s.ending.Do(func() { s.endErr = s.system.Close(ctx) })
	return s.endErr
}

// lasting calls f with a context that lasts for a time.
func lasting(d time.Duration, f func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	f(ctx)
}

// Close ends everything at once. What was acknowledged stays: it was on disk before that was said. Closing
// twice does nothing.
func (s *Server) Close() error {
	s.closing.Do(func() {
		var errs []error
		if s.http != nil {
			errs = append(errs, s.http.Close())
		}
		if s.acceptor != nil {
			s.acceptor.Close()
		}
		lasting(time.Second, s.pusher.cut)
		if s.system != nil {
			// Its connections were cut: this waits for their ends, and for turns that are being written.
			lasting(5*time.Second, func(ctx context.Context) { errs = append(errs, s.endEngine(ctx)) })
		}
		errs = append(errs, s.pusher.close())
		if s.hooked != nil {
			s.hooked.close()
		}
		if s.store != nil {
			errs = append(errs, s.store.Close())
		}
		if s.admin != nil {
			errs = append(errs, s.admin.close())
		}
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

// setKeys replaces the keys of tokens, of the API and of AWS SDKs. A configuration that was checked has none that
// could be refused. Connections live on.
func (s *Server) setKeys(c *checked) error {
	if err := s.verifier.SetKeys(c.tokenKeys); err != nil {
		return err
	}
	if err := s.keys.Set(c.apiKeys...); err != nil {
		return err
	}
	return s.access.Set(c.accessKeys...)
}

// readiness says why the server should be sent no new clients; nothing if it should.
func (s *Server) readiness() []reason {
	var reasons []reason
	if s.http.Draining() {
		reasons = append(reasons, reason{"draining", "the server is stopping"})
	}
	if h := s.store.Health(); h.ReadOnly {
		reasons = append(reasons, reason{"read-only", h.Reason})
	}
	if s.congested.Load() {
		reasons = append(reasons, reason{"congested", "the disk cannot keep up with what is written"})
	}
	return append(reasons, s.eventReasons()...)
}
