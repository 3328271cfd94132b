package actors

import (
	"context"
	"slices"
	"strings"
	"time"

	"dormouse/actors/channel"
)

// ConnectionState is one live connection, as those who run the server see it.
type ConnectionState struct {
	ID                  string
	UID                 string // of its connect token; "": none
	UMD                 []byte // nil: null. Only Connection fills it in
	Since               time.Time
	SourceIP, UserAgent string
	Channels            []Joined // by name. Only Connection fills it in
}

// Joined is a channel that a connection is subscribed to.
type Joined struct{ Name, Alias string }

// Connections lists up to limit live connections of app on this node whose id is greater than after, in byte
// order of their ids; uid, if it is not empty, leaves only that user's. more says that there are others.
func (s *System) Connections(app, uid, after string, limit int) (page []ConnectionState, more bool) {
	list := s.connections.of(app, uid)
	list = slices.DeleteFunc(list, func(c *Connection) bool { return c.id <= after })
	slices.SortFunc(list, func(a, b *Connection) int { return strings.Compare(a.id, b.id) })
	if len(list) > limit {
		list, more = list[:limit], true
	}
	for _, c := range list {
		page = append(page, c.state())
	}
	return page, more
}

func (c *Connection) state() ConnectionState {
	r := &c.birth.request
	return ConnectionState{ID: c.id, UID: c.birth.claims.UID, Since: c.since, SourceIP: r.SourceIP, UserAgent: r.UserAgent}
}

// Connection returns one live connection, with its umd and its channels.
//
// Errors: channel.ErrConnectionNotFound, or ctx's.
func (s *System) Connection(ctx context.Context, app, id string) (ConnectionState, error) {
	c := s.connections.find(app, id)
	states := make(chan ConnectionState, 1)
	if c == nil || !c.handle.post(describe{func(st ConnectionState) { states <- st }}) {
		return ConnectionState{}, channel.ErrConnectionNotFound
	}
	select {
	case st := <-states:
		return st, nil
	case <-ctx.Done():
		return ConnectionState{}, ctx.Err()
	}
}

// Kick ends one connection with channel.CloseKicked.
//
// Errors: channel.ErrConnectionNotFound.
func (s *System) Kick(app, id string) error {
	c := s.connections.find(app, id)
	if c == nil || !c.handle.post(dismissed{channel.CloseKicked}) {
		return channel.ErrConnectionNotFound
	}
	return nil
}

// KickUser ends every connection of a user on this node, and returns how many there were. uid is not empty.
func (s *System) KickUser(app, uid string) int {
	n := 0
	for _, c := range s.connections.of(app, uid) {
		if c.handle.post(dismissed{channel.CloseKicked}) {
			n++
		}
	}
	return n
}

// Evict ends one subscription of a connection, which reads it as if it had unsubscribed. It may subscribe
// again. name is the channel's real name.
//
// Errors: channel.ErrConnectionNotFound, channel.ErrNotSubscribed, or ctx's.
func (s *System) Evict(ctx context.Context, app, id, name string) error {
	c := s.connections.find(app, id)
	errs := make(chan error, 1)
	if c == nil || !c.handle.post(evict{name, func(_ any, err error) { errs <- err }}) {
		return channel.ErrConnectionNotFound
	}
	select {
	case err := <-errs:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// What a connection actor is asked by those who run the server.
type (
	describe struct{ reply func(ConnectionState) }
	evict    struct {
		name  string
		reply func(result any, err error)
	}
)

func (a *connectionActor) describe() ConnectionState {
	st := a.connection.state()
	st.UID, st.UMD = a.uid, a.umd
	for name, m := range a.memberships {
		if m.rights != nil {
			st.Channels = append(st.Channels, Joined{name, m.rights.grant.Alias()})
		}
	}
	slices.SortFunc(st.Channels, func(a, b Joined) int { return strings.Compare(a.Name, b.Name) })
	return st
}

// evict ends a subscription that the client did not ask to end. reply hears of it once it is done.
func (a *connectionActor) evict(m *membership, reply func(any, error)) {
	m.rights, m.left = nil, a.attempts
	m.pending++
	o, handle := &outcome{membership: m}, a.handle
	a.system.router.tell(a.channel(m.name), &ask{
		cmd: &channel.Unsubscribe{Sender: a.sender()},
		reply: func(result any, err error) {
			handle.post(o)
			reply(result, err)
		},
	})
}
