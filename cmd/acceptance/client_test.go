package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A refusal is how a server answers an upgrade that it does not want.
type refusal struct {
	status  int
	code    string // of the error in the body
	message string
	header  http.Header
}

func (r *refusal) Error() string {
	return fmt.Sprintf("refused with %d %s: %s", r.status, r.code, r.message)
}

// dial asks for a WebSocket. path has the query, the token in it.
//
// Errors: *refusal, or the network's.
func (s *server) dial(ctx context.Context, path string) (*websocket.Conn, error) {
	return s.dialWith(ctx, path, nil)
}

func (s *server) dialWith(ctx context.Context, path string, o *websocket.DialOptions) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, "ws://"+s.addr+path, o)
	if err == nil {
		conn.SetReadLimit(-1)
		return conn, nil
	}
	if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return nil, err
	}
	defer resp.Body.Close()
	r := &refusal{status: resp.StatusCode, header: resp.Header}
	var body struct {
		Error struct{ Code, Message string }
	}
	if json.NewDecoder(resp.Body).Decode(&body) == nil {
		r.code, r.message = body.Error.Code, body.Error.Message
	}
	return nil, r
}

// smallReceiver dials with so small a receive buffer that a sender soon feels that nobody reads.
var smallReceiver = &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{
	DialContext: (&net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if e := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		}); e != nil {
			return e
		}
		return err
	}}).DialContext,
}}}

// A client is one connection, with all that came and was not expected yet.
type client struct {
	t    testing.TB
	name string
	tr   *transcript
	conn *websocket.Conn

	id, secret string // of the connection

	unjudged []string // frames of scripts that were sent since the last one was expected

	mu      sync.Mutex
	frames  [][]byte
	ended   error         // why reading ended
	arrived chan struct{} // holds one token if frames or ended changed
}

// connect opens a connection and takes its greeting.
func connect(t testing.TB, s *server, tr *transcript, name, token string) *client {
	t.Helper()
	conn, err := s.dial(t.Context(), "/v1?token="+token)
	if err != nil {
		t.Fatalf("%s connects: %v", name, err)
	}
	c := newClient(t, tr, name, conn)
	c.greeted()
	return c
}

// newClient reads from conn until it ends.
func newClient(t testing.TB, tr *transcript, name string, conn *websocket.Conn) *client {
	c := &client{t: t, name: name, tr: tr, conn: conn, arrived: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read()
	}()
	t.Cleanup(func() {
		c.cut()
		<-done
	})
	return c
}

func (c *client) read() {
	for {
		_, frame, err := c.conn.Read(context.Background())
		c.mu.Lock()
		if err != nil {
			c.ended = err
			c.tr.add("%s ends: %v", c.name, err)
		} else {
			if err := described().Told(frame); err != nil {
				c.t.Errorf("%s: not as the documents say: %v", c.name, err)
			}
			c.frames = append(c.frames, frame)
			c.tr.add("%s < %s", c.name, frame)
		}
		c.mu.Unlock()
		select {
		case c.arrived <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// greeted takes the first frame, which must be the server's greeting.
func (c *client) greeted() {
	c.t.Helper()
	frame, err := c.next(patience)
	if err != nil {
		c.t.Fatalf("%s gets no greeting: %v", c.name, err)
	}
	var connected struct {
		Event string
		Data  struct{ ConnectionID, ConnectionSecret string }
	}
	if err := json.Unmarshal(frame, &connected); err != nil || connected.Event != "hotsock.connected" {
		c.t.Fatalf("%s is greeted with %s", c.name, frame)
	}
	c.id, c.secret = connected.Data.ConnectionID, connected.Data.ConnectionSecret
}

// errSilence: nothing came in time.
var errSilence = errors.New("nothing came")

// next takes the next frame. It waits for it.
//
// Errors: errSilence, or how the connection ended.
func (c *client) next(wait time.Duration) ([]byte, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		c.mu.Lock()
		if len(c.frames) > 0 {
			frame := c.frames[0]
			c.frames = c.frames[1:]
			c.mu.Unlock()
			c.judge(frame)
			return frame, nil
		}
		ended := c.ended
		c.mu.Unlock()
		if ended != nil {
			return nil, ended
		}
		select {
		case <-c.arrived:
		case <-timer.C:
			return nil, errSilence
		}
	}
}

// send sends one frame as it stands.
func (c *client) send(frame string) {
	c.t.Helper()
	c.tr.add("%s > %s", c.name, frame)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		c.t.Fatalf("%s sends: %v", c.name, err)
	}
}

// expect takes the next frame, which must match.
func (c *client) expect(p pattern, vars map[string]string) []byte {
	c.t.Helper()
	frame, err := c.next(patience)
	if err != nil {
		c.t.Fatalf("%s: %v\nwant %s", c.name, err, p)
	}
	if err := p.match(frame, vars); err != nil {
		c.t.Fatalf("%s: %v\ngot  %s\nwant %s", c.name, err, frame, p)
	}
	return frame
}

// expectNone holds if nothing comes for a while.
func (c *client) expectNone() {
	c.t.Helper()
	frame, err := c.next(quiet)
	if err == nil {
		c.t.Fatalf("%s gets %s, want nothing", c.name, frame)
	}
	if !errors.Is(err, errSilence) {
		c.t.Fatalf("%s: %v, want an open connection", c.name, err)
	}
	c.tr.add("%s ∅", c.name)
}

// expectClose waits until the server has closed the connection, which must be with this code.
func (c *client) expectClose(code websocket.StatusCode) {
	c.t.Helper()
	frame, err := c.next(patience)
	switch {
	case errors.Is(err, errSilence):
		c.t.Fatalf("%s is still open, want it closed with %d", c.name, code)
	case err == nil:
		c.t.Fatalf("%s gets %s, want it closed with %d", c.name, frame, code)
	}
	if got := websocket.CloseStatus(err); got != code {
		c.t.Fatalf("%s ended with %v, want code %d", c.name, err, code)
	}
}

// cut ends the connection as a lost network does, without a closing handshake.
func (c *client) cut() { _ = c.conn.CloseNow() }
