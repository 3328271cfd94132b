package actors

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/time/rate"

	"log/slog"

	"dormouse/actors/channel"
	"dormouse/actors/courier"
	"dormouse/actors/limit"
	"dormouse/persistence"
)

// A System is one node's engine, and the one door to it for transport and cmd. Its methods may be called
// from any goroutine.
type System struct {
	options     Options
	actors      *actor.ActorSystem
	durables    *actor.Props
	clients     *actor.Props
	dispatcher  *dispatcher
	directory   *directory
	router      router
	connections *registry
	tenants     *tenants
	clock       *clock
	courier     atomic.Pointer[courier.Courier] // nil: there are no backend events
	hiring      sync.Mutex                      // of couriers
	closing     bool                            // no courier is hired any more; under hiring
	kinds       map[string]newMachine
	stats       stats
	panicLog    *rate.Limiter
	draining    atomic.Bool
	revocations *revocations
	tails       atomic.Int32
	schedulers  *limit.Buckets // of those who show tokens

	notifyExpiry bool // of entries whose claims do not say

	sweeping sync.WaitGroup
	stop     chan struct{}
}

// New starts an engine on a store. Close ends it; the store stays the caller's.
func New(o Options) (*System, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("actors: %w", err)
	}
	s := &System{
		options:     o,
		connections: newRegistry(),
		tenants:     newTenants(),
		// An endless panic must not fill the disk with stacks.
		panicLog:   rate.NewLimiter(1, 10),
		stop:       make(chan struct{}),
		dispatcher: newDispatcher(),
	}
	s.schedulers = newSchedulers(&o, &s.stats)
	s.actors = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(quiet{o.Logger.Handler()})
	}))
	fewerBuckets(s.actors.ProcessRegistry)
	s.clock = newClock(o.Store, s.wakeDue)
	if err := s.hireCourier(); err != nil {
		s.actors.Shutdown()
		s.dispatcher.end()
		return nil, err
	}
	// Whether an expiry is told is resolved here, claim before server, so the core is only told the verdict.
	core := o.Channel
	s.notifyExpiry, core.NotifyExpiry = core.NotifyExpiry, false
	s.kinds = map[string]newMachine{
		KindChannel: func(a Address, rows *persistence.Rows) machine {
			options := core
			if isTenant(a) {
				options = channel.Pusher(a.Name, options)
			}
			if o.TuneChannel != nil {
				o.TuneChannel(a, &options)
			}
			return newChannelMachine(a, rows, options)
		},
	}
	// One Props for all: an actor learns who it is from its first message, so that none of them keeps a
	// Props of its own in memory.
	s.durables = actor.PropsFromProducer(func() actor.Actor { return &durableActor{} }, actor.WithMailbox(newMailbox), actor.WithDispatcher(s.dispatcher))
	s.clients = actor.PropsFromProducer(func() actor.Actor { return &connectionActor{} }, actor.WithMailbox(newMailbox), actor.WithDispatcher(s.dispatcher))
	var err error
	if s.revocations, err = newRevocations(o.Store); err != nil {
		s.actors.Shutdown()
		s.dispatcher.end()
		return nil, fmt.Errorf("read the revocations: %w", err)
	}
	s.directory = newDirectory(s.spawnDurable)
	s.router = router{s.directory, newTracer(o.TraceShare, s.clock, o.Logger, &s.stats)}
	here, err := s.readRolls()
	if err != nil {
		s.actors.Shutdown()
		s.dispatcher.end()
		return nil, fmt.Errorf("read who was here: %w", err)
	}
	if err := s.clock.begin(); err != nil {
		s.actors.Shutdown()
		s.dispatcher.end()
		return nil, fmt.Errorf("read what is due: %w", err)
	}
	if c := s.courier.Load(); c != nil {
		c.Start()
	}
	s.sweeping.Add(2)
	go s.sweep()
	go s.expectAll(here)
	return s, nil
}

func (s *System) spawnDurable(a Address) *handle {
	h := &handle{root: s.actors.Root}
	h.lastUse.Store(s.clock.now().UnixNano())
	h.pid = s.actors.Root.Spawn(s.durables)
	s.actors.Root.Send(h.pid, &durableBirth{s, h, a})
	return h
}

// spawnConnection gives b's connection its handle and starts its actor, which reads it.
func (s *System) spawnConnection(b *connectionBirth) {
	h := &handle{root: s.actors.Root}
	b.connection.handle = h
	h.pid = s.actors.Root.Spawn(s.clients)
	s.actors.Root.Send(h.pid, b)
}

func entropy(p []byte) { rand.Read(p) }

// dueRetry is how long an actor that could not do what was due is left alone.
const dueRetry = 5 * time.Second

// wakeDue tells an actor that its time has come.
func (s *System) wakeDue(a Address) {
	s.router.tell(a, &ask{cmd: due{}, outcome: func(err error) {
		if err != nil {
			s.clock.after(dueRetry, func() { s.wakeDue(a) })
		}
	}})
}

// sweep asks actors that were not used for a while whether they may sleep. One scan of all is cheaper than
// a timer for each: a million take a few milliseconds.
func (s *System) sweep() {
	defer s.sweeping.Done()
	ticker := time.NewTicker(max(s.options.IdleAfter/4, 100*time.Millisecond))
	defer ticker.Stop()
	forget := time.NewTicker(revocationGrace)
	defer forget.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-forget.C:
			s.forgetRevocations()
		case <-ticker.C:
			s.trimReplays(s.clock.now())
			before := s.clock.now().Add(-s.options.IdleAfter).UnixNano()
			s.directory.each(func(_ Address, h *handle) {
				if h.lastUse.Load() <= before && h.pending.Load() == 0 && !h.needed.Load() {
					h.post(idleTick{})
				}
			})
		}
	}
}

// Drain makes the engine take no more clients. Those it has stay until their sockets close.
func (s *System) Drain() { s.draining.Store(true) }

// Draining reports whether Drain was called.
func (s *System) Draining() bool { return s.draining.Load() }

// Close ends the engine: it takes no more clients, closes those that are left with CloseGoingAway, waits
// until they are gone and until everything that was written is durable, or until ctx ends. The engine must
// not be used afterwards.
//
// Errors: ctx's, if something was left.
func (s *System) Close(ctx context.Context) error {
	s.Drain()
	for _, c := range s.connections.all() {
		c.handle.post(dismissed{channel.CloseGoingAway})
	}
	s.tenants.close(channel.CloseGoingAway)
	err := s.connections.waitForNone(ctx)
	if err == nil {
		err = s.tenants.waitForNone(ctx)
	}
	s.directory.each(func(a Address, h *handle) {
		if err == nil {
			err = s.flush(ctx, h)
		}
	})
	s.dismissCourier(ctx)
	close(s.stop)
	s.sweeping.Wait()
	s.clock.end()
	s.actors.Shutdown()
	s.dispatcher.end()
	return err
}

// flush waits until everything that an actor was told before is durable.
func (s *System) flush(ctx context.Context, h *handle) error {
	done := make(chan struct{})
	if !h.post(&ask{cmd: flush{}, reply: func(any, error) { close(done) }}) {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
