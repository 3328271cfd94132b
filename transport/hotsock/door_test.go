package hotsock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// upgrade is the header of a good handshake.
var upgrade = []string{
	"Authorization", "", "Connection", "Upgrade", "Upgrade", "websocket",
	"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
}

func TestConnectRefusals(t *testing.T) {
	refused := func(err error) func(*recorder, *Options) {
		return func(e *recorder, _ *Options) { e.admit = func(actors.ConnectRequest) error { return err } }
	}
	token := func(r claims.Reason) func(*recorder, *Options) {
		return refused(&claims.Error{Reason: r, Detail: "some detail"})
	}
	nothing := func(*recorder, *Options) {}
	const invalid, denied = "The connect token is invalid: some detail.", "This token does not allow to connect: some detail."
	for _, tt := range []struct {
		name    string
		set     func(*recorder, *Options)
		target  string
		header  []string
		status  int
		code    string
		message string
		admits  int // how often the engine was asked
	}{
		{"no token", nothing, "/v1", nil, 401, "INVALID_CONNECT_TOKEN", "A connect token is required: ?token=<jwt>.", 0},
		{"an empty token", nothing, "/v1?token=", nil, 401, "INVALID_CONNECT_TOKEN", "A connect token is required: ?token=<jwt>.", 0},
		{"a malformed token", token(claims.ReasonMalformed), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"another algorithm", token(claims.ReasonAlgorithm), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"an unknown key", token(claims.ReasonKey), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"a bad signature", token(claims.ReasonSignature), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"bad claims", token(claims.ReasonClaims), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"an old token", token(claims.ReasonExpired), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"a token of tomorrow", token(claims.ReasonNotYet), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"another audience", token(claims.ReasonAudience), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"another issuer", token(claims.ReasonIssuer), "/v1?token=t", nil, 401, "INVALID_CONNECT_TOKEN", invalid, 1},
		{"another scope", token(claims.ReasonScope), "/v1?token=t", nil, 403, "CONNECT_PERMISSION_DENIED", denied, 1},
		{"a token bound to a connection", token(claims.ReasonBinding), "/v1?token=t", nil, 403, "CONNECT_PERMISSION_DENIED", denied, 1},
		{"a spent token", token(claims.ReasonSpent), "/v1?token=t", nil, 403, "CONNECT_PERMISSION_DENIED", denied, 1},
		{"a spent token by the ledger's word", refused(fmt.Errorf("admit: %w", claims.ErrSpent)), "/v1?token=t", nil, 403, "CONNECT_PERMISSION_DENIED", "This token does not allow to connect: the token was already used.", 1},
		{"a full server", refused(channel.ErrUnavailable), "/v1?token=t", nil, 503, "UNAVAILABLE", channel.ErrUnavailable.Message, 1},
		{"a fault", refused(errors.New("disk on fire")), "/v1?token=t", nil, 500, "INTERNAL_ERROR", channel.ErrInternal.Message, 1},
		{"a server that drains", func(_ *recorder, o *Options) { o.Draining = func() bool { return true } }, "/v1?token=t", nil, 503, "UNAVAILABLE", channel.ErrUnavailable.Message, 0},
		{"no upgrade", nothing, "/v1?token=t", []string{"Upgrade", ""}, 426, "UPGRADE_REQUIRED", "", 0},
		{"another upgrade", nothing, "/v1?token=t", []string{"Upgrade", "h2c"}, 426, "UPGRADE_REQUIRED", "", 0},
		{"another version", nothing, "/v1?token=t", []string{"Sec-WebSocket-Version", "8"}, 426, "UPGRADE_REQUIRED", "", 0},
		{"a bad nonce", nothing, "/v1?token=t", []string{"Sec-WebSocket-Key", "x"}, 400, "BAD_REQUEST", "", 0},
		{"a token as subprotocol without the protocol", nothing, "/v1", []string{"Sec-WebSocket-Protocol", "token.t"}, 401, "INVALID_CONNECT_TOKEN", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newRecorder()
			h := newTestHandler(t, e, func(o *Options) { tt.set(e, o) })
			r := request(h, "GET", "http://x"+tt.target, "", append(upgrade[:len(upgrade):len(upgrade)], tt.header...)...)
			got := bodyOf(t, r)
			if r.StatusCode != tt.status || !strings.Contains(got, `{"error":{"code":"`+tt.code+`","message":"`+tt.message) {
				t.Errorf("%d %s", r.StatusCode, got)
			}
			if len(e.connects) != tt.admits {
				t.Errorf("the engine was asked %d times", len(e.connects))
			}
			if (r.Header.Get("Retry-After") != "") != (tt.status == 503) {
				t.Errorf("headers %v", r.Header)
			}
		})
	}
}

func TestConnectLimitAtTheDoor(t *testing.T) {
	e := newRecorder()
	e.admit = func(actors.ConnectRequest) error { return channel.ErrUnavailable }
	h := newTestHandler(t, e, func(o *Options) { o.ConnectRate = 0.001 })
	statuses := ""
	for range 3 {
		statuses += fmt.Sprint(request(h, "GET", "http://x/v1?token=t", "", upgrade...).StatusCode, " ")
	}
	if statuses != "503 429 429 " || len(e.connects) != 1 {
		t.Error(statuses)
	}
}

func TestConnectToken(t *testing.T) {
	for _, tt := range []struct {
		name, query, authorization string
		protocols                  []string
		want                       string
	}{
		{"in the query", "?token=a.b.c", "", nil, "a.b.c"},
		{"the query goes first", "?x=1&token=q", "Bearer b", []string{"hotsock.v1, token.p"}, "q"},
		{"as bearer", "", "Bearer b", []string{"hotsock.v1, token.p"}, "b"},
		{"as bearer in any case", "", "bearer b", nil, "b"},
		{"not as anything else", "", "Basic b", nil, ""},
		{"as subprotocol", "", "", []string{"hotsock.v1, token.a.b.c"}, "a.b.c"},
		{"as subprotocol in another order and line", "", "", []string{"token.p", "x,hotsock.v1"}, "p"},
		{"not without the protocol", "", "", []string{"token.p"}, ""},
	} {
		r := httptest.NewRequest("GET", "http://x/v1"+tt.query, nil)
		if tt.authorization != "" {
			r.Header.Set("Authorization", tt.authorization)
		}
		for _, p := range tt.protocols {
			r.Header.Add("Sec-WebSocket-Protocol", p)
		}
		if got := connectToken(r); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// TestNothingSecretIsLogged sends secrets by every way to calls that fail.
func TestNothingSecretIsLogged(t *testing.T) {
	var log strings.Builder
	e := newRecorder()
	e.answer = errors.New("disk on fire")
	e.admit = func(actors.ConnectRequest) error { return errors.New("disk on fire") }
	h := newTestHandler(t, e, func(o *Options) { o.Logger = loggerInto(&log) })
	request(h, "GET", "http://x/v1?token=secret1", "", upgrade...)
	request(h, "GET", "http://x/v1", "", append(upgrade[:len(upgrade):len(upgrade)], "Authorization", "Bearer secret2")...)
	request(h, "POST", "http://x/connection/listMessages?connectionId=AbC_d-EfGhIJKLM%3D&connectionSecret="+testSecret+"&x=secret3", `{"channel":"c"}`)
	request(h, "POST", "http://x/publish", `{"channel":"c","event":"e","data":"secret4"}`)
	if n := strings.Count(log.String(), "disk on fire"); n != 4 {
		t.Errorf("%d faults were logged:\n%s", n, &log)
	}
	if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), testSecret) || strings.Contains(log.String(), testKey) {
		t.Errorf("logged:\n%s", &log)
	}
}

// dial connects over loopback.
func dial(t *testing.T, h http.Handler, path string, o *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(srv.URL, "http")+path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func readFrame(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, data, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, c *websocket.Conn, typ websocket.MessageType, frame string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Write(ctx, typ, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

const connectedFrame = `{"event":"hotsock.connected","data":{"connectionId":"AbC_d-EfGhIJKLM=","connectionExpiresAt":null,"connectionSecret":"k3Qm9TzX1cVbN7RsY2Lp"},"meta":{"uid":null,"umd":null}}`

func TestConnect(t *testing.T) {
	for _, path := range []string{"/v1?token=t", "/v1/?token=t", "/?token=t", "//v1?token=t", "?token=t"} {
		e := newRecorder()
		h := newTestHandler(t, e, func(o *Options) { o.Fallback = http.NotFoundHandler() })
		c := dial(t, h, path, &websocket.DialOptions{HTTPHeader: http.Header{"User-Agent": {"agent"}}})
		if got := readFrame(t, c); got != connectedFrame {
			t.Errorf("%s: %s", path, got)
		}
		if c.Subprotocol() != "" {
			t.Errorf("%s: subprotocol %q", path, c.Subprotocol())
		}
		want := actors.ConnectRequest{App: "app", Token: "t", SourceIP: "127.0.0.1", UserAgent: "agent"}
		if e.connects[0] != want {
			t.Errorf("%s: %+v", path, e.connects[0])
		}
	}
}

func TestConnectBySubprotocol(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	c := dial(t, h, "/v1", &websocket.DialOptions{Subprotocols: []string{"hotsock.v1", "token.a.b.c"}})
	if readFrame(t, c) != connectedFrame || c.Subprotocol() != Subprotocol || e.connects[0].Token != "a.b.c" {
		t.Errorf("subprotocol %q, token %q", c.Subprotocol(), e.connects[0].Token)
	}
	c = dial(t, h, "/v1?token=t", &websocket.DialOptions{Subprotocols: []string{"other"}})
	if readFrame(t, c) != connectedFrame || c.Subprotocol() != "" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
}

// TestConversation goes over a real socket, with the test as engine.
func TestConversation(t *testing.T) {
	e := newRecorder()
	c := dial(t, newTestHandler(t, e, nil), "/v1?token=t", nil)
	readFrame(t, c)
	engine := <-e.clients

	write(t, c, websocket.MessageText, `{"event":"chat","channel":"c","data":{"n": 1152921504606846977}}`)
	cmd := (<-engine.commands).(*actors.Publish)
	deliver(engine.sink, &channel.Message{Kind: channel.KindPublished, ID: testID, Event: cmd.Event, Channel: cmd.Channel, Data: cmd.Data, Meta: &channel.Meta{UID: "u"}})
	engine.sink.Complete(1)
	if got := readFrame(t, c); got != `{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"chat","channel":"c","data":{"n":1152921504606846977},"meta":{"uid":"u","umd":null}}` {
		t.Error(got)
	}

	write(t, c, websocket.MessageText, `not json`)
	if got := readFrame(t, c); got != `{"event":"hotsock.error","error":{"code":"INVALID_MESSAGE","message":"The message is not a JSON object that can be read: expected an object at byte 0."}}` {
		t.Error(got)
	}
	write(t, c, websocket.MessageText, `{"event":["x"],"channel":"c"}`)
	if got := readFrame(t, c); got != `{"event":"hotsock.error","channel":"c","error":{"code":"INVALID_MESSAGE","message":"event must be a string, not an array."}}` {
		t.Error(got)
	}
	write(t, c, websocket.MessageText, `{"event":"chat","channel":"c","data":"`+strings.Repeat("x", testMaxData-1)+`"}`)
	if got := readFrame(t, c); got != `{"event":"hotsock.error","channel":"c","error":{"code":"DATA_TOO_LARGE","message":"The data is 1025 bytes; at most 1024 are allowed."}}` {
		t.Error(got)
	}

	engine.sink.Close(channel.CloseHeartbeat)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, _, err := c.Read(ctx)
	if websocket.CloseStatus(err) != 4001 {
		t.Errorf("closed by %v", err)
	}
	<-engine.closed
}

func TestBinaryFramesAreNotTaken(t *testing.T) {
	e := newRecorder()
	c := dial(t, newTestHandler(t, e, nil), "/v1?token=t", nil)
	readFrame(t, c)
	write(t, c, websocket.MessageBinary, pingFrame)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != 1003 {
		t.Errorf("closed by %v", err)
	}
	<-(<-e.clients).closed
}

// TestFloodWithoutReading is the backlog over a real socket: a client writes until it is made to stop.
func TestFloodWithoutReading(t *testing.T) {
	e := newRecorder()
	c := dial(t, newTestHandler(t, e, nil), "/v1?token=t", nil)
	readFrame(t, c)
	engine := <-e.clients
	frame := channel.Message{Kind: channel.KindStorageData, Channel: "c", Key: "k", Data: []byte(`"` + strings.Repeat("x", 32<<10) + `"`)}
	answered := make(chan int)
	go func() {
		n := 0
		defer func() { answered <- n }()
		for {
			select {
			case <-engine.commands:
				deliver(engine.sink, &frame)
				engine.sink.Complete(1)
				n++
			case <-engine.closed:
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	for c.Write(ctx, websocket.MessageText, []byte(`{"event":"hotsock.channelStorageGet","channel":"c","key":"k"}`)) == nil {
	}
	_ = c.CloseNow()
	// The kernel's buffers on both sides take some mebibytes; what is queued in the server is one or two.
	if n := <-answered; n > 64<<20/(32<<10) {
		t.Errorf("%d answers of 32 KiB were queued", n)
	}
}
