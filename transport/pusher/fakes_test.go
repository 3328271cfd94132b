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

	"dormouse/actors/channel"
	"dormouse/claims"
)

// recorder is an engine that remembers what it was asked and knows what it was told.
type recorder struct {
	mu     sync.Mutex
	asked  []any
	answer error

	counts  map[string]Counts // by namespace and name, as address joins them
	members []channel.Member
	cached  *Cached
}

func address(namespace, name string) string { return namespace + " " + name }

// toUser and terminated are what was asked for besides the events.
type (
	published struct {
		namespace string
		Event
	}
	toUser struct {
		namespace, user string
		Event
	}
	terminated struct {
		namespace, user string
		members         bool
	}
)

func (e *recorder) ask(all ...any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, all...)
	return e.answer
}

func (e *recorder) Publish(_ context.Context, namespace string, events []Event) ([]Counts, error) {
	counts := make([]Counts, len(events))
	for i, ev := range events {
		if err := e.ask(published{namespace, ev}); err != nil {
			return nil, err
		}
		if ev.Count {
			counts[i] = e.counts[address(namespace, ev.Channel)]
		}
	}
	return counts, nil
}

func (e *recorder) SendToUser(_ context.Context, namespace, user string, ev Event) error {
	return e.ask(toUser{namespace, user, ev})
}

func (e *recorder) Channels(_ context.Context, namespace, prefix, after string, limit int) ([]Occupied, bool, error) {
	var names []string
	for a := range e.counts {
		if name, ok := strings.CutPrefix(a, namespace+" "); ok && strings.HasPrefix(name, prefix) && name > after {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	more := len(names) > limit
	if more {
		names = names[:limit]
	}
	var page []Occupied
	for _, name := range names {
		page = append(page, Occupied{name, e.counts[address(namespace, name)]})
	}
	return page, more, e.answer
}

func (e *recorder) Counts(_ context.Context, namespace, name string) (Counts, error) {
	return e.counts[address(namespace, name)], e.answer
}

func (e *recorder) Members(context.Context, string, string) ([]channel.Member, error) {
	return e.members, e.answer
}

func (e *recorder) Cached(context.Context, string, string) (*Cached, error) {
	return e.cached, e.answer
}

func (e *recorder) Terminate(_ context.Context, namespace, user string, members bool) error {
	return e.ask(terminated{namespace, user, members})
}

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
	o := Options{Apps: records{app.ID: app}, Engine: e, Logger: slog.New(slog.DiscardHandler), now: func() time.Time { return testNow }}
	if change != nil {
		change(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
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
