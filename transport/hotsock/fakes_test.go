package hotsock

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/transport/ws"
)

// recorder is an engine that does what it was told to and remembers what it was asked.
type recorder struct {
	mu       sync.Mutex
	connects []actors.ConnectRequest
	asked    []any

	admit   func(actors.ConnectRequest) error // nil: all are admitted
	answer  error
	info    channel.Info
	entries channel.Entries
	page    channel.Messages
	reacted channel.Reactions

	clients chan *recordedClient // one for each Open
}

func newRecorder() *recorder { return &recorder{clients: make(chan *recordedClient, 16)} }

func (e *recorder) Admit(_ context.Context, r actors.ConnectRequest) (admission, error) {
	e.mu.Lock()
	e.connects = append(e.connects, r)
	e.mu.Unlock()
	if e.admit != nil {
		if err := e.admit(r); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *recorder) Open(sink channel.Sink) connection {
	c := newRecordedClient(sink)
	deliver(sink, &channel.Message{Kind: channel.KindConnected, Conn: &channel.ConnectionInfo{ID: "AbC_d-EfGhIJKLM=", Secret: "k3Qm9TzX1cVbN7RsY2Lp"}})
	e.clients <- c
	return c
}

func (e *recorder) ask(r any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, r)
	return e.answer
}

// last returns what was asked last, nil if nothing was.
func (e *recorder) last() any {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.asked) == 0 {
		return nil
	}
	return e.asked[len(e.asked)-1]
}

func (e *recorder) Publish(ctx context.Context, app string, r actors.PublishRequest) (*channel.Published, error) {
	if err := e.ask(r); err != nil {
		return nil, err
	}
	return &channel.Published{ID: testID}, nil
}

func (e *recorder) SetStorage(ctx context.Context, app string, r actors.SetStorageRequest) error {
	return e.ask(r)
}

func (e *recorder) ChannelInfo(ctx context.Context, app, name string) (*channel.Info, error) {
	info := e.info
	info.Name = name
	return &info, e.ask(name)
}

func (e *recorder) ListStorage(ctx context.Context, app string, r actors.ListStorageRequest) (*channel.Entries, error) {
	return &e.entries, e.ask(r)
}

func (e *recorder) ListMessages(ctx context.Context, app string, r actors.ListMessagesRequest) (*channel.Messages, error) {
	return &e.page, e.ask(r)
}

func (e *recorder) ListReactions(ctx context.Context, app string, r actors.ListReactionsRequest) (*channel.Reactions, error) {
	return &e.reacted, e.ask(r)
}

// recordedClient is the engine's end of a connection; the test plays the engine.
type recordedClient struct {
	sink     channel.Sink
	commands chan actors.Command
	closed   chan struct{}
}

func newRecordedClient(sink channel.Sink) *recordedClient {
	return &recordedClient{sink, make(chan actors.Command, 4096), make(chan struct{})}
}

func (c *recordedClient) Send(cmd actors.Command) { c.commands <- cmd }
func (c *recordedClient) Closed()                 { close(c.closed) }

// deliver is how the engine answers.
func deliver(sink channel.Sink, m *channel.Message) {
	sink.Deliver(sink.Codec().Append(nil, m), true)
}

const testKey = "0123456789012345678901234567890123456789"

// newTestHandler returns a handler on e; change may alter its options.
func newTestHandler(t testing.TB, e *recorder, change func(o *Options)) *Handler {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	acceptor := ws.NewAcceptor(ws.Options{Subprotocols: []string{Subprotocol}, Logger: quiet})
	t.Cleanup(acceptor.Close)
	keys := new(Keys)
	if err := keys.Set(testKey); err != nil {
		t.Fatal(err)
	}
	o := Options{App: "app", Acceptor: acceptor, Keys: keys, MaxData: testMaxData, Logger: quiet, engine: e}
	if change != nil {
		change(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// request serves one request to h, with the API key unless header says otherwise.
func request(h http.Handler, method, target, body string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+testKey)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	return string(b)
}

func loggerInto(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
