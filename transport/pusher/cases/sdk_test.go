package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dormouse/transport/pusher/pushertest"
)

// A hooked is the receiver of an app's webhooks.
type hooked struct {
	*httptest.Server
	mu       sync.Mutex
	requests []hookRequest
}

// A hookRequest is one webhook, as libraries want to see it.
type hookRequest struct {
	Headers map[string]string `json:"headers"` // lower case
	RawBody string            `json:"rawBody"`

	header http.Header
}

// hook makes a receiver. What it got is listed at GET /.
func hook(t *testing.T) *hooked {
	h := &hooked{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_ = json.NewEncoder(w).Encode(h.all()) // who asks will see
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("a webhook's body: %v", err)
		}
		headers := map[string]string{}
		for name, values := range r.Header {
			headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.requests = append(h.requests, hookRequest{headers, string(body), r.Header})
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hooked) all() []hookRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]hookRequest{}, h.requests...)
}

// webhook is an app's webhook to the receiver, which hears everything.
func (h *hooked) webhook() map[string]any {
	return map[string]any{"url": h.URL, "event_types": []any{
		"channel_occupied", "channel_vacated", "member_added", "member_removed", "client_event", "cache_miss",
	}}
}

// TestClientLibraries: cases X1, X3 and X4. pusher-js, Laravel Echo and the server library of Node.js do what applications
// do with them.
func TestClientLibraries(t *testing.T) {
	dir := pushertest.Project(t)
	if err := os.CopyFS(dir, os.DirFS("suite")); err != nil {
		t.Fatal(err)
	}
	receiver := hook(t)
	a := newApp("a", map[string]any{
		"enableSubscriptionCount": true, "enableStorageEvents": true, "webhookDelayMs": 0, "webhooks": []any{receiver.webhook()},
	})
	s := start(t, nil, a)
	_, port, _ := strings.Cut(s.Listener.Addr().String(), ":")
	app, err := json.Marshal(map[string]string{"id": a.id, "key": a.key, "secret": a.secret})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "main.mjs"), port, string(app), receiver.URL)
	var faults bytes.Buffer
	cmd.Stderr = &faults
	said, err := cmd.Output()
	if err != nil {
		t.Errorf("node: %v", err)
	}
	scenes, ended := 0, ""
	for lines := bufio.NewScanner(bytes.NewReader(said)); lines.Scan(); {
		verdict, name, _ := strings.Cut(lines.Text(), " ")
		if verdict == "played" {
			ended = name
			continue
		}
		scenes++
		t.Run(strings.SplitN(name, ":", 2)[0], func(t *testing.T) {
			if verdict != "ok" {
				t.Error(lines.Text())
			}
		})
	}
	if scenes == 0 || ended != fmt.Sprint(scenes) {
		t.Errorf("%d scenes of %q were played\n%s%s", scenes, ended, said, &faults)
	}
}
