package cases

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dormouse/actors"
	"dormouse/actors/courier"
	"dormouse/claims"
	"dormouse/persistence"
	"dormouse/persistence/apps"
	"dormouse/transport/pusher"
	"dormouse/transport/pusher/webhooks"
)

// patience is how long anything may take that must come.
const patience = 20 * time.Second

// An app is a record, and what its owners know.
type app struct {
	id, key, secret string
	fields          map[string]any
}

// newApp is an app with client messages on. Its key is its id and "-key", its secret its id and "-secret".
func newApp(id string, fields map[string]any) *app {
	return &app{id, id + "-key", id + "-secret", fields}
}

func (a *app) record() apps.Record {
	r := apps.Record{"id": a.id, "key": a.key, "secret": a.secret, "enableClientMessages": true}
	maps.Copy(r, a.fields)
	return r
}

// sign is a signature as the protocol's documents describe it.
func (a *app) sign(text string) string {
	h := hmac.New(sha256.New, []byte(a.secret))
	_, _ = io.WriteString(h, text)
	return hex.EncodeToString(h.Sum(nil))
}

// auth is what the app's backend answers who wants to subscribe or sign in.
func (a *app) auth(text string) string { return a.key + ":" + a.sign(text) }

// A server is everything behind one address.
type server struct {
	*httptest.Server
	t       testing.TB
	handler *pusher.Handler
	system  *actors.System
	store   *persistence.Store
	disk    persistence.Options
	source  *apps.Static
	cache   *apps.Cache
	hooks   *webhooks.Dispatcher
	options pusher.Options
	list    []*app
}

// start serves apps until the test ends. change may alter the options.
func start(t testing.TB, change func(o *pusher.Options), list ...*app) *server {
	t.Helper()
	s := &server{t: t, list: list, disk: persistence.Options{Dir: "data", FS: persistence.Memory(), Logger: discard, BallastBytes: -1}}
	s.source, _ = apps.NewStatic(s.records())
	s.cache = apps.NewCache(s.source, apps.CacheOptions{})
	s.options = pusher.Options{Apps: s.cache, Logger: discard}
	if change != nil {
		change(&s.options)
	}
	s.open()
	t.Cleanup(func() {
		s.close()
		s.cache.Close()
	})
	return s
}

var discard = slog.New(slog.DiscardHandler)

func (s *server) records() []apps.Record {
	var all []apps.Record
	for _, a := range s.list {
		all = append(all, a.record())
	}
	return all
}

// rewrite has other fields in an app's record, as its owner writes them.
func (s *server) rewrite(a *app, fields map[string]any) {
	a.fields = fields
	s.source.Replace(s.records())
	s.cache.RefreshAll()
}

// remove takes an app out of the list.
func (s *server) remove(a *app) {
	s.list = slices.DeleteFunc(s.list, func(other *app) bool { return other == a })
	s.source.Replace(s.records())
	s.cache.RefreshAll()
}

func (s *server) open() {
	s.t.Helper()
	store, err := persistence.Open(s.disk)
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")))
	if err != nil {
		s.t.Fatal(err)
	}
	verifier, err := claims.NewVerifier(claims.Options{Keys: []claims.Key{key}})
	if err != nil {
		s.t.Fatal(err)
	}
	hooks, err := webhooks.Open(s.cache, webhooks.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	system, err := actors.New(actors.Options{Store: store, Verifier: verifier, Logger: discard, Events: courier.Options{Occurrences: hooks}})
	if err != nil {
		s.t.Fatal(err)
	}
	o := s.options
	o.System = system
	handler, err := pusher.New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.store, s.hooks, s.system, s.handler = store, hooks, system, handler
	manage := handler.Manage(func(key string) bool { return key == apiKey })
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, pusher.ManagePath) {
			manage.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	}))
}

func (s *server) close() {
	s.t.Helper()
	s.handler.Close()
	s.Server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.hooks.Close(ctx)
	if err := s.system.Close(ctx); err != nil {
		s.t.Errorf("close the engine: %v", err)
	}
	if err := s.store.Close(); err != nil {
		s.t.Errorf("close the store: %v", err)
	}
}

// restart stops everything but the store's disk, and starts it again. Clients are gone.
func (s *server) restart() {
	s.t.Helper()
	s.close()
	s.open()
}

// A result is the answer to a call.
type result struct {
	status int
	body   string
	header http.Header
}

// call makes a signed call. own are its parameters, name=value.
func (s *server) call(a *app, method, path, body string, own ...string) result {
	s.t.Helper()
	return s.request(method, signedTarget(a, method, path, body, time.Now(), own...), body)
}

// signedTarget is a path with its signed query.
func signedTarget(a *app, method, path, body string, at time.Time, own ...string) string {
	all := append(slices.Clone(own), "auth_key="+a.key, "auth_timestamp="+strconv.FormatInt(at.Unix(), 10), "auth_version=1.0")
	if body != "" {
		all = append(all, fmt.Sprintf("body_md5=%x", md5.Sum([]byte(body))))
	}
	slices.Sort(all)
	sent := make([]string, len(all))
	for i, pair := range all {
		name, value, _ := strings.Cut(pair, "=")
		sent[i] = name + "=" + url.QueryEscape(value)
	}
	signature := a.sign(method + "\n" + path + "\n" + strings.Join(all, "&"))
	return path + "?" + strings.Join(sent, "&") + "&auth_signature=" + signature
}

func now() time.Time { return time.Now() }

// escaped is an app's id as it stands in a path.
func escaped(id string) string { return url.PathEscape(id) }

// request makes a call.
func (s *server) request(method, target, body string) result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.URL+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(r)
}

func (s *server) do(r *http.Request) result {
	s.t.Helper()
	answer, err := s.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return result{answer.StatusCode, string(b), answer.Header}
}

// publish sends an event, which must be taken. data is one JSON value.
func (s *server) publish(a *app, name, event, data string) {
	s.t.Helper()
	s.publishBody(a, fmt.Sprintf(`{"name":%q,"channel":%q,"data":%s}`, event, name, data))
}

func (s *server) publishBody(a *app, body string) {
	s.t.Helper()
	if r := s.call(a, "POST", "/apps/"+a.id+"/events", body); r.status != 200 {
		s.t.Fatalf("publish %s: %d %s", body, r.status, r.body)
	}
}

// get reads what must be there.
func (s *server) get(a *app, path string, own ...string) string {
	s.t.Helper()
	r := s.call(a, "GET", "/apps/"+a.id+path, "", own...)
	if r.status != 200 {
		s.t.Fatalf("GET %s: %d %s", path, r.status, r.body)
	}
	return r.body
}

// gets waits until a read answers with want.
func (s *server) gets(a *app, path, want string, own ...string) {
	s.t.Helper()
	got := ""
	until(s.t, path+" is "+want, func() bool { got = s.get(a, path, own...); return got == want }, func() string { return got })
}

// until waits for a condition, looking now and then; got says what there is instead.
func until(t testing.TB, what string, cond func() bool, got func() string) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s: not so, but %s", what, got())
		}
	}
}

// refuses expects an error answer.
func (r result) refuses(t testing.TB, status int, text string) {
	t.Helper()
	if want := fmt.Sprintf(`{"error":%q,"code":%d}`, text, status); r.status != status || r.body != want {
		t.Errorf("got  %d %s\nwant %d %s", r.status, r.body, status, want)
	}
}

// is expects an answer.
func (r result) is(t testing.TB, body string) {
	t.Helper()
	if r.status != 200 || r.body != body {
		t.Errorf("got  %d %s\nwant 200 %s", r.status, r.body, body)
	}
}
