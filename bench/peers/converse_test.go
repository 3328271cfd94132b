package peers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dormouse/bench/load"
)

// A speaker is one client of a test: it keeps what comes.
type speaker struct {
	who     Client
	dialect Dialect
	conn    *load.Conn
	heard   map[Kind][]string
	err     error
}

func (s *speaker) Open(*load.Conn) {}

func (s *speaker) Frame(c *load.Conn, frame []byte, _ int64) {
	kind := s.dialect.Kind(frame)
	s.heard[kind] = append(s.heard[kind], string(frame))
	if kind == Connected && s.who.Rights&Subscribe != 0 {
		if text := s.dialect.Subscribe(nil, s.who.Channel); len(text) > 0 {
			c.Send(text)
			return
		}
		s.heard[Subscribed] = append(s.heard[Subscribed], "connected")
	}
}

func (s *speaker) Closed(_ *load.Conn, err error) { s.err = err }

// A conversation is a peer's server and who speaks with it.
type conversation struct {
	t      *testing.T
	peer   *Peer
	server *Server
	loop   *load.Loop
}

// converse starts the peer on a folder.
func converse(t *testing.T, p *Peer, dir string) *conversation {
	t.Helper()
	server, err := p.Start(t.Context(), Cores{}, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	loop, err := load.NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(loop.Close)
	return &conversation{t, p, server, loop}
}

// join connects a client, and waits until it may begin.
func (c *conversation) join(rights Rights, channel string) *speaker {
	c.t.Helper()
	s := &speaker{who: Client{UID: "u", Channel: channel, Rights: rights}}
	c.enter(s)
	return s
}

// enter connects s, and waits until it may begin.
func (c *conversation) enter(s *speaker) {
	c.t.Helper()
	c.dial(s)
	ready := Connected
	if s.who.Rights&Subscribe != 0 {
		ready = Subscribed
	}
	c.await(s, ready, 1)
}

// dial begins to connect s, in the peer's dialect unless it has one.
func (c *conversation) dial(s *speaker) {
	c.t.Helper()
	if s.dialect == nil {
		s.dialect = c.peer.Dialect
	}
	s.heard = map[Kind][]string{}
	var err error
	if s.conn, err = c.loop.Dial(c.server.Addr, s.dialect.Protocol(s.who), s); err != nil {
		c.t.Fatal(err)
	}
}

// await waits until s has heard n of a kind.
func (c *conversation) await(s *speaker, kind Kind, n int) []string {
	c.t.Helper()
	c.until(s, func() bool { return len(s.heard[kind]) >= n || len(s.heard[Refusal]) > 0 })
	if len(s.heard[Refusal]) > 0 {
		c.t.Fatalf("%s: waiting for %d of kind %d: refused: %q\n%s", c.peer.Name, n, kind, s.heard[Refusal], c.server.Log())
	}
	return s.heard[kind]
}

// until waits until cond holds of what s has heard.
func (c *conversation) until(s *speaker, cond func() bool) {
	c.t.Helper()
	err := c.loop.Wait(c.t.Context(), time.Minute, "an answer", func() bool { return cond() || s.err != nil })
	if err != nil || s.err != nil {
		c.t.Fatalf("%s: %v, %v; heard %v\n%s", c.peer.Name, err, s.err, s.heard, c.server.Log())
	}
}

// carries says whether each frame has the number that is its turn.
func carries(frames []string, from int) bool {
	for i, f := range frames {
		if !strings.Contains(f, fmt.Sprintf(`"n":%d}`, from+i)) {
			return false
		}
	}
	return true
}

func number(n int) []byte { return fmt.Appendf(nil, `{"n":%d}`, n) }

// build gets a peer ready to start.
func build(t *testing.T, p *Peer) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Build(t.Context(), root, t.TempDir()); err != nil {
		t.Fatal(err)
	}
}
