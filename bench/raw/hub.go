package main

import (
	"slices"
	"sync"

	"github.com/lxzan/gws"
)

// A sender takes each message that a client sends. The bytes are the sender's from then on.
type sender interface {
	take(from *client, message []byte)
}

// A client is one connection; what waits for it is its sender's business.
type client struct {
	socket  *gws.Conn
	channel *channel
	role    role
	send    sender
	pending []byte // frames for it alone, of the sender's one goroutine
}

// A channel is those who hear it.
type channel struct {
	mu          sync.RWMutex
	subscribers []*client
	pending     []byte // frames for all of them, of the sender's one goroutine
	entries     entries
}

func (ch *channel) add(c *client) {
	ch.mu.Lock()
	ch.subscribers = append(ch.subscribers, c)
	ch.mu.Unlock()
}

func (ch *channel) remove(c *client) {
	ch.mu.Lock()
	ch.subscribers = slices.DeleteFunc(ch.subscribers, func(s *client) bool { return s == c })
	ch.mu.Unlock()
}

// A registry finds channels by name; they stay.
type registry struct {
	mu     sync.Mutex
	byName map[string]*channel
}

func (r *registry) get(name string) *channel {
	r.mu.Lock()
	defer r.mu.Unlock()
	ch := r.byName[name]
	if ch == nil {
		if r.byName == nil {
			r.byName = map[string]*channel{}
		}
		ch = &channel{}
		r.byName[name] = ch
	}
	return ch
}

// clients finds a client by its socket: gws's own place for that is a map for each.
var clients table

type table struct {
	mu sync.RWMutex
	by map[*gws.Conn]*client
}

func (t *table) put(s *gws.Conn, c *client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[*gws.Conn]*client{}
	}
	t.by[s] = c
}

func (t *table) get(s *gws.Conn) *client {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.by[s]
}

func (t *table) take(s *gws.Conn) *client {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.by[s]
	delete(t.by, s)
	return c
}

// events hands on what gws reads.
type events struct{ gws.BuiltinEventHandler }

func (events) OnPing(s *gws.Conn, payload []byte) { _ = s.WritePong(payload) }

func (events) OnClose(s *gws.Conn, _ error) {
	if c := clients.take(s); c != nil {
		c.channel.remove(c)
	}
}

func (events) OnMessage(s *gws.Conn, m *gws.Message) {
	if c := clients.get(s); c != nil {
		c.take(m.Bytes())
	}
	_ = m.Close()
}

// broadcast sends as gws does by itself.
type broadcast struct{}

func (broadcast) take(from *client, message []byte) {
	b := gws.NewBroadcaster(gws.OpcodeText, message)
	from.channel.mu.RLock()
	for _, s := range from.channel.subscribers {
		_ = b.Broadcast(s.socket)
	}
	from.channel.mu.RUnlock()
	_ = b.Close()
}
