package ws

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// The defaults of [Options]. Each is a cap, and says which abuse it stops.
const (
	// DefaultMaxMessage bounds one message: 256 KiB of data and its envelope. gws allocates the length
	// that a frame's header claims before a byte of it has come, so this times the number of connections
	// is what 14 bytes from each of them can cost.
	DefaultMaxMessage = 320 << 10
	// DefaultMaxFragments bounds the frames of one message: empty fragments cost the sender six bytes
	// each and never add up to MaxMessage.
	DefaultMaxFragments = 1024
	// DefaultOutboxBytes and DefaultOutboxFrames bound what waits for a peer that does not read.
	DefaultOutboxBytes  = 1 << 20
	DefaultOutboxFrames = 8192
	// DefaultWriteTimeout bounds one write and the closing handshake: a peer that stops reading holds
	// a socket and at most writeBufferSize bytes for this long.
	DefaultWriteTimeout = 10 * time.Second
	// DefaultMessageTimeout bounds how long a message may be under way: a half-sent frame would hold
	// its whole claimed length for ever.
	DefaultMessageTimeout = 30 * time.Second
	// DefaultPingInterval and DefaultPongTimeout find peers that vanished without a FIN.
	DefaultPingInterval = 30 * time.Second
	DefaultPongTimeout  = 30 * time.Second
	// DefaultHandshakeTimeout bounds the write of the 101 response.
	DefaultHandshakeTimeout = 5 * time.Second
)

// Options configures an [Acceptor]. The zero value works.
type Options struct {
	// MaxMessage is the size in bytes above which an incoming message closes the connection with 1009.
	// Zero: DefaultMaxMessage.
	MaxMessage int
	// MaxFrame is the same for one frame of a message. Zero: MaxMessage.
	MaxFrame int
	// MaxFragments is how many frames one incoming message may have; more close with 1008.
	// Zero: DefaultMaxFragments.
	MaxFragments int
	// OutboxBytes and OutboxFrames are how much may wait for one peer, bulk frames and control frames
	// of the closing handshake not counted. Over either the connection is closed as slow, with SlowCode
	// if the socket's buffer still takes the frame, else cut. Four times as much may wait for a moment if the
	// server itself has not got round to writing. Zero: DefaultOutboxBytes, DefaultOutboxFrames.
	OutboxBytes  int
	OutboxFrames int
	// SlowCode and SlowReason are what such a connection is closed with. Zero: CloseSlow and words for it.
	SlowCode   int
	SlowReason string
	// WriteTimeout bounds how long the peer may take for each 64 KiB, and the time from the end of the
	// connection to the close of its socket. Zero: DefaultWriteTimeout.
	WriteTimeout time.Duration
	// MessageTimeout bounds the time from a message's first byte to its last. Zero: DefaultMessageTimeout.
	MessageTimeout time.Duration
	// PingInterval is the silence after which a peer is pinged, and PongTimeout how long it may take to
	// be heard again, by a pong or anything else; then it is cut. Both are kept to about a sixth.
	// Zero: DefaultPingInterval, DefaultPongTimeout.
	PingInterval time.Duration
	PongTimeout  time.Duration
	// PingText is a text frame that goes out with each ping, for protocols whose clients see no pings, as in
	// browsers. It must not change. nil: none.
	PingText []byte
	// PongCode and PongReason are what a connection is closed with that was not heard in time. Zero: it is cut,
	// without a close frame.
	PongCode   int
	PongReason string
	// IdleTimeout is the time without a message from either side after which the connection is closed with
	// 1001; pings and pongs are none. It is kept to about a sixth. Zero: never.
	IdleTimeout time.Duration
	// HandshakeTimeout bounds the write of the 101 response. Zero: DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration
	// Origins lists the origins that browsers may connect from, as scheme://host or scheme://host:port,
	// compared exactly after lowering case and adding the scheme's default port (RFC 6455 section 10.2,
	// RFC 6454). Empty: any, since rights come from a token and never from a cookie. With a list,
	// requests without an Origin header pass, since they are no browser's, and "null" does not.
	Origins []string
	// Subprotocols are selected, in this order of preference, when the client offers them. A client that
	// offers none of them is accepted without one. Empty: never select one.
	Subprotocols []string
	// Farewell is a text frame that Drain sends before each close frame. It must not change. nil: none.
	Farewell []byte
	// LateUpgrades lets connections be upgraded while Drain closes others: whoever opens them must ask Draining
	// and close them, in words that their clients understand. Default: they are refused with 503.
	LateUpgrades bool
	// FlushWindow delays writes so that more frames join in one. Zero: off.
	FlushWindow time.Duration
	// FlushLast lets whoever is ready to run go first, before each round of writes, so that what they say leaves by
	// it. It costs nothing while nobody is. It is for protocols whose commands go straight from a reader to a channel:
	// Go runs who was woken last, which then is the channel, and behind it the flusher, before the other readers. Of
	// commands that came together each would be written by itself.
	FlushLast bool
	// Listener hears what happens. Functions that are nil are not called.
	Listener Listener
	// Logger gets panics, at level Error. nil: slog.Default().
	Logger *slog.Logger
}

// A Listener is a set of functions that metrics hang on. They are called from many goroutines at once, on
// the hot paths, and must not block.
type Listener struct {
	Opened   func()                          // a connection is open
	Closed   func(code int)                  // it ended; code as given to Handler.Closed
	Received func(bytes int)                 // one message came in
	Sent     func(frames, bytes, writes int) // one flush: frames and their bytes, in so many system calls
	Slow     func()                          // a connection was closed because its peer does not read
	// Behind: more waits for one connection than OutboxBytes or OutboxFrames, because this server has not got
	// round to writing; then false once for it, when that is over.
	Behind   func(behind bool)
	Panicked func(value any) // a panic was recovered; it cost one connection
}

// EnsureDefaults puts the default in the place of every zero field.
func (o *Options) EnsureDefaults() {
	setDefault(&o.MaxMessage, DefaultMaxMessage)
	setDefault(&o.MaxFrame, o.MaxMessage)
	setDefault(&o.MaxFragments, DefaultMaxFragments)
	setDefault(&o.OutboxBytes, DefaultOutboxBytes)
	setDefault(&o.OutboxFrames, DefaultOutboxFrames)
	if o.SlowCode == 0 {
		o.SlowCode, o.SlowReason = CloseSlow, "too slow: outbound queue full"
	}
	setDefault(&o.WriteTimeout, DefaultWriteTimeout)
	setDefault(&o.MessageTimeout, DefaultMessageTimeout)
	setDefault(&o.PingInterval, DefaultPingInterval)
	setDefault(&o.PongTimeout, DefaultPongTimeout)
	setDefault(&o.HandshakeTimeout, DefaultHandshakeTimeout)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Listener.ensureDefaults()
}

func (l *Listener) ensureDefaults() {
	if l.Opened == nil {
		l.Opened = func() {}
	}
	if l.Closed == nil {
		l.Closed = func(int) {}
	}
	if l.Received == nil {
		l.Received = func(int) {}
	}
	if l.Sent == nil {
		l.Sent = func(int, int, int) {}
	}
	if l.Slow == nil {
		l.Slow = func() {}
	}
	if l.Behind == nil {
		l.Behind = func(bool) {}
	}
	if l.Panicked == nil {
		l.Panicked = func(any) {}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate names every wrong field at once. Zero fields are not wrong.
func (o *Options) Validate() error {
	var errs []error
	wrong := func(field string, got any, want string) {
		errs = append(errs, fmt.Errorf("ws: %s is %v, want %s", field, got, want))
	}
	size := func(field string, got, low, high int) {
		if got != 0 && (got < low || got > high) {
			wrong(field, got, fmt.Sprintf("%d to %d", low, high))
		}
	}
	span := func(field string, got, high time.Duration) {
		if got < 0 || got > high {
			wrong(field, got, fmt.Sprintf("0 to %s", high))
		}
	}
	size("MaxMessage", o.MaxMessage, 125, 64<<20)
	size("MaxFrame", o.MaxFrame, 125, 64<<20)
	size("MaxFragments", o.MaxFragments, 1, 1<<20)
	size("OutboxBytes", o.OutboxBytes, 1<<10, 1<<30)
	size("OutboxFrames", o.OutboxFrames, 1, 1<<20)
	span("WriteTimeout", o.WriteTimeout, time.Hour)
	span("MessageTimeout", o.MessageTimeout, time.Hour)
	span("PingInterval", o.PingInterval, 24*time.Hour)
	span("PongTimeout", o.PongTimeout, 24*time.Hour)
	span("IdleTimeout", o.IdleTimeout, 24*time.Hour)
	span("HandshakeTimeout", o.HandshakeTimeout, time.Minute)
	span("FlushWindow", o.FlushWindow, time.Second)
	for field, code := range map[string]int{"SlowCode": o.SlowCode, "PongCode": o.PongCode} {
		if code != 0 && !sendable(code) {
			wrong(field, code, "a code that may be sent")
		}
	}
	for _, origin := range o.Origins {
		if _, err := canonicalOrigin(origin); err != nil {
			wrong("Origins", fmt.Sprintf("%q", origin), "scheme://host or scheme://host:port")
		}
	}
	for _, p := range o.Subprotocols {
		if p == "" || strings.ContainsAny(p, " \t,;\"\r\n") {
			wrong("Subprotocols", fmt.Sprintf("%q", p), "a token of RFC 7230")
		}
	}
	return errors.Join(errs...)
}

var errOrigin = errors.New("ws: not an origin")

// canonicalOrigin lowers scheme and host and writes the port out, so that equal origins are equal strings.
// A path, a query, user info or anything else that no browser sends in an Origin makes it none.
func canonicalOrigin(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.Opaque != "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(origin, "#") {
		return "", errOrigin
	}
	port := u.Port()
	if port == "" {
		switch u.Scheme {
		case "http":
			port = "80"
		case "https":
			port = "443"
		}
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port, nil
}
