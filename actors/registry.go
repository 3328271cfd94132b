package actors

import (
	"context"
	"crypto/subtle"
	"sync"
)

// A registry finds this node's live connections by id.
type registry struct {
	sync.RWMutex
	byID shrinkable[string, *Connection]
	none *sync.Cond // signalled when the last one leaves
}

func newRegistry() *registry {
	r := new(registry)
	r.none = sync.NewCond(&r.RWMutex)
	return r
}

func (r *registry) add(c *Connection) {
	r.Lock()
	defer r.Unlock()
	r.byID.put(c.id, c)
}

func (r *registry) remove(c *Connection) {
	r.Lock()
	defer r.Unlock()
	r.byID.remove(c.id)
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
	stop := context.AfterFunc(ctx, r.none.Broadcast)
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
