package webhooks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors/courier"
	"dormouse/claims"
	"dormouse/persistence"
	"dormouse/persistence/apps"
)

// A house is all that webhooks need, in a bubble of synctest: a store in memory with its outbox and courier, apps in a
// cache, and a network of pipes with HTTP servers at its ends.
type house struct {
	t *testing.T
	o Options

	disk    persistence.Options
	store   *persistence.Store
	courier *courier.Courier
	hooks   *Dispatcher
	source  *source
	cache   *apps.Cache

	mu      sync.Mutex
	hosts   map[string]*host
	secrets map[string]string // by key
	told    []string
}

// A source is apps in memory whose store may be away.
type source struct {
	*apps.Static
	mu   sync.Mutex
	away bool
}

func (s *source) ByID(ctx context.Context, id string) (apps.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errors.New("connection refused")
	}
	return s.Static.ByID(ctx, id)
}

// Close keeps the apps for the next cache.
func (s *source) Close() error { return nil }

func (s *source) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// A host is one receiver.
type host struct {
	server *http.Server
	conns  chan net.Conn
	closed chan struct{}
	got    []string // of events that it took: bodies without the time
	tried  int
	answer func(attempt int, r *http.Request) int // nil: 200
}

func (h *host) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *host) Close() error {
	close(h.closed)
	return nil
}

func (h *host) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func newHouse(t *testing.T, o Options, records ...apps.Record) *house {
	t.Helper()
	h := &house{
		t: t, o: o, hosts: map[string]*host{}, secrets: map[string]string{},
		disk: persistence.Options{Dir: "data", FS: persistence.Memory(), BallastBytes: -1, Logger: slog.New(slog.DiscardHandler)},
	}
	h.o.dial = func(ctx context.Context, _, address string) (net.Conn, error) {
		name, _, _ := net.SplitHostPort(address)
		h.mu.Lock()
		to := h.hosts[name]
		h.mu.Unlock()
		if to == nil {
			return nil, fmt.Errorf("no host %s", name)
		}
		ours, theirs := net.Pipe()
		select {
		case to.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	h.o.Listener = Listener{
		Lost:   func(app, target string, n int, why Loss) { h.note("%s %s lost %d %s", app, target, n, why) },
		Calmed: func(app string, n int) { h.note("%s calmed %d", app, n) },
	}
	static, _ := apps.NewStatic(nil)
	h.source = &source{Static: static}
	h.setApps(records...)
	h.begin()
	t.Cleanup(func() {
		h.end()
		for _, to := range h.hosts {
			if err := to.server.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return h
}

func (h *house) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, fmt.Sprintf(format, args...))
}

// record is an app as its owner writes it.
func record(id string, delay time.Duration, hooks string) apps.Record {
	return apps.Record{"id": id, "key": id + "-key", "secret": id + "-secret", "webhookDelayMs": delay.Milliseconds(), "webhooks": hooks}
}

func (h *house) setApps(records ...apps.Record) {
	h.source.Replace(records)
	h.mu.Lock()
	for _, r := range records {
		h.secrets[r["key"].(string)] = r["secret"].(string)
	}
	h.mu.Unlock()
	if h.cache != nil {
		h.cache.RefreshAll()
	}
}

// host has a receiver answer at http://name/.
func (h *house) host(name string, answer func(attempt int, r *http.Request) int) *host {
	to := &host{conns: make(chan net.Conn), closed: make(chan struct{}), answer: answer}
	to.server = &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h.mu.Lock()
		secret := h.secrets[r.Header.Get("X-Pusher-Key")]
		h.mu.Unlock()
		if secret == "" || sign(secret, body) != r.Header.Get("X-Pusher-Signature") {
			h.t.Errorf("%s: the signature is wrong: %v %s", name, r.Header, body)
		}
		h.mu.Lock()
		to.tried++
		n, answer := to.tried, to.answer
		h.mu.Unlock()
		status := http.StatusOK
		if answer != nil {
			status = answer(n, r)
		}
		if status == http.StatusOK {
			_, events, _ := strings.Cut(string(body), `"events":`)
			h.mu.Lock()
			to.got = append(to.got, r.URL.Path+" "+r.Header.Get("X-Pusher-Key")+" "+strings.TrimSuffix(events, "}"))
			h.mu.Unlock()
		}
		w.WriteHeader(status)
	})}
	go func() { _ = to.server.Serve(to) }()
	h.mu.Lock()
	h.hosts[name] = to
	h.mu.Unlock()
	return to
}

// heal has a receiver take everything.
func (h *house) heal(to *host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	to.answer = nil
}

// got takes what a receiver has taken.
func (h *house) got(to *host) []string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	got := to.got
	to.got = nil
	return got
}

func (h *house) begin() {
	h.t.Helper()
	var err error
	if h.store, err = persistence.Open(h.disk); err != nil {
		h.t.Fatal(err)
	}
	h.cache = apps.NewCache(h.source, apps.CacheOptions{Logger: slog.New(slog.DiscardHandler)})
	if h.hooks, err = Open(h.cache, h.o); err != nil {
		h.t.Fatal(err)
	}
	h.hire()
}

// hire has a new courier.
func (h *house) hire() {
	h.t.Helper()
	var err error
	if h.courier, err = courier.New(h.store.Outbox(), courier.Options{Occurrences: h.hooks, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		h.t.Fatal(err)
	}
	h.courier.Start()
}

func (h *house) dismiss() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	h.courier.Close(ctx)
}

// end cuts off what is on its way.
func (h *house) end() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h.hooks.Close(ctx)
	h.hooks.Close(ctx)
	h.dismiss()
	if err := h.cache.Close(); err != nil {
		h.t.Error(err)
	}
	if err := h.store.Close(); err != nil {
		h.t.Error(err)
	}
}

// occur has something happen if anybody wants to know. rest is what the object has behind the channel.
func (h *house) occur(id, name, channel, rest string) (wanted bool) {
	namespace := (&claims.App{ID: id}).Namespace()
	if !h.courier.WantsOccurrence(namespace, name, channel) {
		return false
	}
	e := courier.Event{
		App: namespace, Type: name, DataType: courier.OccurrenceType, Metadata: []courier.Attribute{{Name: "channel", Value: channel}},
		Data: fmt.Appendf(nil, `{"name":%q,"channel":%q%s}`, name, channel, rest),
	}
	if _, user, ok := strings.Cut(rest, `"user_id":"`); ok {
		e.Metadata = append(e.Metadata, courier.Attribute{Name: "user_id", Value: strings.TrimSuffix(user, `"`)})
	}
	w := courier.Write(e, channel, time.Now(), func(b []byte) { _, _ = rand.Read(b) })
	h.store.Commit([]persistence.Write{w}, persistence.Sync, nil)
	return true
}

func (h *house) want(what string, got []string, want ...string) {
	h.t.Helper()
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		h.t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

// heard takes what the listener was told.
func (h *house) heard() []string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	told := h.told
	h.told = nil
	return told
}

// empty holds if nothing is left in the outbox and nothing waits.
func (h *house) empty() {
	h.t.Helper()
	time.Sleep(2 * time.Second)
	synctest.Wait()
	if n := h.store.Outbox().Len(); n != 0 || h.hooks.Stats() != (Stats{}) {
		h.t.Errorf("%d in the outbox, %+v", n, h.hooks.Stats())
	}
}
