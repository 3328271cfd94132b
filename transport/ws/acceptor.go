package ws

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"
)

// maxFlushers bounds the goroutines that write. More of them than this contend for the network stack.
const maxFlushers = 8

// An Acceptor makes WebSocket connections of HTTP requests and owns them until their sockets are closed.
// Its methods may be called from any goroutine.
type Acceptor struct {
	opts     Options
	origins  map[string]bool // canonical; empty: any
	upgrader *gws.Upgrader
	protos   map[string]*gws.Upgrader // by subprotocol

	ids      atomic.Uint64
	conns    registry
	flushers []*flusher
	draining atomic.Bool
	leaving  atomic.Bool // nobody is upgraded any more, LateUpgrades or not
	closed   atomic.Bool

	started time.Time
	clock   atomic.Int64
	closing chan struct{}
	once    sync.Once
	running sync.WaitGroup // flushers and the sweep
}

// NewAcceptor returns an Acceptor; Close releases it. opts must be valid (see [Options.Validate]).
func NewAcceptor(opts Options) *Acceptor {
	opts.EnsureDefaults()
	a := &Acceptor{
		opts: opts, started: time.Now(), closing: make(chan struct{}),
		origins: map[string]bool{}, protos: map[string]*gws.Upgrader{},
	}
	a.clock.Store(1)
	for _, origin := range opts.Origins {
		if o, err := canonicalOrigin(origin); err == nil {
			a.origins[o] = true
		}
	}
	if len(opts.Origins) > 0 {
		a.origins["null"] = false // a list with nothing valid in it allows nobody
	}
	a.upgrader = gws.NewUpgrader(events{}, a.gwsOptions())
	for _, p := range opts.Subprotocols {
		o := a.gwsOptions()
		o.SubProtocols = []string{p}
		a.protos[p] = gws.NewUpgrader(events{}, o)
	}
	for range min(runtime.GOMAXPROCS(0), maxFlushers) {
		f := newFlusher(a)
		a.flushers = append(a.flushers, f)
		a.running.Add(1)
		go f.run()
	}
	a.running.Add(1)
	go a.sweep()
	return a
}

// gwsOptions sets what gws leaves open: its defaults are 16 MiB messages, no UTF-8 check, and a map for
// every connection. Compression is never negotiated: it costs memory per connection, and mixes secrets
// with what an attacker chooses (CRIME). gws's own recovery stays off, ours is around its loop.
func (a *Acceptor) gwsOptions() *gws.ServerOption {
	return &gws.ServerOption{
		ReadMaxPayloadSize: a.opts.MaxMessage,
		ReadBufferSize:     rawReadBuffer,
		CheckUtf8Enabled:   true,
		ParallelGolimit:    1,
		HandshakeTimeout:   a.opts.HandshakeTimeout,
		NewSession:         func() gws.SessionStorage { return nil },
	}
}

func (a *Acceptor) flusherOf(c *Conn) *flusher { return a.flushers[c.id%uint64(len(a.flushers))] }

// Accept upgrades r and returns; the connection lives on in a goroutine of its own. Behind the 101 response,
// with which they leave in one write, come what open delivers: Accept calls it in the caller's goroutine for the
// protocol's Handler; open may deliver and close. If
// open panics or returns nil, the connection closes with 1011 and there is no Handler to tell.
//
// Errors: a *[HandshakeError], to be answered by the caller, and any other once the connection has been
// taken out of HTTP's hands: then it is gone and there is nobody to answer.
func (a *Acceptor) Accept(w http.ResponseWriter, r *http.Request, open func(c *Conn) Handler) error {
	if err := a.Check(r); err != nil {
		return err
	}
	nc, rw, err := http.NewResponseController(w).Hijack()
	if errors.Is(err, http.ErrNotSupported) {
		return &HandshakeError{Status: 500, Code: "INTERNAL", Message: "This connection cannot be upgraded."}
	}
	if err != nil {
		return fmt.Errorf("ws: hijack: %w", err)
	}
	c := &Conn{id: a.ids.Add(1), a: a, net: nc, raw: rawConn(nc), proto: a.subprotocol(r.Header), slot: -1}
	c.in.c = c
	c.in.onRead = c.in.readReady
	c.hear()
	c.use()
	early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // a client that did not wait for the response
	if !c.in.preload(early) {
		_ = nc.Close()
		return errors.New("ws: too many bytes before the handshake's end")
	}
	socket, err := a.upgrade(c, r.Header.Get("Sec-WebSocket-Key"))
	if err != nil {
		c.in.release()
		_ = nc.Close()
		return fmt.Errorf("ws: handshake: %w", err)
	}
	c.respond(c.in.response)
	c.in.response = nil
	a.conns.add(c)
	a.opts.Listener.Opened()
	c.guarded(func() { c.handler = open(c) })
	if c.handler == nil {
		c.Close(CloseInternal, "internal error")
	}
	switch { // either may have begun since Check
	case a.closed.Load():
		c.Cut()
	case a.draining.Load() && !a.opts.LateUpgrades:
		c.Close(CloseGoingAway, "going away")
	}
	c.send()
	go c.read(socket)
	return nil
}

// The plain headers of every request that gws is given. Nobody changes them.
var plainConnection, plainUpgrade, plainVersion = []string{"Upgrade"}, []string{"websocket"}, []string{"13"}

// upgrade lets gws answer a request that Check has passed. It is given one with plain headers, since it
// reads only the first Connection line, and a buffer of our own size in place of net/http's 4 KiB.
func (a *Acceptor) upgrade(c *Conn, key string) (*gws.Conn, error) {
	up := a.upgrader
	header := http.Header{
		"Connection":            plainConnection,
		"Upgrade":               plainUpgrade,
		"Sec-Websocket-Version": plainVersion,
		"Sec-Websocket-Key":     {key},
	}
	if c.proto != "" {
		up = a.protos[c.proto]
		header["Sec-Websocket-Protocol"] = []string{c.proto}
	}
	size := rawReadBuffer
	if c.raw == nil {
		size = wrappedReadBuffer
	}
	socket, err := up.UpgradeFromConn(&c.in, bufio.NewReaderSize(&c.in, size),
		&http.Request{Method: http.MethodGet, Header: header})
	c.in.upgraded = true
	return socket, err
}

// Len is the number of connections whose socket is not closed yet.
func (a *Acceptor) Len() int { return int(a.conns.count.Load()) }

// Draining says that Drain or Close has begun. One who opens a connection and is told no may be sure that Drain
// closes it.
func (a *Acceptor) Draining() bool { return a.draining.Load() }

// drainStep is how often a drain closes the next few connections.
const drainStep = 10 * time.Millisecond

// Drain refuses new connections from now on, closes the open ones evenly spread over a time, and waits
// until their sockets are closed. When ctx is done the rest is cut. Clients reconnect at once after a
// close, so a shutdown that closes all of them in one moment sends all of them to the next server
// in that moment.
func (a *Acceptor) Drain(ctx context.Context, over time.Duration, code int, reason string) {
	a.draining.Store(true)
	conns := a.conns.all()
	start, done := time.Now(), 0
	tick := time.NewTicker(drainStep)
	defer tick.Stop()
	for done < len(conns) {
		due := len(conns)
		if spent := time.Since(start) + drainStep; spent < over {
			due = int(float64(len(conns)) * float64(spent) / float64(over))
		}
		for ; done < due; done++ {
			a.dismiss(conns[done], code, reason)
		}
		if done == len(conns) {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			a.cutAll()
			return
		}
	}
	a.leaving.Store(true)
	for _, c := range a.conns.all() { // those whose upgrade was under way
		a.dismiss(c, code, reason)
	}
	if a.conns.wait(ctx) != nil {
		a.cutAll()
	}
}

func (a *Acceptor) dismiss(c *Conn, code int, reason string) {
	if a.opts.Farewell != nil {
		c.push(item{data: a.opts.Farewell, op: opText, free: true})
	}
	c.Close(code, reason)
}

func (a *Acceptor) cutAll() {
	for _, c := range a.conns.all() {
		c.Cut()
	}
}

// Close refuses new connections, cuts the open ones, waits until every Handler has been told, and ends the
// Acceptor's goroutines. Closing twice does nothing.
func (a *Acceptor) Close() {
	a.once.Do(func() {
		a.draining.Store(true)
		a.leaving.Store(true)
		a.closed.Store(true)
		a.cutAll()
		_ = a.conns.wait(context.Background())
		close(a.closing)
		a.running.Wait()
	})
}
