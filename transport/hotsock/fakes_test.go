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
	"dormouse/actors/courier"
	"dormouse/claims"
	"dormouse/transport/ws"
)

// recorder is an engine that does what it was told to and remembers what it was asked.
type recorder struct {
	manager  // tests that manage have a real engine
	mu       sync.Mutex
	connects []actors.ConnectRequest
	asked    []any

	admit   func(actors.ConnectRequest) error // nil: all are admitted
	answer  error
	info    channel.Info
	entries channel.Entries
	page    channel.Messages
	reacted channel.Reactions
	from    actors.Origin

	authorize func(token string, use claims.Scope) (*claims.Claims, error)

	schedules channel.Schedules
	schedule  channel.ScheduleInfo

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

func (e *recorder) React(_ context.Context, _ string, r actors.ReactRequest) (*channel.Published, error) {
	if err := e.ask(r); err != nil {
		return nil, err
	}
	if r.Remove {
		return &channel.Published{}, nil
	}
	return &channel.Published{ID: testID}, nil
}

func (e *recorder) PublishBatch(_ context.Context, _ string, items []actors.Publication) []actors.Outcome {
	outcomes := make([]actors.Outcome, len(items))
	for i, item := range items {
		if outcomes[i].Err = e.ask(item); outcomes[i].Err == nil {
			if _, ok := item.(*actors.PublishRequest); ok {
				outcomes[i].Published = &channel.Published{ID: testID}
			}
		}
	}
	return outcomes
}

func (e *recorder) Authorize(app, token string, use claims.Scope) (*claims.Claims, error) {
	return e.authorize(token, use)
}

func (e *recorder) Spend(app string, c *claims.Claims) error { return e.ask(c.ID) }

func (e *recorder) Refund(app string, c *claims.Claims) { _ = e.ask("refund " + c.ID) }

func (e *recorder) MaySchedule(string, string, int) error { return nil }

func (e *recorder) SetStorage(ctx context.Context, app string, r actors.SetStorageRequest) error {
	return e.ask(r)
}

func (e *recorder) SchedulePublication(ctx context.Context, app string, r actors.Publication) (*channel.Scheduled, error) {
	s := &channel.Scheduled{ID: testScheduleID}
	if r, ok := r.(*actors.PublishRequest); ok {
		s.MessageID = testID
		return s, e.ask(scheduled{*r})
	}
	return s, e.ask(scheduled{*r.(*actors.SetStorageRequest)})
}

// scheduled is what an engine was asked to do later.
type scheduled struct{ request any }

// schedules is what it was asked to list.
type schedules struct {
	name, after string
	limit       int
}

func (e *recorder) Schedules(ctx context.Context, app, name, after string, limit int) (*channel.Schedules, error) {
	return &e.schedules, e.ask(schedules{name, after, limit})
}

func (e *recorder) Schedule(ctx context.Context, app, id string) (*channel.ScheduleInfo, error) {
	return &e.schedule, e.ask("get " + id)
}

func (e *recorder) CancelSchedule(ctx context.Context, app, id string) (*channel.ScheduleInfo, error) {
	return &e.schedule, e.ask("cancel " + id)
}

func (e *recorder) WriteStorage(ctx context.Context, app string, r actors.WriteStorageRequest) (*channel.StorageWritten, error) {
	if err := e.ask(r); err != nil {
		return nil, err
	}
	return &channel.StorageWritten{Entries: []channel.WrittenEntry{{Key: "k", Version: 7, Data: []byte("5")}, {Key: "z"}}}, nil
}

func (e *recorder) ChannelInfo(ctx context.Context, app, name string) (*channel.Info, error) {
	info := e.info
	info.Name = name
	return &info, e.ask(name)
}

func (e *recorder) ListStorage(ctx context.Context, app string, r actors.ListStorageRequest) (*channel.Entries, error) {
	return &e.entries, e.ask(r)
}

func (*recorder) Courier() *courier.Courier { return nil }

const (
	testConnection = "AbC_d-EfGhIJKLM="
	testSecret     = "k3Qm9TzX1cVbN7RsY2Lp"
)

func (e *recorder) Client(app, connectionID, secret string) (client, error) {
	if app != "app" || connectionID != testConnection || secret != testSecret {
		return nil, channel.ErrUnauthorized
	}
	return e, nil
}

// Do answers with what the test has put there for that kind of command.
func (e *recorder) Do(_ context.Context, from actors.Origin, cmd actors.Command) (actors.Answer, error) {
	a := actors.Answer{Channel: "real"}
	e.from = from
	switch cmd := cmd.(type) {
	case *actors.ListMessages:
		a.Result = &e.page
	case *actors.ListReactions:
		a.Result = &e.reacted
	case *actors.ListStorage:
		a.Result = &e.entries
	case *actors.GetStorage:
		a.Result = &channel.Entry{Key: cmd.Key, Data: []byte(`{"n":1}`), Meta: &channel.Meta{UID: "u"}, Version: 7}
	case *actors.WriteStorage:
		a.Result = &channel.StorageWritten{Entries: []channel.WrittenEntry{{Key: "k", Version: 7}, {Key: "n", Version: 7, Data: []byte("6")}}}
	case *actors.GetInfo:
		info := e.info
		info.Name = cmd.Channel
		a.Result = &info
	case *actors.Publish:
		a.Result = &channel.Published{ID: testID}
	}
	return a, e.ask(cmd)
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
