package cases

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A client is one connection, with all that came and was not expected yet.
type client struct {
	t    testing.TB
	conn *websocket.Conn
	app  *app
	id   string // the socket's

	mu      sync.Mutex
	frames  []string
	ended   error
	arrived chan struct{} // holds one token if frames or ended changed
}

// dial opens a connection and reads nothing of it yet. query may be empty.
func (s *server) dial(key, query string) *client {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	target := "ws" + strings.TrimPrefix(s.URL, "http") + s.options.PathPrefix + "/app/" + url.PathEscape(key)
	if query != "" {
		target += "?" + query
	}
	conn, _, err := websocket.Dial(ctx, target, nil)
	if err != nil {
		s.t.Fatalf("connect: %v", err)
	}
	conn.SetReadLimit(-1)
	c := &client{t: s.t, conn: conn, arrived: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read()
	}()
	s.t.Cleanup(func() {
		_ = conn.CloseNow()
		<-done
	})
	return c
}

var established = regexp.MustCompile(`^\{"event":"pusher:connection_established","data":"\{\\"socket_id\\":\\"(\d{1,10}\.\d{1,10})\\",\\"activity_timeout\\":(\d+)\}"\}$`)

// connect opens a connection and takes its greeting.
func (s *server) connect(a *app) *client {
	s.t.Helper()
	c := s.dial(a.key, "protocol=7&client=js&version=8.6.0&flash=false")
	c.app = a
	c.greeted()
	return c
}

func (c *client) greeted() {
	c.t.Helper()
	frame := c.next()
	m := established.FindStringSubmatch(frame)
	if m == nil {
		c.t.Fatalf("greeted by %s", frame)
	}
	c.id = m[1]
}

func (c *client) read() {
	for {
		_, frame, err := c.conn.Read(context.Background())
		c.mu.Lock()
		if err != nil {
			c.ended = err
		} else {
			c.frames = append(c.frames, string(frame))
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

func (c *client) send(frame string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// next takes the next frame.
func (c *client) next() string {
	c.t.Helper()
	end := time.After(patience)
	for {
		c.mu.Lock()
		if len(c.frames) > 0 {
			frame := c.frames[0]
			c.frames = c.frames[1:]
			c.mu.Unlock()
			return frame
		}
		ended := c.ended
		c.mu.Unlock()
		if ended != nil {
			c.t.Fatalf("the connection ended: %v", ended)
		}
		select {
		case <-c.arrived:
		case <-end:
			c.t.Fatal("nothing came")
		}
	}
}

// expect takes the next frames, which must be these.
func (c *client) expect(frames ...string) {
	c.t.Helper()
	for _, want := range frames {
		if got := c.next(); got != want {
			c.t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// expectBoth reads two frames of two channels, between which there is no order.
func (c *client) expectBoth(one, other string) {
	c.t.Helper()
	if got := []string{c.next(), c.next()}; !slices.Contains(got, one) || !slices.Contains(got, other) {
		c.t.Fatalf("got  %s\nwant %s\nand  %s", got, one, other)
	}
}

// expectClose expects the connection's end: behind what is still to be read if there is anything, which must be nothing.
func (c *client) expectClose(code int, reason string) {
	c.t.Helper()
	end := time.After(patience)
	for {
		c.mu.Lock()
		frames, ended := c.frames, c.ended
		c.mu.Unlock()
		if len(frames) > 0 {
			c.t.Fatalf("before its end came %s", frames[0])
		}
		var closed websocket.CloseError
		if errors.As(ended, &closed) {
			if int(closed.Code) != code || closed.Reason != reason {
				c.t.Errorf("closed with %d %q, want %d %q", closed.Code, closed.Reason, code, reason)
			}
			return
		}
		if ended != nil {
			c.t.Fatalf("the connection was cut: %v", ended)
		}
		select {
		case <-c.arrived:
		case <-end:
			c.t.Fatal("the connection did not end")
		}
	}
}

// refused expects the frame and the close of a connection that is not wanted.
func (c *client) refused(code int, text string) {
	c.t.Helper()
	c.expect(errorFrame("", code, text))
	c.expectClose(code, text)
}

// ping shows that the connection is usable, and that nothing else came before.
func (c *client) ping() {
	c.t.Helper()
	c.send(`{"event":"pusher:ping","data":{}}`)
	c.expect(`{"event":"pusher:pong","data":"{}"}`)
}

// hangUp ends the connection without a word.
func (c *client) hangUp() { _ = c.conn.CloseNow() }

// ask sends a subscribe. data is the channel_data, "" for none.
func (c *client) ask(channel, auth, data string) {
	c.t.Helper()
	body := map[string]string{"channel": channel}
	if auth != "" {
		body["auth"] = auth
	}
	if data != "" {
		body["channel_data"] = data
	}
	b, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": body})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(b))
}

// askSigned sends a subscribe that is signed if the channel needs that.
func (c *client) askSigned(channel, data string) {
	c.t.Helper()
	text := c.id + ":" + channel
	if data != "" {
		text += ":" + data
	}
	auth := ""
	if strings.HasPrefix(channel, "private-") || strings.HasPrefix(channel, "presence-") {
		auth = c.app.auth(text)
	}
	c.ask(channel, auth, data)
}

// subscribe joins a channel without members.
func (c *client) subscribe(channel string) {
	c.t.Helper()
	c.askSigned(channel, "")
	c.expect(subscribed(channel))
}

// join joins a presence channel as a user, and expects its members, each as id and info.
func (c *client) join(channel, user, info string, members ...string) {
	c.t.Helper()
	c.askSigned(channel, member(user, info))
	c.expect(roster(channel, members...))
}

func (c *client) unsubscribe(channel string) {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"event":"pusher:unsubscribe","data":{"channel":%q}}`, channel))
}

// signIn asks to be a user.
func (c *client) signIn(userData string) {
	c.t.Helper()
	c.sendSignIn(c.app.auth(c.id+"::user::"+userData), userData)
}

func (c *client) sendSignIn(auth, userData string) {
	c.t.Helper()
	b, err := json.Marshal(map[string]any{"event": "pusher:signin", "data": map[string]string{"auth": auth, "user_data": userData}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(b))
}

// signedIn is signIn that succeeds.
func (c *client) signedIn(userData string) {
	c.t.Helper()
	c.signIn(userData)
	c.expect(signedIn(userData))
}

// trigger sends a client event. data is one JSON value.
func (c *client) trigger(channel, event, data string) {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"event":%q,"channel":%q,"data":%s}`, event, channel, data))
}

// Frames.

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return strings.NewReplacer(`\u003c`, `<`, `\u003e`, `>`, `\u0026`, `&`).Replace(string(b))
}

func subscribed(channel string) string {
	return fmt.Sprintf(`{"event":"pusher_internal:subscription_succeeded","channel":%q,"data":"{}"}`, channel)
}

func member(user, info string) string {
	if info == "" {
		return fmt.Sprintf(`{"user_id":%s}`, quoted(user))
	}
	return fmt.Sprintf(`{"user_id":%s,"user_info":%s}`, quoted(user), info)
}

func roster(channel string, members ...string) string {
	var ids, hash []string
	for i := 0; i < len(members); i += 2 {
		ids = append(ids, quoted(members[i]))
		hash = append(hash, quoted(members[i])+":"+members[i+1])
	}
	data := fmt.Sprintf(`{"presence":{"ids":[%s],"hash":{%s},"count":%d}}`, strings.Join(ids, ","), strings.Join(hash, ","), len(ids))
	return fmt.Sprintf(`{"event":"pusher_internal:subscription_succeeded","channel":%q,"data":%s}`, channel, quoted(data))
}

func added(channel, user, info string) string {
	return fmt.Sprintf(`{"event":"pusher_internal:member_added","channel":%q,"data":%s}`, channel, quoted(member(user, info)))
}

func removed(channel, user string) string {
	return fmt.Sprintf(`{"event":"pusher_internal:member_removed","channel":%q,"data":%s}`, channel, quoted(member(user, "")))
}

func event(channel, name, data string) string {
	return fmt.Sprintf(`{"event":%q,"channel":%q,"data":%s}`, name, channel, data)
}

func signedIn(userData string) string {
	return fmt.Sprintf(`{"event":"pusher:signin_success","data":%s}`, quoted(fmt.Sprintf(`{"user_data":%s}`, quoted(userData))))
}

func cacheMiss(channel string) string {
	return fmt.Sprintf(`{"event":"pusher:cache_miss","channel":%q,"data":"{}"}`, channel)
}

func count(channel string, n int) string {
	return fmt.Sprintf(`{"event":"pusher_internal:subscription_count","channel":%q,"data":"{\"subscription_count\":%d}"}`, channel, n)
}

func watched(online, offline string) string {
	var events []string
	if online != "" {
		events = append(events, `{"name":"online","user_ids":[`+online+`]}`)
	}
	if offline != "" {
		events = append(events, `{"name":"offline","user_ids":[`+offline+`]}`)
	}
	return fmt.Sprintf(`{"event":"pusher_internal:watchlist_events","data":%s}`, quoted(`{"events":[`+strings.Join(events, ",")+`]}`))
}

// errorFrame is a pusher:error; code 0 is null.
func errorFrame(channel string, code int, text string) string {
	on, number := "", "null"
	if channel != "" {
		on = fmt.Sprintf(`,"channel":%s`, quoted(channel))
	}
	if code != 0 {
		number = fmt.Sprint(code)
	}
	return fmt.Sprintf(`{"event":"pusher:error"%s,"data":{"code":%s,"message":%s}}`, on, number, quoted(text))
}

func notSubscribed(channel, kind, text string, status int) string {
	return fmt.Sprintf(`{"event":"pusher:subscription_error","channel":%s,"data":{"type":%q,"error":%q,"status":%d}}`, quoted(channel), kind, text, status)
}

func unauthorized(channel string) string {
	return notSubscribed(channel, "AuthError", "The connection is unauthorized.", 401)
}

// A peer is a client that sends any bytes at all, and answers nothing by itself.
type peer struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

// peer opens a connection, with early right behind the request.
func (s *server) peer(key string, early ...byte) *peer {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	p := &peer{s.t, conn, bufio.NewReader(conn)}
	request := "GET /app/" + key + "?protocol=7 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	p.write(append([]byte(request), early...))
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	answer, err := http.ReadResponse(p.in, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatalf("handshake: %v, %v", answer, err)
	}
	return p
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

// masked is a client's frame.
func masked(op byte, payload string) []byte {
	b := []byte{0x80 | op}
	if len(payload) < 126 {
		b = append(b, 0x80|byte(len(payload)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(len(payload)))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

// next reads a short frame.
func (p *peer) next() (op byte, payload string) {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	var h [4]byte
	p.fill(h[:2])
	n := int(h[1])
	if n == 126 {
		p.fill(h[2:])
		n = int(binary.BigEndian.Uint16(h[2:]))
	}
	b := make([]byte, n)
	p.fill(b)
	return h[0] & 0x0F, string(b)
}

func (p *peer) fill(b []byte) {
	p.t.Helper()
	if _, err := io.ReadFull(p.in, b); err != nil {
		p.t.Fatal(err)
	}
}
