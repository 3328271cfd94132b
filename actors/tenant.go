package actors

import (
	"context"
	"errors"
	"time"

	"dormouse/actors/channel"
)

// A Tenant is the scope of one app: its connections, its users, and its channels. It is a name and nothing more, so
// that it costs nothing to make and to keep. Nothing of two tenants ever meets.
//
// Names have been checked by who calls. Errors of methods with a ctx are a *channel.Error, or ctx's.
type Tenant struct {
	system    *System
	namespace string
}

// Tenant returns the scope of a namespace, which must come from [dormouse/claims.App.Namespace].
func (s *System) Tenant(namespace string) Tenant { return Tenant{s, namespace} }

// What a door is refused with.
var (
	// ErrQuota: the tenant has as many connections as it may have.
	ErrQuota = errors.New("the tenant has as many connections as it may have")
	// ErrIDTaken: a live connection has this id. Choose another.
	ErrIDTaken = errors.New("a live connection has this id")
	// ErrTooManyChannels: the connection has as many channels as it may have.
	ErrTooManyChannels = errors.New("the connection has as many channels as it may have")
	// ErrOtherUser: the connection is signed in as another user.
	ErrOtherUser = errors.New("the connection is signed in as another user")
)

// A GuestRequest is a connection at a tenant's door, which has judged it.
type GuestRequest struct {
	ID   string // chosen by the door; another one than that of any live connection of the tenant
	Sink channel.Sink
	// MaxConnections bounds the connections of the tenant, as of now. 0 and below: it has any number.
	MaxConnections int
	// MaxChannels bounds the channels of this connection. 0: 10,000.
	MaxChannels int

	SourceIP, UserAgent string
}

// maxGuestChannels bounds what one connection can make the engine remember.
const maxGuestChannels = 10_000

// Admit takes a connection in. It counts until [Guest.Closed]. The engine greets nobody: that is the door's, behind
// Admit and before it uses the Guest. Sink.Close may be called before Admit returns.
//
// Errors: channel.ErrUnavailable while the system drains or is full, ErrQuota, ErrIDTaken.
func (t Tenant) Admit(r GuestRequest) (*Guest, error) {
	s := t.system
	if s.full() {
		return nil, channel.ErrUnavailable
	}
	setDefault(&r.MaxChannels, maxGuestChannels)
	in := s.tenants.enter(t.namespace)
	switch {
	case r.MaxConnections > 0 && in.guests.len() >= r.MaxConnections:
		s.tenants.leave(in)
		return nil, ErrQuota
	case in.guests.get(r.ID) != nil:
		s.tenants.leave(in)
		return nil, ErrIDTaken
	}
	g := &Guest{
		system: s, tenant: in, id: r.ID, sink: r.Sink, maxChannels: r.MaxChannels,
		sourceIP: r.SourceIP, userAgent: r.UserAgent,
	}
	in.guests.put(g.id, g)
	s.tenants.count(1)
	s.tenants.leave(in)
	if s.draining.Load() { // since it was asked: who closes all may have missed it
		g.sink.Close(channel.CloseGoingAway)
	}
	return g, nil
}

// Connections returns how many connections there are.
func (t Tenant) Connections() int {
	in := t.system.tenants.find(t.namespace)
	if in == nil {
		return 0
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.guests.len()
}

// Size returns how many connections there are, and how many channels are occupied. It wakes nothing.
func (t Tenant) Size() (connections, channels int) {
	in := t.system.tenants.find(t.namespace)
	if in == nil {
		return 0, 0
	}
	in.mu.Lock()
	connections = in.guests.len()
	in.mu.Unlock()
	in.rolls.mu.RLock()
	defer in.rolls.mu.RUnlock()
	return connections, in.rolls.byName.len()
}

// CloseAll ends every connection with c, and returns how many there were.
func (t Tenant) CloseAll(c channel.Close) int {
	in := t.system.tenants.find(t.namespace)
	if in == nil {
		return 0
	}
	all := in.everybody()
	for _, g := range all {
		g.sink.Close(c)
	}
	return len(all)
}

// An Event is one event for one channel, or for one user.
type Event struct {
	Channel, Name string
	Data          []byte // one JSON value, which is told byte for byte. It belongs to the engine from here on
	Except        string // the id of a connection that does not read it; "": all do
	// CacheFor is for how long the channel keeps it for those who come, durably. 0: it does not.
	CacheFor time.Duration
}

// Publish sends events to their channels, to each in the order of events. It returns once every channel has accepted
// its own, and what is kept is durable. It returns who is on each channel then. An event for a channel that is not in
// memory, and that does not keep it, is dropped: nobody is there, and nothing is woken.
func (t Tenant) Publish(ctx context.Context, events []Event) ([]Counts, error) {
	s := t.system
	if s.tooBusy() {
		return nil, channel.ErrUnavailable
	}
	answers := make(chan error, len(events))
	asked := 0
	for i := range events {
		e := &events[i]
		a := channelAddress(t.namespace, e.Channel)
		q := &ask{cmd: e.publish(), reply: func(_ any, err error) { answers <- err }}
		switch {
		case e.CacheFor > 0:
			s.router.tell(a, q)
		case !s.router.tellAwake(a, q):
			s.stats.published.Add(1)
			continue
		}
		asked++
	}
	var failed error
	for range asked {
		select {
		case err := <-answers:
			if failed == nil {
				failed = err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if failed != nil {
		return nil, failed
	}
	counts := make([]Counts, len(events))
	for i := range events {
		counts[i] = t.Counts(events[i].Channel)
	}
	return counts, nil
}

func (e *Event) publish() *channel.Publish {
	return &channel.Publish{
		Sender:   channel.Sender{ConnectionID: e.Except, Trigger: channel.TriggerServerHTTP},
		Event:    e.Name,
		Data:     e.Data,
		Server:   true,
		CacheFor: e.CacheFor,
	}
}

// Members lists a presence channel's members in the order in which they came, nil if there are none. It wakes nothing.
func (t Tenant) Members(ctx context.Context, name string) ([]channel.Member, error) {
	if t.Counts(name).Members == 0 {
		return nil, nil
	}
	result, err := t.system.askAndWait(ctx, channelAddress(t.namespace, name), &channel.GetInfo{})
	if err != nil {
		return nil, err
	}
	return result.(*channel.Info).Members, nil
}

// Cached returns what a channel keeps for those who come, nil if that is nothing.
func (t Tenant) Cached(ctx context.Context, name string) (*channel.Cached, error) {
	result, err := t.system.askAndWait(ctx, channelAddress(t.namespace, name), &channel.GetCached{})
	cached, _ := result.(*channel.Cached)
	return cached, err
}
