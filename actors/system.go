package actors

import (
	"context"

	"dormouse/actors/channel"
)

// ConnectRequest is a client at the door.
type ConnectRequest struct {
	App                 string
	Token               string
	SourceIP, UserAgent string
}

// Admit decides whether a client may connect, before any upgrade: what it refuses can still be an HTTP
// status. It verifies the token for scope connect and, if the token is for single use, spends it for
// good; so a request that fails for reasons of its own must fail before.
//
// Errors: *claims.Error, channel.ErrUnavailable while the system drains or is full, or a fault of the store.
func (s *System) Admit(ctx context.Context, r ConnectRequest) (*Admission, error) {
	panic("x")
}

// An Admission is a client that may connect, once.
type Admission struct{}

// Open starts the connection actor behind sink. The first message that sink gets is KindConnected, then
// what autoSubscribe brings; sink.Deliver may be called before Open returns.
func (a *Admission) Open(sink channel.Sink) *Connection { panic("x") }

// A Connection is the engine's end of one client. Its methods may be called from any goroutine.
type Connection struct{}

// ID returns the connection's id: 16 characters ending in "=".
func (c *Connection) ID() string { panic("x") }

// Send hands cmd to the connection actor. It never blocks: the caller bounds how many commands are
// unanswered, by a [Credit]. After Closed it completes cmd at once and does nothing.
func (c *Connection) Send(cmd Command) {}

// Closed tells the engine that the socket is gone: every subscription ends. It is called once.
func (c *Connection) Closed() {}

// Publish sends a backend's message and returns once it is durable, if it is stored, or decided, if not.
//
// Errors: *channel.Error, or ctx's.
func (s *System) Publish(ctx context.Context, app string, r PublishRequest) (*channel.Published, error) {
	panic("x")
}

// SetStorage writes, or clears, one entry, and returns once that is durable.
func (s *System) SetStorage(ctx context.Context, app string, r SetStorageRequest) error { panic("x") }

// ChannelInfo reads who is subscribed. A channel that was never used has nobody.
func (s *System) ChannelInfo(ctx context.Context, app, name string) (*channel.Info, error) {
	panic("x")
}

// ListStorage reads a page of a channel's storage.
func (s *System) ListStorage(ctx context.Context, app string, r ListStorageRequest) (*channel.Entries, error) {
	panic("x")
}

// ListMessages reads stored messages for a live connection, by its secret: channel.ErrUnauthorized if
// there is no such connection or the secret is wrong.
func (s *System) ListMessages(ctx context.Context, app string, r ListMessagesRequest) (*channel.Messages, error) {
	panic("x")
}

// System is the one door for transport and cmd.
type System struct{}
