package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"dormouse/actors"
	"dormouse/persistence"
	"dormouse/transport"
)

func address(channel string) actors.Address {
	return actors.Address{App: "default", Kind: actors.KindChannel, Name: channel}
}

// A running is a server of a test, on ports of its own.
type running struct {
	*Server
	stop context.CancelFunc
	done chan error
	sign signer
	key  string

	drains told // given when it begins to drain
}

// A told is a drainer without connections: it tells that the others are being told.
type told chan struct{}

func (d told) Drain(context.Context, time.Duration, int, string) { close(d) }

// run starts the whole program in a new folder, as dormouse dev would, but with closes spread over a time.
func run(t testing.TB, spread time.Duration) *running {
	t.Helper()
	return runWith(t, spread, nil)
}

// runWith is run with more flags.
func runWith(t testing.TB, spread time.Duration, more map[string][]string) *running {
	t.Helper()
	flags := map[string][]string{
		"listen": {"127.0.0.1:0"}, "admin.listen": {"127.0.0.1:0"}, "data": {filepath.Join(t.TempDir(), "data")},
		"drain.timeout": {"20s"}, "drain.spread": {spread.String()}, "storage.ballast_size": {"1"},
		// What follows is for the documentation.
		"presence.deltas.channels": {"presence.hall.*=true"},
		"apps.static":              {`{id: shop, key: shop-key, secret: a-secret-of-the-shop}`},
	}
	maps.Copy(flags, more)
	l := load(sources{flags: flags})
	keys, err := openDevKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l.TokenKeys, l.APIKeys = []tokenKey{keys.tokenKey()}, []secret{{text: keys.api}}
	config, faults := l.validate(forDev)
	if err := faults.err(); err != nil {
		t.Fatal(err)
	}
	drains := make(told)
	config.HTTP.Drainers = []transport.Drainer{drains}
	s, err := start(config, slog.New(slog.NewTextHandler(io.Discard, nil)), extras{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{Server: s, stop: cancel, done: make(chan error, 1), sign: keys.signer(), key: keys.api, drains: drains}
	go func() { r.done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		_ = r.Close() // a test that cares has looked at its error
	})
	return r
}

func (r *running) client() *apiClient {
	return &apiClient{"http://" + r.Addr(), r.key, &http.Client{Timeout: patience}}
}

// connect opens a WebSocket that is allowed everything.
func (r *running) connect(t *testing.T) (*websocket.Conn, error) {
	t.Helper()
	claims := map[string]any{"scope": "connect", "uid": "u", "exp": time.Now().Add(time.Hour).Unix()}
	if err := addChannel(claims, "*:all"); err != nil {
		t.Fatal(err)
	}
	token, err := r.sign.sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	target, err := socketURL("http://"+r.Addr(), token)
	if err != nil {
		t.Fatal(err)
	}
	return dial(t.Context(), target)
}

func (r *running) ready(t *testing.T) (int, []reason) {
	t.Helper()
	res, err := http.Get("http://" + r.AdminAddr() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body struct {
		Ready   bool
		Reasons []reason
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if body.Ready != (res.StatusCode == http.StatusOK) {
		t.Errorf("ready is %v with status %d", body.Ready, res.StatusCode)
	}
	return res.StatusCode, body.Reasons
}

// A stopping server says so, takes nobody new, and lets those it has go with a code that brings them back.
func TestDrain(t *testing.T) {
	r := run(t, 2*time.Second)
	conn, err := r.connect(t)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if status, _ := r.ready(t); status != http.StatusOK {
		t.Fatalf("not ready: %d", status)
	}
	if err := r.client().do(t.Context(), "POST", "/publish", map[string]any{
		"channel": "a", "event": "hotsock.channelStorageSet", "key": "k", "data": 1}, nil); err != nil {
		t.Fatal(err)
	}

	r.stop()
	select {
	case <-r.drains:
	case <-time.After(patience):
		t.Fatal("it does not drain")
	}
	if status, reasons := r.ready(t); status != http.StatusServiceUnavailable || len(reasons) != 1 || reasons[0].Code != "draining" {
		t.Errorf("readiness is %d %v", status, reasons)
	}
	if late, err := r.connect(t); err == nil {
		late.CloseNow()
		t.Error("a new client got in")
	} else if !strings.Contains(err.Error(), "UNAVAILABLE") {
		t.Errorf("a new client was told %v", err)
	}

	for err == nil {
		_, _, err = conn.Read(t.Context())
	}
	if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway {
		t.Errorf("the client was let go with %v", err)
	}
	if err := <-r.done; err != nil {
		t.Errorf("Run: %v", err)
	}
	report, err := persistence.Verify(r.config.Store.Dir)
	if err != nil || !report.OK() || report.Actors != 1 {
		t.Errorf("what it left: %+v, %v", report, err)
	}
}

// Nothing goes on behind the back of a server that was closed.
func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	r := run(t, 0)
	conn, err := r.connect(t)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close, again: %v", err)
	}
	conn.CloseNow()
	if err := <-r.done; err != nil {
		t.Errorf("Run: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// What a start takes before it fails is given back: the folder can be opened again.
func TestFailedStartLeavesNothing(t *testing.T) {
	r := run(t, 0)
	data := filepath.Join(t.TempDir(), "data")
	l := load(sources{flags: map[string][]string{
		"listen": {r.Addr()}, "admin.listen": {"127.0.0.1:0"}, "data": {data}, "storage.ballast_size": {"1"}}})
	config, _ := l.validate(forDev)
	_, err := start(config, slog.New(slog.NewTextHandler(io.Discard, nil)), extras{})
	if err == nil || !strings.Contains(err.Error(), "is taken by another program") {
		t.Fatalf("a taken port gives %v", err)
	}
	if _, err := persistence.Verify(data); err != nil {
		t.Errorf("the folder is still held: %v", err)
	}
}

func TestBackupWantsAKeyAndAPath(t *testing.T) {
	r := run(t, 0)
	admin := &apiClient{"http://" + r.AdminAddr(), r.key, &http.Client{Timeout: patience}}
	stranger := &apiClient{admin.base, "", admin.http}
	dir := filepath.Join(t.TempDir(), "backup")
	for _, c := range []struct {
		name   string
		api    *apiClient
		body   any
		status int
	}{
		{"no key", stranger, map[string]string{"dir": dir}, 401},
		{"a relative path", admin, map[string]string{"dir": "backup"}, 400},
		{"no path", admin, map[string]string{}, 400},
		{"another member", admin, map[string]string{"dir": dir, "to": "x"}, 400},
		{"as it should be", admin, map[string]string{"dir": dir}, 0},
		{"a second time", admin, map[string]string{"dir": dir}, 409},
	} {
		err := c.api.do(t.Context(), "POST", "/backup", c.body, nil)
		var refused *apiError
		if errors.As(err, &refused) != (c.status != 0) || refused != nil && refused.status != c.status {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if report, err := persistence.Verify(dir); err != nil || !report.OK() {
		t.Errorf("the backup: %+v, %v", report, err)
	}
}

// An error of starting tells what can be done.
func TestExplain(t *testing.T) {
	c := &checked{loaded: load(sources{})}
	for _, e := range []struct {
		err  error
		want string
	}{
		{persistence.ErrInUse, "in use by another server: stop that one, or give another folder with --data"},
		{persistence.ErrNoFolder, "cannot be made: give another one with --data"},
		{persistence.ErrNewerFormat, "written by a newer version of dormouse"},
		{persistence.ErrNotDataFolder, "give a new or empty one with --data"},
		{persistence.ErrCorrupt, "dormouse verify dormouse-data  and restore a backup"},
		{syscall.EADDRINUSE, "port 0 takes a free one"},
		{fs.ErrPermission, "mend its owner and mode"},
		{syscall.EROFS, "cannot be written by this user"},
	} {
		if got := explain(c, fmt.Errorf("open: %w", e.err)); !strings.Contains(got.Error(), e.want) {
			t.Errorf("%v is explained as %q", e.err, got)
		}
	}
}

// SetKeys takes effect for the next token and the next call.
func TestKeysAreReplaced(t *testing.T) {
	r := run(t, 0)
	other, err := openDevKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := load(sources{})
	l.TokenKeys, l.APIKeys = []tokenKey{other.tokenKey()}, []secret{{text: other.api}}
	config, _ := l.validate(forDev)
	if err := r.setKeys(config); err != nil {
		t.Fatal(err)
	}
	if conn, err := r.connect(t); err == nil {
		conn.CloseNow()
		t.Error("the old signing key still works")
	}
	var refused *apiError
	if err := r.client().do(t.Context(), "GET", "/channels/a", nil, nil); !errors.As(err, &refused) || refused.status != 401 {
		t.Errorf("the old API key: %v", err)
	}
	r.sign, r.key = other.signer(), other.api
	if conn, err := r.connect(t); err != nil {
		t.Errorf("the new signing key: %v", err)
	} else {
		conn.CloseNow()
	}
}
