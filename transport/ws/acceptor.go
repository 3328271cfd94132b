package ws

import (
	"context"
	"net/http"
	"time"
)

// An Acceptor makes WebSocket connections of HTTP requests and owns them until they end.
type Acceptor struct{ opts Options }

// NewAcceptor returns an Acceptor. Close releases it.
func NewAcceptor(opts Options) *Acceptor { opts.EnsureDefaults(); return &Acceptor{opts: opts} }

// Check says whether r can be upgraded.
func (a *Acceptor) Check(r *http.Request) error { return nil }

// Accept upgrades r.
func (a *Acceptor) Accept(w http.ResponseWriter, r *http.Request, open func(c *Conn) Handler) error {
	return nil
}

// Len is the number of open connections.
func (a *Acceptor) Len() int { return 0 }

// Drain closes all connections, spread over a time.
func (a *Acceptor) Drain(ctx context.Context, over time.Duration, code int, reason string) {}

// Close cuts all connections.
func (a *Acceptor) Close() {}

// A HandshakeError is a refused upgrade: nothing has been written, the caller answers.
type HandshakeError struct {
	Status  int         // HTTP status: 400, 403, 405, 426 or 503
	Code    string      // BAD_HANDSHAKE, ORIGIN_DENIED, UPGRADE_REQUIRED, UNAVAILABLE
	Message string      // one sentence for people
	Header  http.Header // to be added to the response, such as Sec-WebSocket-Version
}

func (e *HandshakeError) Error() string { return "ws: " + e.Message }

// A Conn is one open WebSocket.
type Conn struct{}

func (c *Conn) Deliver(frame []byte, bulk bool) {}
func (c *Conn) Close(code int, reason string)   {}
func (c *Conn) Cut()                            {}
func (c *Conn) Done() <-chan struct{}           { return nil }
func (c *Conn) RemoteAddr() string              { return "" }
func (c *Conn) RemoteIP() string                { return "" }
func (c *Conn) Subprotocol() string             { return "" }
func (c *Conn) ID() uint64                      { return 0 }
func (c *Conn) Outbox() (frames, bytes int)     { return 0, 0 }
