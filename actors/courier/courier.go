package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/persistence"
)

// A Courier empties one store's outbox. Its methods may be called from any goroutine.
type Courier struct {
	o         Options
	outbox    *persistence.Outbox
	endpoints []*endpoint
	names     []string

	mu   sync.Mutex // guards pos and open of every endpoint, and the order of settlements
	over atomic.Bool

	ctx     context.Context // of attempts
	cancel  context.CancelFunc
	stop    chan struct{}
	stopped sync.WaitGroup
}

// New makes a courier; Start lets it go.
//
// Errors: what [Options.Validate] says, or the store's.
func New(outbox *persistence.Outbox, o Options) (*Courier, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("courier: %w", err)
	}
	c := &Courier{o: o, outbox: outbox, stop: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	pos := outbox.Last()
	first, err := outbox.Next(0, 1)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	if len(first) > 0 {
		pos = first[0].ID - 1
	}
	for _, to := range o.Endpoints {
		c.endpoints = append(c.endpoints, newEndpoint(c, to, pos))
		c.names = append(c.names, to.Name())
	}
	return c, nil
}

// Start begins to hand events over.
func (c *Courier) Start() {
	c.stopped.Go(c.watch)
	for _, e := range c.endpoints {
		c.stopped.Go(e.run)
	}
}

// Close ends the courier: nothing new is begun, and what is on its way is waited for until ctx ends. The
// rest stays in the outbox.
func (c *Courier) Close(ctx context.Context) {
	close(c.stop)
	done := make(chan struct{})
	go func() {
		c.stopped.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	c.cancel()
	<-done
}

// Wants says whether any endpoint is told of such an event.
func (c *Courier) Wants(eventType, dataType, channel string) bool {
	return slices.ContainsFunc(c.o.Endpoints, func(e Emitter) bool { return e.Wants(eventType, dataType, channel) })
}

// Write turns an event into what queues it, with the commit of what it tells of. Events with the same app
// and order arrive in the order of their commits. e needs no ID.
func Write(e Event, order string, at time.Time, entropy func([]byte)) persistence.Write {
	_ = e.ID.SetTime(ulid.Timestamp(at)) // years are far below what it takes
	var random [10]byte
	entropy(random[:])
	_ = e.ID.SetEntropy(random[:]) // its length is right
	e.queued = at.UnixMilli()
	slices.SortFunc(e.Metadata, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	return persistence.EmitEvent(e.App, order, e.encode())
}

// watchEvery is how often the backlog is looked at while nobody says that it has changed.
const watchEvery = time.Second

// watch wakes the endpoints when there is something to read, and tells of a backlog beyond its bound.
func (c *Courier) watch() {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
		case <-c.outbox.Ready():
			for _, e := range c.endpoints {
				e.nudge()
			}
		}
		n := c.outbox.Len()
		// Below nine tenths of the bound it is over, so that it is not told of at every event.
		if over := n > c.o.Backlog || c.over.Load() && n > c.o.Backlog-c.o.Backlog/10; over != c.over.Swap(over) {
			c.o.Listener.Backlogged(over, n)
		}
		c.dropDead()
	}
}

// Backlogged says whether the outbox is beyond its bound, and how many events are in it.
func (c *Courier) Backlogged() (over bool, events int) { return c.over.Load(), c.outbox.Len() }

// settle notes that e has these events, or has given them up. The last endpoint to settle an event removes it.
func (c *Courier) settle(e *endpoint, ids []uint64, dead []persistence.DeadLetter) {
	if len(ids) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := persistence.Settlement{Names: c.names, Dead: dead}
	for _, id := range ids {
		delete(e.open, id)
		if c.settled(id) {
			x.Done = append(x.Done, id)
		} else {
			x.Taken = append(x.Taken, persistence.Taken{ID: id, Endpoint: e.name})
		}
	}
	c.outbox.Settle(x)
}

// passed notes that e has read up to pos: what it has to hand over is open, the rest does not concern it.
func (c *Courier) passed(e *endpoint, pos uint64, open []*parcel, rest []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.pos = pos
	for _, p := range open {
		e.open[p.id] = p.event.queued
	}
	var done []uint64
	for _, id := range rest {
		if c.settled(id) {
			done = append(done, id)
		}
	}
	c.outbox.Settle(persistence.Settlement{Names: c.names, Done: done})
}

// settled says that no endpoint has anything to do with an event any more.
func (c *Courier) settled(id uint64) bool {
	for _, e := range c.endpoints {
		if _, open := e.open[id]; open || e.pos < id {
			return false
		}
	}
	return true
}

// fault logs what the store has said, unless it is closing.
func (c *Courier) fault(what string, err error) {
	if err != nil && !errors.Is(err, persistence.ErrClosed) {
		c.o.Logger.Error(what, "err", err)
	}
}
