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
	keeping   *keeping    // nil: nobody keeps occurrences
	takers    []*progress // of each of them
	names     []string    // likewise

	mu   sync.Mutex // guards takers, and the order of settlements
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
		e := newEndpoint(c, to, pos)
		c.endpoints, c.takers = append(c.endpoints, e), append(c.takers, &e.progress)
	}
	if to := o.Occurrences; to != nil {
		c.keeping = newKeeping(c, to, pos)
		c.takers = append(c.takers, &c.keeping.progress)
	}
	for _, p := range c.takers {
		c.names = append(c.names, p.name)
	}
	return c, nil
}

// Start begins to hand events over.
func (c *Courier) Start() {
	c.stopped.Go(c.watch)
	for _, e := range c.endpoints {
		c.stopped.Go(e.run)
	}
	if c.keeping != nil {
		c.stopped.Go(c.keeping.run)
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

// Wants says whether any endpoint is told of such an event, which is no occurrence.
func (c *Courier) Wants(eventType, dataType, channel string) bool {
	return slices.ContainsFunc(c.o.Endpoints, func(e Emitter) bool { return e.Wants(eventType, dataType, channel) })
}

// HasEndpoints says whether there is any; else nobody wants an event that is no occurrence.
func (c *Courier) HasEndpoints() bool { return len(c.o.Endpoints) > 0 }

// WantsOccurrence says whether such occurrences are to be written down, as [Keeper] has it; without one, none.
func (c *Courier) WantsOccurrence(app, name, channel string) bool {
	return c.keeping != nil && c.keeping.to.WantsOccurrence(app, name, channel)
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
			if c.keeping != nil {
				c.keeping.nudge()
			}
		}
		n := c.backlog()
		// Below nine tenths of the bound it is over, so that it is not told of at every event.
		if over := n > c.o.Backlog || c.over.Load() && n > c.o.Backlog-c.o.Backlog/10; over != c.over.Swap(over) {
			c.o.Listener.Backlogged(over, n)
		}
		c.dropDead()
	}
}

// Backlogged says whether the outbox is beyond its bound, and how many events are in it. What a keeper has does not
// count: it has bounds of its own, and a tenant's receiver that is down must not make the server look so.
func (c *Courier) Backlogged() (over bool, events int) { return c.over.Load(), c.backlog() }

func (c *Courier) backlog() int {
	n := c.outbox.Len()
	if c.keeping == nil {
		return n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(n-len(c.keeping.open), 0)
}

// fault logs what the store has said, unless it is closing.
func (c *Courier) fault(what string, err error) {
	if err != nil && !errors.Is(err, persistence.ErrClosed) {
		c.o.Logger.Error(what, "err", err)
	}
}
