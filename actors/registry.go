package actors

import (
	"context"
	"crypto/subtle"
	"slices"
	"sync"
)

// A registry finds this node's live connections by id.
type registry struct {
	sync.RWMutex
	byID shrinkable[string, *Connection]
	// byUser has those with a uid, few of each.
	byUser shrinkable[user, []*Connection]
	none   *sync.Cond // signalled when the last one leaves
}

// A user is a uid of an app.
type user struct{ app, uid string }

func (c *Connection) user() user { return user{c.app, c.birth.claims.UID} }

func newRegistry() *registry {
	r := new(registry)
	r.none = sync.NewCond(&r.RWMutex)
	return r
}

func (r *registry) add(c *Connection) {
	r.Lock()
	defer r.Unlock()
	r.byID.put(c.id, c)
	if u := c.user(); u.uid != "" {
		r.byUser.put(u, append(r.byUser.get(u), c))
	}
}

func (r *registry) remove(c *Connection) {
	r.Lock()
	defer r.Unlock()
	r.byID.remove(c.id)
	if u := c.user(); u.uid != "" {
		if left := slices.DeleteFunc(r.byUser.get(u), func(other *Connection) bool { return other == c }); len(left) > 0 {
			r.byUser.put(u, left)
		} else {
			r.byUser.remove(u)
		}
	}
	if r.byID.len() == 0 {
		r.none.Broadcast()
	}
}

func (r *registry) len() int {
	r.RLock()
	defer r.RUnlock()
	return r.byID.len()
}

// authenticate returns the app's live connection with this id, if secret is its secret; else nil.
func (r *registry) authenticate(app, id, secret string) *Connection {
	r.RLock()
	c := r.byID.get(id)
	r.RUnlock()
	if c == nil || c.app != app || subtle.ConstantTimeCompare([]byte(c.secret), []byte(secret)) != 1 {
		return nil
	}
	return c
}

// find returns the app's live connection with this id, nil if there is none.
func (r *registry) find(app, id string) *Connection {
	r.RLock()
	defer r.RUnlock()
	if c := r.byID.get(id); c != nil && c.app == app {
		return c
	}
	return nil
}

// of returns the app's connections of this moment, uid's alone if that is not empty.
func (r *registry) of(app, uid string) []*Connection {
	if uid != "" {
		r.RLock()
		defer r.RUnlock()
		return slices.Clone(r.byUser.get(user{app, uid}))
	}
	return slices.DeleteFunc(r.all(), func(c *Connection) bool { return c.app != app })
}

// all returns the connections of this moment.
func (r *registry) all() []*Connection {
	r.RLock()
	defer r.RUnlock()
	list := make([]*Connection, 0, r.byID.len())
	for _, c := range r.byID.m {
		list = append(list, c)
	}
	return list
}

// waitForNone returns when no connection is left, or with ctx's error.
func (r *registry) waitForNone(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		r.Lock() // or it could come between the look and the wait, and be missed
		defer r.Unlock()
		r.none.Broadcast()
	})
	defer stop()
	r.Lock()
	defer r.Unlock()
	for r.byID.len() > 0 && ctx.Err() == nil {
		r.none.Wait()
	}
	if r.byID.len() == 0 {
		return nil
	}
	return ctx.Err()
}
