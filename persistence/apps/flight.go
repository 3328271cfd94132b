package apps

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"dormouse/claims"
)

// A flight is one reading of the source, shared by all who want it.
//
// Flights by id are the only ones that change an entry that is there, and one of each id is under way until all
// were told what it changed: that gives changes their order.
type flight struct {
	name    name
	purpose purpose
	asked   uint64        // of the entry, as it began
	done    chan struct{} // closed when app and err are there
	ended   chan struct{} // closed when another one can begin
	app     *claims.App
	err     error
}

// A purpose says whose bound a flight counts for.
type purpose int

const (
	forAskers purpose = iota // somebody waits for it
	besides                  // the old record is served meanwhile
)

// failed is a flight that never began.
func failed(n name, err error) *flight {
	f := &flight{name: n, asked: ^uint64(0), done: make(chan struct{}), err: unavailable(err)}
	f.ended = f.done
	close(f.done)
	return f
}

// result waits for what the flight brings. If it began before asked, it waits for its end and says errEarly.
func (f *flight) result(ctx context.Context, asked uint64) (*claims.App, error) {
	until, early := f.done, f.asked < asked
	if early {
		until = f.ended
	}
	select {
	case <-until:
	case <-ctx.Done():
		return nil, unavailable(context.Cause(ctx))
	}
	if early {
		return nil, errEarly
	}
	return f.app, f.err
}

// fly returns the flight for n, a new one if there is none. Beyond the bound it is one that failed. The caller holds
// the lock.
func (c *Cache) fly(n name, p purpose) *flight {
	if f := c.flights[n]; f != nil {
		return f
	}
	bound := c.o.Reads
	if p == besides {
		bound = c.o.Refreshes
	}
	if c.closed || c.reading[p] >= bound {
		c.refused(p == besides)
		return failed(n, errTooMany)
	}
	f := &flight{name: n, purpose: p, done: make(chan struct{}), ended: make(chan struct{})}
	if e := c.ids[n.text]; e != nil && !n.byKey {
		f.asked = e.asked
		c.unplan(e)
	}
	c.flights[n] = f
	c.reading[p]++
	c.running.Go(func() { c.carry(f) })
	return f
}

func (c *Cache) carry(f *flight) {
	app, warnings, err := c.read(f.name)
	var changed change
	if f.name.byKey {
		f.app, f.err = c.settleKey(f.name.text, app, warnings, err)
	} else {
		f.app, changed, f.err = c.settle(f, app, warnings, err)
	}
	close(f.done)
	changed.tell(c.o.OnChange)
	c.mu.Lock()
	delete(c.flights, f.name)
	c.reading[f.purpose]--
	if e := c.ids[f.name.text]; e != nil && !f.name.byKey {
		c.plan(e)
	}
	c.mu.Unlock()
	close(f.ended)
	c.wake()
}

// read asks the source. Errors: ErrNoRecord, ErrInvalid, and all others are outages.
func (c *Cache) read(n name) (app *claims.App, warnings []Warning, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.o.ReadTimeout)
	defer cancel()
	record, err := c.ask(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	app, warnings, err = Decode(record, c.o.Defaults)
	if err == nil && (!n.byKey && app.ID != n.text || n.byKey && app.Key != n.text) {
		err = fmt.Errorf("%w: app %s: another id or key was asked for, one in another spelling of the attribute perhaps",
			ErrInvalid, cut(app.ID))
	}
	if err != nil {
		c.complain(n, record, err)
		return nil, nil, err
	}
	return app, warnings, nil
}

// ask is the source's lookup. A source that panics did not answer; the server goes on.
func (c *Cache) ask(ctx context.Context, n name) (record Record, err error) {
	begun := time.Now()
	defer func() {
		if r := recover(); r != nil {
			c.o.Logger.Error("app store panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", r)
		}
		if f := c.o.Listener.Read; f != nil {
			f(n.byKey, time.Since(begun), err)
		}
		switch {
		case err == nil || errors.Is(err, ErrNoRecord):
			c.outage.answered(c, time.Now())
		case c.ctx.Err() == nil:
			c.outage.failed(c, err, time.Now())
		}
	}()
	if n.byKey {
		return c.source.ByKey(ctx, n.text)
	}
	return c.source.ByID(ctx, n.text)
}

// settle notes what a reading by id brought: the answer for those who wait, and the change to tell.
func (c *Cache) settle(f *flight, app *claims.App, warnings []Warning, err error) (*claims.App, change, error) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.ids[f.name.text]
	switch {
	case err == nil && e == nil:
		if e = c.admit(app, now); e != nil {
			c.warn(e, warnings)
		}
		return app, change{}, nil
	case err == nil:
		c.warn(e, warnings)
		return c.found(f, e, app, now)
	case !errors.Is(err, ErrNoRecord) && !errors.Is(err, ErrInvalid):
		if e != nil {
			e.failing = true
			e.due = now.Add(c.o.RetryAfter)
		}
		return nil, change{}, unavailable(err)
	case e == nil:
		c.absent.add(f.name, now, c.o.NegativeTTL)
		return nil, change{}, claims.ErrNoApp
	}
	return c.missed(e, now)
}

// found notes that the record of e was read.
func (c *Cache) found(f *flight, e *entry, app *claims.App, now time.Time) (*claims.App, change, error) {
	c.fresh(e, now)
	if e.stale = e.asked != f.asked; e.stale {
		e.due = now
	}
	old := e.app.Load()
	if same(old, app) {
		return old, change{}, nil
	}
	e.app.Store(app)
	if app.Key != old.Key {
		c.unname(e)
		c.absent.forget(byKey(app.Key))
	}
	return app, change{old, app, e.watching()}, nil
}

// missed notes that the record of e was not found. What is known holds until that is confirmed, unless it is too
// old to hold and nobody lives on it.
func (c *Cache) missed(e *entry, now time.Time) (*claims.App, change, error) {
	old := e.app.Load()
	e.failing = false
	switch {
	case e.goneAt.IsZero() && (len(e.watches) > 0 || now.Sub(e.readAt) <= c.o.OutageFor):
		e.goneAt = now
		fallthrough
	case !e.goneAt.IsZero() && now.Sub(e.goneAt) < c.o.ConfirmAfter:
		e.due = e.goneAt.Add(c.o.ConfirmAfter)
		return old, change{}, nil
	}
	watching := e.watching()
	c.remove(e)
	e.app.Store(nil)
	c.absent.add(byID(e.id), now, c.o.NegativeTTL)
	return nil, change{old, nil, watching}, claims.ErrNoApp
}

// settleKey notes what a reading by key brought, and returns the answer for those who wait.
func (c *Cache) settleKey(key string, app *claims.App, warnings []Warning, err error) (*claims.App, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, ErrNoRecord), errors.Is(err, ErrInvalid):
		c.absent.add(byKey(key), time.Now(), c.o.NegativeTTL)
		return nil, claims.ErrNoApp
	case err != nil:
		return nil, unavailable(err)
	}
	e := c.ids[app.ID]
	if e == nil {
		if e = c.admit(app, time.Now()); e != nil {
			c.named(e, key)
			c.warn(e, warnings)
		}
		return app, nil
	}
	if now := e.app.Load(); now.Key == key {
		c.named(e, key)
		if same(now, app) {
			return now, nil
		}
	}
	return c.agree(key, app.ID)
}

// agree decides between a record found by key and another one known of the same app: either may be the newer one,
// and only a reading by id tells. The caller holds the lock, which is given back for that time.
func (c *Cache) agree(key, id string) (*claims.App, error) {
	// A reading that is under way may be older than the record; after it one more is not.
	for range 2 {
		f := c.fly(byID(id), forAskers)
		c.mu.Unlock()
		<-f.done
		c.mu.Lock()
		if e := c.ids[id]; e != nil && e.app.Load().Key == key {
			c.named(e, key)
			return e.app.Load(), nil
		}
		if errors.Is(f.err, claims.ErrAppsUnavailable) {
			return nil, f.err
		}
		c.mu.Unlock()
		<-f.ended
		c.mu.Lock()
	}
	c.absent.add(byKey(key), time.Now(), c.o.NegativeTTL)
	return nil, claims.ErrNoApp
}

// warn logs what is wrong with a record, once for as long as it is the same.
func (c *Cache) warn(e *entry, warnings []Warning) {
	var all strings.Builder
	for _, w := range warnings {
		all.WriteString(w.Attribute + " " + w.Text + "\n")
	}
	if text := all.String(); text != e.warned {
		e.warned = text
		c.running.Go(func() {
			for _, w := range warnings {
				c.o.Logger.Warn("app record has a fault", "app", w.App, "attribute", w.Attribute, "fault", w.Text)
			}
		})
	}
}
