package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A pusherClient is one connection of an app, with all that came and was not expected yet. What returns errors may be
// called by many goroutines' clients at once; the rest ends the test.
type pusherClient struct {
	app  *pusherApp
	conn *websocket.Conn
	id   string // the socket's
	done chan struct{}

	mu      sync.Mutex
	frames  []string
	ended   error         // why reading ended
	arrived chan struct{} // holds one token if frames or ended changed
}

// dialPusher opens a connection with a key, and reads from it until it ends.
func (s *server) dialPusher(ctx context.Context, key string) (*pusherClient, error) {
	return dialPusherAt(ctx, "ws://"+s.addr, key, nil)
}

// dialPusherAt does so at an address of any kind; client may be nil.
func dialPusherAt(ctx context.Context, base, key string, client *http.Client) (*pusherClient, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	target := base + "/app/" + url.PathEscape(key) + "?protocol=7&client=js&version=8.6.0&flash=false"
	conn, _, err := websocket.Dial(ctx, target, &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		return nil, fmt.Errorf("connect with %s: %w", key, err)
	}
	conn.SetReadLimit(-1)
	c := &pusherClient{conn: conn, done: make(chan struct{}), arrived: make(chan struct{}, 1)}
	go c.read()
	return c, nil
}

func (c *pusherClient) read() {
	defer close(c.done)
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

// pusherGreeting is the first frame of a connection that is served.
var pusherGreeting = regexp.MustCompile(`^\{"event":"pusher:connection_established","data":"\{\\"socket_id\\":\\"(\d{1,10}\.\d{1,10})\\",\\"activity_timeout\\":\d+\}"\}$`)

// openPusher opens a connection that is served.
func (s *server) openPusher(ctx context.Context, a *pusherApp) (*pusherClient, error) {
	c, err := s.dialPusher(ctx, a.key)
	if err != nil {
		return nil, err
	}
	return c, c.greeted(ctx, a)
}

func (c *pusherClient) greeted(ctx context.Context, a *pusherApp) error {
	frame, err := c.next(ctx)
	if err != nil {
		return fmt.Errorf("no greeting of %s: %w", a.id, err)
	}
	m := pusherGreeting.FindStringSubmatch(frame)
	if m == nil {
		return fmt.Errorf("greeted in %s by %s", a.id, frame)
	}
	c.app, c.id = a, m[1]
	return nil
}

// connectPusher opens a connection for a test, and ends it with the test.
func connectPusher(t testing.TB, s *server, a *pusherApp) *pusherClient {
	t.Helper()
	c, err := s.openPusher(t.Context(), a)
	if c != nil {
		t.Cleanup(c.hangUp)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// next takes the next frame. It waits for it.
//
// Errors: errSilence, or how the connection ended.
func (c *pusherClient) next(ctx context.Context) (string, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		c.mu.Lock()
		if len(c.frames) > 0 {
			frame := c.frames[0]
			c.frames = c.frames[1:]
			c.mu.Unlock()
			return frame, nil
		}
		ended := c.ended
		c.mu.Unlock()
		if ended != nil {
			return "", ended
		}
		select {
		case <-c.arrived:
		case <-timer.C:
			return "", errSilence
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// hears takes the next frames, which must be these.
func (c *pusherClient) hears(ctx context.Context, frames ...string) error {
	for _, want := range frames {
		got, err := c.next(ctx)
		if err != nil {
			return fmt.Errorf("%w, want %s", err, want)
		}
		if got != want {
			return fmt.Errorf("got %s, want %s", got, want)
		}
	}
	return nil
}

// isClosed takes the connection's end. No frame may be left before it.
func (c *pusherClient) isClosed(code int, reason string) error {
	select {
	case <-c.done:
	case <-time.After(patience):
		return fmt.Errorf("open, want a close with %d", code)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frames) > 0 {
		return fmt.Errorf("before its end came %s", c.frames[0])
	}
	var closed websocket.CloseError
	if !errors.As(c.ended, &closed) || int(closed.Code) != code || closed.Reason != reason {
		return fmt.Errorf("ended with %w, want a close with %d %q", c.ended, code, reason)
	}
	return nil
}

// isRefused takes the frame and the close of who is not wanted, or not any more.
func (c *pusherClient) isRefused(ctx context.Context, code int, message string) error {
	if err := c.hears(ctx, pusherError("", code, message)); err != nil {
		return err
	}
	return c.isClosed(code, message)
}

func (c *pusherClient) write(ctx context.Context, frame string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, []byte(frame))
}

// asks sends a subscribe, signed if the channel needs it. data is the channel_data, "" for none.
func (c *pusherClient) asks(ctx context.Context, channel, data string) error {
	body := map[string]string{"channel": channel}
	if strings.HasPrefix(channel, "private-") || strings.HasPrefix(channel, "presence-") {
		signed := c.id + ":" + channel
		if data != "" {
			signed, body["channel_data"] = signed+":"+data, data
		}
		body["auth"] = c.app.auth(signed)
	}
	frame, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": body})
	if err != nil {
		return err
	}
	return c.write(ctx, string(frame))
}

// joins subscribes to a channel without members.
func (c *pusherClient) joins(ctx context.Context, channel string) error {
	if err := c.asks(ctx, channel, ""); err != nil {
		return err
	}
	return c.hears(ctx, pusherSubscribed(channel))
}

// hangUp ends the connection as a lost network does.
func (c *pusherClient) hangUp() {
	_ = c.conn.CloseNow()
	<-c.done
}

// A pusherTalk is a client in a conversation: what goes wrong ends the test.
type pusherTalk struct {
	*pusherClient
	t testing.TB
}

func talk(t testing.TB, s *server, a *pusherApp) *pusherTalk {
	t.Helper()
	return &pusherTalk{connectPusher(t, s, a), t}
}

func (p *pusherTalk) check(err error) {
	if err != nil {
		p.t.Helper()
		p.t.Fatal(err)
	}
}

func (p *pusherTalk) send(frame string) { p.t.Helper(); p.check(p.write(p.t.Context(), frame)) }

func (p *pusherTalk) expect(frames ...string) {
	p.t.Helper()
	p.check(p.hears(p.t.Context(), frames...))
}

func (p *pusherTalk) subscribe(channel string) {
	p.t.Helper()
	p.check(p.joins(p.t.Context(), channel))
}

func (p *pusherTalk) refused(code int, message string) {
	p.t.Helper()
	p.check(p.isRefused(p.t.Context(), code, message))
}

// join joins a presence channel, and takes the roster without a look.
func (p *pusherTalk) join(channel, user string) {
	p.t.Helper()
	p.check(p.asks(p.t.Context(), channel, fmt.Sprintf(`{"user_id":%q}`, user)))
	frame, err := p.next(p.t.Context())
	p.check(err)
	if !strings.HasPrefix(frame, `{"event":"pusher_internal:subscription_succeeded","channel":`+text(channel)) {
		p.t.Fatalf("joining %s: %s", channel, frame)
	}
}

func (p *pusherTalk) unsubscribe(channel string) {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"event":"pusher:unsubscribe","data":{"channel":%q}}`, channel))
}

// trigger sends a client event. data is one JSON value.
func (p *pusherTalk) trigger(channel, event, data string) {
	p.t.Helper()
	p.send(pusherEvent(channel, event, data))
}

// ping shows that the connection is usable, and that nothing else came before.
func (p *pusherTalk) ping() {
	p.t.Helper()
	p.send(pusherPing)
	p.expect(pusherPong)
}
