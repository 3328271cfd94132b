package pusher

import (
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// recorder is an engine that remembers what the HTTP API asked of it and knows what it was told. It has no
// connections: what those do is tested with the real one.
type recorder struct {
	mu     sync.Mutex
	asked  []any
	answer error

	counts  map[string]actors.Counts // by namespace and name, as address joins them
	members []channel.Member
	cached  *channel.Cached
	entries channel.Entries
}

func (e *recorder) Tenant(namespace string) tenant { return recorded{e, namespace} }

func counts(subscriptions, members int) actors.Counts {
	return actors.Counts{Subscriptions: subscriptions, Members: members}
}

func address(namespace, name string) string { return namespace + " " + name }

// What was asked for.
type (
	published struct {
		namespace string
		actors.Event
	}
	toUser struct {
		namespace, user string
		actors.Event
	}
	stored struct {
		namespace, channel, key, data string
		store                         int64
	}
	terminated struct {
		namespace, user string
		members         bool
		close           channel.Close
	}
)

func (e *recorder) ask(all ...any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, all...)
	return e.answer
}

// recorded is one app's part of a recorder.
type recorded struct {
	e         *recorder
	namespace string
}

func (r recorded) Publish(_ context.Context, events []actors.Event) ([]actors.Counts, error) {
	counts := make([]actors.Counts, len(events))
	for i, ev := range events {
		if err := r.e.ask(published{r.namespace, ev}); err != nil {
			return nil, err
		}
		counts[i] = r.Counts(ev.Channel)
	}
	return counts, nil
}

func (r recorded) SendToUser(user string, ev actors.Event) int {
	_ = r.e.ask(toUser{r.namespace, user, ev})
	return 0
}

func (r recorded) Channels(prefix, after string, limit int) ([]actors.Occupied, bool) {
	var names []string
	for a := range r.e.counts {
		if name, ok := strings.CutPrefix(a, r.namespace+" "); ok && strings.HasPrefix(name, prefix) && name > after {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	more := len(names) > limit
	if more {
		names = names[:limit]
	}
	var page []actors.Occupied
	for _, name := range names {
		page = append(page, actors.Occupied{Name: name, Counts: r.Counts(name)})
	}
	return page, more
}

func (r recorded) Counts(name string) actors.Counts { return r.e.counts[address(r.namespace, name)] }

func (r recorded) Members(context.Context, string) ([]channel.Member, error) {
	return r.e.members, r.e.answer
}

func (r recorded) Cached(context.Context, string) (*channel.Cached, error) {
	return r.e.cached, r.e.answer
}

func (r recorded) SetEntry(_ context.Context, name, key string, data []byte, store int64) error {
	return r.e.ask(stored{r.namespace, name, key, string(data), store})
}

func (r recorded) Entry(_ context.Context, name, key string) (*channel.Entry, error) {
	if err := r.e.ask(stored{r.namespace, name, key, "", 0}); err != nil || len(r.e.entries.Items) == 0 {
		return nil, err
	}
	return &r.e.entries.Items[0], nil
}

func (r recorded) Entries(_ context.Context, name, after string, limit int) (*channel.Entries, error) {
	return &r.e.entries, r.e.ask(stored{r.namespace, name, after, "", int64(limit)})
}

func (r recorded) Terminate(user string, members bool, c channel.Close) int {
	_ = r.e.ask(terminated{r.namespace, user, members, c})
	return 0
}

func (r recorded) Size() (connections, channels int) {
	page, _ := r.Channels("", "", 1<<30)
	for _, ch := range page {
		connections = max(connections, ch.Subscriptions)
	}
	return connections, len(page)
}

func (r recorded) CloseAll(channel.Close) int { return 0 }

func (r recorded) Admit(actors.GuestRequest) (guest, error) { return nil, channel.ErrUnavailable }

// records are apps by their ids.
type records map[string]*claims.App

func (rs records) ByID(_ context.Context, id string) (*claims.App, error) {
	if id == "outage" {
		return nil, fmt.Errorf("%w: nobody answers", claims.ErrAppsUnavailable)
	}
	if app := rs[id]; app != nil {
		return app, nil
	}
	return nil, claims.ErrNoApp
}

func (rs records) ByKey(_ context.Context, key string) (*claims.App, error) {
	for _, app := range rs {
		if app.Key == key {
			return app, nil
		}
	}
	return nil, claims.ErrNoApp
}

// testNow is when tests call.
var testNow = time.Unix(1_800_000_000, 0)

// newTestHandler returns a handler for one app; change may alter its options.
func newTestHandler(t testing.TB, e *recorder, app *claims.App, change func(o *Options)) *Handler {
	t.Helper()
	o := Options{Apps: records{app.ID: app}, engine: e, Logger: slog.New(slog.DiscardHandler), now: func() time.Time { return testNow }}
	if change != nil {
		change(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// signedTarget is path with a signed query, as an SDK that escapes nothing makes it. own are the call's own
// parameters, name=value.
func signedTarget(app *claims.App, method, path, body string, own ...string) string {
	all := append(slices.Clone(own), "auth_key="+app.Key, "auth_timestamp="+strconv.FormatInt(testNow.Unix(), 10), "auth_version=1.0")
	if body != "" {
		all = append(all, fmt.Sprintf("body_md5=%x", md5.Sum([]byte(body))))
	}
	slices.Sort(all)
	query := strings.Join(all, "&")
	sum := sign(app.Secret, method, "\n", path, "\n", query)
	return path + "?" + query + "&auth_signature=" + string(sum[:])
}

// request serves one request to h.
func request(h http.Handler, method, target, body string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// signedRequest serves one that app has signed.
func signedRequest(h http.Handler, app *claims.App, method, path, body string, own ...string) *http.Response {
	return request(h, method, signedTarget(app, method, path, body, own...), body)
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

// expect compares an answer.
func expect(t testing.TB, r *http.Response, status int, body string) {
	t.Helper()
	if got := bodyOf(t, r); r.StatusCode != status || got != body {
		t.Errorf("got  %d %s\nwant %d %s", r.StatusCode, got, status, body)
	}
}

func errorBody(status int, text string) string {
	return fmt.Sprintf(`{"error":%q,"code":%d}`, text, status)
}
