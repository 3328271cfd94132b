package actors

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"math"
	"sync/atomic"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// ConnectRequest is a client at the door.
type ConnectRequest struct {
	App                 string // the app's id
	Token               string // its connect token
	SourceIP, UserAgent string // for backend events and stored messages
}

// Admit decides whether a client may connect, before any upgrade: what it refuses can still be an HTTP
// status. It verifies the token for scope connect and, if the token is for single use, spends it for
// good; so a request that fails for reasons of its own must fail before.
//
// Errors: *claims.Error, channel.ErrUnavailable while the system drains or is full, or a fault of the store.
func (s *System) Admit(_ context.Context, r ConnectRequest) (*Admission, error) {
	if s.full() {
		return nil, channel.ErrUnavailable
	}
	token, err := s.verify(r.App, r.Token, claims.ScopeConnect)
	if err != nil {
		return nil, err
	}
	if token.HasConnectionID {
		return nil, &claims.Error{Reason: claims.ReasonBinding, Detail: "a token with connectionId cannot open a connection"}
	}
	if token.SingleUse {
		if err := s.Spend(r.App, token); err != nil {
			return nil, err
		}
	}
	r.Token = "" // claims keep nothing of its text, and neither should each connection
	return &Admission{system: s, request: r, claims: token}, nil
}

// full says that no more clients are taken.
func (s *System) full() bool {
	return s.draining.Load() || s.connections.len()+s.tenants.len() >= s.options.MaxConnections
}

// An Admission is a client that may connect, once.
type Admission struct {
	system  *System
	request ConnectRequest
	claims  *claims.Claims
}

// Open starts the connection actor behind sink. The first message that sink gets is KindConnected, then
// what autoSubscribe brings; sink.Deliver may be called before Open returns.
func (a *Admission) Open(sink channel.Sink) *Connection {
	s := a.system
	c := &Connection{system: s, app: a.request.App, id: newConnectionID(), secret: newSecret(), since: s.clock.wall()}
	c.birth = &connectionBirth{system: s, connection: c, sink: sink, claims: a.claims, request: a.request}
	s.spawnConnection(c.birth)
	s.connections.add(c)
	if s.revocations.covers(c.app, a.claims) { // it was revoked since Admit
		c.handle.post(dismissed{channel.CloseRevoked})
	}
	c.handle.post(begin{})
	return c
}

// A Connection is the engine's end of one client. Its methods may be called from any goroutine.
type Connection struct {
	system     *System
	handle     *handle
	app        string
	id, secret string
	calls      atomic.Int32 // over HTTP, unanswered
	birth      *connectionBirth
	since      time.Time
	closed     atomic.Bool
}

// ID returns the connection's id: 16 characters ending in "=".
func (c *Connection) ID() string { return c.id }

// Send hands cmd to the connection actor. It never blocks: the caller bounds how many commands are
// unanswered, by a [Credit]. After Closed it does nothing, and cmd is never completed.
func (c *Connection) Send(cmd Command) { c.handle.post(cmd) }

// Closed tells the engine that the socket is gone: every subscription ends. Calling it again does nothing.
func (c *Connection) Closed() {
	// Two ends in one mailbox would each wait for the other to be handled first.
	if c.closed.CompareAndSwap(false, true) {
		c.handle.post(gone{})
	}
}

// newConnectionID returns 11 random bytes in URL-safe base64 with its padding.
func newConnectionID() string {
	var b [11]byte
	rand.Read(b[:])
	return base64.URLEncoding.EncodeToString(b[:])
}

// newSecret returns 20 random characters out of A-Z, a-z, 0-9.
func newSecret() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	secret := make([]byte, 0, 20)
	var b [32]byte
	for len(secret) < cap(secret) {
		rand.Read(b[:])
		for _, x := range b {
			// 248 is the greatest multiple of 62 in a byte: beyond it some letters would come more often.
			if x < 248 && len(secret) < cap(secret) {
				secret = append(secret, letters[x%62])
			}
		}
	}
	return string(secret)
}

// expiry returns when a connection that begins now must end. Zero: never.
func (s *System) expiry(now time.Time) time.Time {
	age := s.options.MaxConnectionAge
	if age <= 0 {
		return time.Time{}
	}
	if share := s.options.ConnectionAgeSpread; share > 0 {
		var b [2]byte
		rand.Read(b[:])
		of := float64(binary.BigEndian.Uint16(b[:])) / math.MaxUint16 // 0 to 1
		age += time.Duration(float64(age) * share * (2*of - 1))
	}
	return now.Add(age).Truncate(time.Second)
}
