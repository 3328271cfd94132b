package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

// A Stand is one server process under one load.
type Stand struct {
	Peer   *peers.Peer
	Size   Size
	Sample *Sample

	server   *peers.Server
	loop     *load.Loop
	dialect  peers.Dialect
	cores    peers.Cores
	dir      string
	settings map[string]any

	err       error // the first fault: there are no figures then
	ready     int
	scratch   []byte
	data      []byte
	window    window
	footprint *footprint
	soak      *soak // nil: the case is none
	// subscribed, unless it is nil, is told when a client is connected, and subscribed if it wants to be.
	subscribed func(at int64)
}

// Measure runs one case on one peer: a fresh process with an empty folder below dir, which is removed.
func Measure(ctx context.Context, c Case, p *peers.Peer, cores peers.Cores, dir string, size Size) (sample *Sample, err error) {
	s := &Stand{Peer: p, Size: size, Sample: newSample(), dialect: p.Dialect, cores: cores, settings: c.Settings, footprint: newFootprint()}
	if s.dir, err = os.MkdirTemp(dir, "stand-"); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(s.dir) }() // a folder for temporary files, cleaned by others too
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	defer s.end()
	if err := errors.Join(s.err, c.Run(ctx, s)); err != nil {
		return nil, fmt.Errorf("%s: %w%s", p.Name, err, s.lastWords())
	}
	s.footprint.rest()
	s.Sample.Memory = s.footprint.line
	s.Sample.quantiles()
	return s.Sample, nil
}

func (s *Stand) start(ctx context.Context) (err error) {
	if s.loop, err = load.NewLoop(); err != nil {
		return err
	}
	if len(s.cores.Load) > 0 {
		s.loop.Spin()
	}
	server, err := s.Peer.Start(ctx, s.cores, s.dir, s.settings)
	if err != nil {
		s.hangUp()
		return err
	}
	s.server = server
	s.footprint.watch(s.server)
	return nil
}

func (s *Stand) end() {
	s.hangUp()
	s.server.Kill()
}

// hangUp ends all connections, and the look at the server. Twice does nothing.
func (s *Stand) hangUp() {
	s.footprint.rest()
	if s.loop != nil {
		s.loop.Close()
		s.loop = nil
	}
}

// restart stops the server in good order and starts it again on the same folder, without connections. It
// returns how long it took from its start until it listened. After an error the stand can only end.
func (s *Stand) restart(ctx context.Context) (time.Duration, error) {
	s.hangUp()
	if err := s.server.Stop(); err != nil {
		return 0, err
	}
	s.ready = 0
	began := time.Now()
	err := s.start(ctx)
	return time.Since(began), err
}

func (s *Stand) lastWords() string {
	if log := s.server.Log(); log != "" {
		return "\nthe end of its log:\n" + log
	}
	return ""
}

// fail notes the first fault.
func (s *Stand) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// run drives the connections until tick is done, or something failed.
func (s *Stand) run(ctx context.Context, tick func(now int64) (next int64, done bool)) error {
	err := s.loop.Run(ctx, func(now int64) (int64, bool) {
		next, done := tick(now)
		return next, done || s.err != nil
	})
	return errors.Join(err, s.err)
}

// await drives the connections until cond holds.
func (s *Stand) await(ctx context.Context, timeout time.Duration, what string, cond func() bool) error {
	err := s.loop.Wait(ctx, timeout, what, func() bool { return cond() || s.err != nil })
	if s.err != nil {
		return s.err
	}
	return err
}

// opening is how many connections are opened at once: enough to keep the server busy, and below what its
// listener lets wait.
const opening = 128

// connect opens clients and waits until all are connected and subscribed. each gets its handler once.
func (s *Stand) connect(ctx context.Context, clients []peers.Client, frame func(i int) frameFunc) ([]*client, error) {
	return s.connectAtOnce(ctx, opening, clients, frame)
}

// connectAtOnce is connect with so many on their way at once.
func (s *Stand) connectAtOnce(ctx context.Context, opening int, clients []peers.Client, frame func(i int) frameFunc) ([]*client, error) {
	all := make([]*client, 0, len(clients))
	already := s.ready
	err := s.run(ctx, func(int64) (int64, bool) {
		for len(all) < len(clients) && len(all)-(s.ready-already) < opening {
			c := &client{stand: s, who: clients[len(all)], frame: frame(len(all))}
			var err error
			if c.conn, err = s.loop.Dial(s.server.Addr, s.dialect.Protocol(c.who), c); err != nil {
				s.fail("%w", err)
				return 0, true
			}
			all = append(all, c)
		}
		return 0, s.ready-already == len(clients)
	})
	if err != nil {
		err = fmt.Errorf("open %d connections (%d are): %w", len(clients), s.ready-already, err)
	}
	return all, err
}

// frameFunc is told of every frame that is a Message, an Ack, an Answer or a Membership.
type frameFunc func(c *client, kind peers.Kind, payload []byte, at int64)

// A client is one connection of a case.
type client struct {
	stand *Stand
	conn  *load.Conn
	who   peers.Client
	frame frameFunc
	up    bool

	refused func()      // nil: a refusal is a fault
	cut     func(error) // nil: an end is a fault
}

// Open does nothing: a client begins when the server has said that it is connected.
func (c *client) Open(*load.Conn) {}

// Frame sorts what came.
func (c *client) Frame(_ *load.Conn, payload []byte, at int64) {
	s := c.stand
	switch kind := s.dialect.Kind(payload); kind {
	case peers.Message, peers.Ack, peers.Answer, peers.Membership:
		c.frame(c, kind, payload, at)
	case peers.Connected:
		if c.who.Rights&peers.Subscribe != 0 {
			if s.scratch = s.dialect.Subscribe(s.scratch[:0], c.who.Channel); len(s.scratch) > 0 {
				c.conn.Send(s.scratch)
				return
			}
		}
		c.isReady(at)
	case peers.Subscribed:
		c.isReady(at)
	case peers.Refusal:
		if c.refused != nil {
			c.refused()
			return
		}
		s.fail("%s on %s was refused: %s", c.who.UID, c.who.Channel, payload)
	}
}

func (c *client) isReady(at int64) {
	if c.up {
		return
	}
	c.up = true
	c.stand.ready++
	if c.stand.subscribed != nil {
		c.stand.subscribed(at)
	}
}

// Closed is a fault, but where a case lets a server end a connection.
func (c *client) Closed(_ *load.Conn, err error) {
	if c.cut != nil {
		c.cut(err)
		return
	}
	c.stand.fail("%s on %s was cut off: %w", c.who.UID, c.who.Channel, err)
}

// publish and set send the payload numbered n; get asks for one.
func (c *client) publish(n int) { c.publishOf(n, payloadSize) }

func (c *client) publishOf(n, size int) {
	s := c.stand
	s.data = appendPayloadOf(s.data[:0], n, size)
	s.scratch = s.dialect.Publish(s.scratch[:0], c.who.Channel, s.data)
	c.conn.Send(s.scratch)
}

func (c *client) get(channel, key string) {
	s := c.stand
	s.scratch = s.dialect.Get(s.scratch[:0], channel, key)
	c.conn.Send(s.scratch)
}

func (c *client) set(channel, key string, n int) {
	s := c.stand
	s.data = appendPayload(s.data[:0], n)
	s.scratch = s.dialect.Set(s.scratch[:0], channel, key, s.data)
	c.conn.Send(s.scratch)
}

// count returns n clients named after prefix.
func count(n int, each func(i int) peers.Client) []peers.Client {
	clients := make([]peers.Client, n)
	for i := range clients {
		clients[i] = each(i)
	}
	return clients
}
