package apps

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dormouse/claims"
)

// Cache is claims.Apps over a Source; the package's doc says what it promises.
//
// What is known is a set of entries, one for each app, by id; keys lead to the same entries. An entry
// comes from a reading by id or by key, and from then on changes only by readings of its id, of which one at most
// is under way (flight.go): so an app has one state at a time, whichever way it is asked for, and its changes
// have an order. A key leads to an entry only after a reading by that key said so, since the source alone
// knows which of two records with one key counts; it ceases to when the entry's record has another key.
//
// Reading both ways independently was the obvious design, and showed an app in two states for as long as an
// index lagged behind its table, with changes that came and went.
type Cache struct {
	source  Source
	o       CacheOptions
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
	kick    chan struct{} // tells run that something is due earlier, or may begin

	complaints Seldom
	outage     outage

	mu      sync.Mutex
	closed  bool
	ids     map[string]*entry
	keys    map[string]*entry
	recent  list.List // entries that nobody watches, the one asked for last in front
	absent  absentees
	flights map[name]*flight
	reading [2]int   // flights under way, by purpose
	due     schedule // watched entries that no flight is under way for
}

var _ claims.AppWatcher = (*Cache)(nil)

// A name is what apps are asked for by. Ids and keys are separate worlds.
type name struct {
	byKey bool
	text  string
}

func byID(id string) name   { return name{text: id} }
func byKey(key string) name { return name{byKey: true, text: key} }

// NewCache makes a cache over source, which it then owns. o must be valid. It must be closed.
func NewCache(source Source, o CacheOptions) *Cache {
	o.EnsureDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	c := &Cache{
		source: source, o: o, ctx: ctx, cancel: cancel,
		kick:    make(chan struct{}, 1),
		ids:     map[string]*entry{},
		keys:    map[string]*entry{},
		absent:  absentees{until: map[name]time.Time{}, bound: o.Apps},
		flights: map[name]*flight{},
	}
	c.running.Go(c.run)
	return c
}

// Close ends readings and watches, and closes the source. Lookups after it, and those that wait, hear
// ErrAppsUnavailable.
func (c *Cache) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
	return c.source.Close()
}

// ByID returns the app with this id, as claims.Apps says.
func (c *Cache) ByID(ctx context.Context, id string) (*claims.App, error) {
	return c.lookup(ctx, byID(id))
}

// ByKey returns the app that has this key now, as claims.Apps says.
func (c *Cache) ByKey(ctx context.Context, key string) (*claims.App, error) {
	return c.lookup(ctx, byKey(key))
}

var (
	errClosed  = errors.New("the cache is closed")
	errTooMany = errors.New("too many lookups at once")
	errFull    = errors.New("every app that there is room for is watched")
	errMoving  = errors.New("the record changes as it is read")
	errEarly   = errors.New("read before it was asked for")
)

func unavailable(err error) error { return fmt.Errorf("%w: %w", claims.ErrAppsUnavailable, err) }

// attempts is how often a lookup begins anew because a key went from one app to another meanwhile, or a reading
// had begun too early.
const attempts = 4

func (c *Cache) lookup(ctx context.Context, n name) (*claims.App, error) {
	// No source has such names: what a stranger wrote into a URL costs nothing.
	if n.text == "" || len(n.text) > claims.MaxAppName {
		c.heard(Absent)
		return nil, claims.ErrNoApp
	}
	for range attempts {
		k := c.known(n, time.Now())
		if k.wait == nil {
			c.heard(k.outcome)
			return k.app, k.err()
		}
		app, err := k.wait.result(ctx, k.asked)
		none := errors.Is(err, claims.ErrNoApp)
		switch {
		case errors.Is(err, errEarly):
		case err == nil && n.byKey && app.Key != n.text: // it has another key now; whose is this one?
		case none && k.wait.name != n: // the app that had the key is gone; has another one got it?
		case err == nil:
			c.heard(Waited)
			return app, nil
		case none:
			c.heard(Absent)
			return nil, claims.ErrNoApp
		case k.app != nil:
			c.heard(Old)
			return k.app, nil
		default:
			c.heard(Unavailable)
			return nil, err
		}
	}
	c.heard(Unavailable)
	return nil, unavailable(errMoving)
}

// knowledge is what memory has on a name: an answer, or else a flight to wait for.
type knowledge struct {
	app     *claims.App // the answer, or what will do if the flight fails; may be nil
	outcome Outcome
	wait    *flight
	asked   uint64 // the flight must have begun after so many calls of Refresh
}

func (k knowledge) err() error {
	if k.app == nil {
		return claims.ErrNoApp
	}
	return nil
}

func (c *Cache) known(n name, now time.Time) knowledge {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return knowledge{wait: failed(n, errClosed)}
	}
	e := c.ids[n.text]
	if n.byKey {
		e = c.keys[n.text]
	}
	if e == nil {
		if c.absent.has(n, now) {
			return knowledge{outcome: Absent}
		}
		return knowledge{wait: c.fly(n, forAskers)}
	}
	if e.recent != nil {
		c.recent.MoveToFront(e.recent)
	}
	k := knowledge{app: e.app.Load(), outcome: Hit}
	switch {
	case c.mustWait(e, now):
		k.wait, k.asked = c.fly(byID(e.id), forAskers), e.asked
		if now.Sub(e.readAt) > c.o.OutageFor {
			k.app = nil
		}
	case e.isDue(now):
		c.fly(byID(e.id), besides)
		k.outcome = Stale
	}
	return k
}

// mustWait reports whether e is not to be served before it was read again.
func (c *Cache) mustWait(e *entry, now time.Time) bool {
	age := now.Sub(e.readAt)
	switch {
	case !e.stale && (c.o.TTL < 0 || age < c.o.TTL):
		return false
	case !e.goneAt.IsZero(): // it was asked for lately; until that is confirmed, what was known holds
		return e.isDue(now) && age > c.o.StaleFor
	case e.failing: // the first asker waited for nothing; the others need not
		return age > c.o.OutageFor
	}
	return e.stale || age > c.o.StaleFor
}

// Refresh has the app with this id read again at once: somebody knows that its record has changed. Whoever asks for
// it before that is done waits for it, unless the source does not answer.
func (c *Cache) Refresh(id string) {
	c.mu.Lock()
	c.absent.forget(byID(id))
	if e := c.ids[id]; e != nil {
		c.distrust(e, time.Now())
	}
	c.mu.Unlock()
	c.wake()
}

// RefreshAll is Refresh for every app: the source as a whole is another one.
func (c *Cache) RefreshAll() {
	c.mu.Lock()
	c.absent.forgetAll()
	now := time.Now()
	for _, e := range c.ids {
		c.distrust(e, now)
	}
	c.mu.Unlock()
	c.wake()
}

// distrust makes e due. A flight that is under way may have read it before the change, and does not count.
func (c *Cache) distrust(e *entry, now time.Time) {
	e.asked++
	e.stale = true
	e.due = now
	c.plan(e)
}
