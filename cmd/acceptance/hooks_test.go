package acceptance

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// hookSecret signs webhooks, as Standard Webhooks writes secrets.
const hookSecret = "whsec_" + "YWNjZXB0YW5jZS1zZWNyZXQtb2YtMzItYnl0ZXMtbG8="

// A hookCall is one request that came to a receiver of webhooks.
type hookCall struct {
	id    string
	event backendEvent
	body  []byte
	bad   string // what is wrong with its signature; "": nothing
	said  int    // the status of the answer
}

// A backendEvent is the envelope of an event.
type backendEvent struct {
	Source, Type, DataType string
	Metadata               map[string]string
	Data                   json.RawMessage
}

// A hooks is a receiver of webhooks that remembers everything.
type hooks struct {
	*httptest.Server
	answer func(call int, e *backendEvent) int // nil: 200

	mu    sync.Mutex
	calls []hookCall
}

func newHooks(t testing.TB, answer func(call int, e *backendEvent) int) *hooks {
	h := &hooks{answer: answer}
	h.Server = httptest.NewServer(http.HandlerFunc(h.receive))
	t.Cleanup(h.Close)
	return h
}

func (h *hooks) receive(w http.ResponseWriter, r *http.Request) {
	c := hookCall{id: r.Header.Get("webhook-id"), said: 200}
	var err error
	if c.body, err = io.ReadAll(r.Body); err != nil {
		return // the server was killed while it sent
	}
	c.bad = wrongWith(r.Header, c.body)
	if err := described().Event(c.body); err != nil && c.bad == "" {
		c.bad = "not as the documents say: " + err.Error()
	}
	if err := json.Unmarshal(c.body, &c.event); err != nil {
		c.bad = err.Error()
	}
	h.mu.Lock()
	if h.answer != nil {
		c.said = h.answer(len(h.calls)+1, &c.event)
	}
	h.calls = append(h.calls, c)
	h.mu.Unlock()
	w.WriteHeader(c.said)
}

// wrongWith checks a signature as a receiver should: over id, timestamp and body, and not too old.
func wrongWith(header http.Header, body []byte) string {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return "timestamp " + timestamp
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookSecret, "whsec_"))
	if err != nil {
		return err.Error()
	}
	m := hmac.New(sha256.New, secret)
	fmt.Fprintf(m, "%s.%s.%s", id, timestamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
	if !slices.Contains(strings.Fields(header.Get("webhook-signature")), want) {
		return "signature " + header.Get("webhook-signature")
	}
	return ""
}

// settings send every event here.
func (h *hooks) settings() settings {
	return settings{"events.webhooks": []any{map[string]any{"name": "hooks", "url": h.URL, "secret": hookSecret, "allow_private": true}}}
}

// all returns what has come so far.
func (h *hooks) all() []hookCall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.calls)
}

// wait returns all calls as soon as enough says so.
func (h *hooks) wait(t testing.TB, enough func([]hookCall) bool) []hookCall {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for {
		calls := h.all()
		if enough(calls) {
			return calls
		}
		if pause(ctx, pollEvery) != nil {
			var got []string
			for _, c := range calls {
				got = append(got, fmt.Sprintf("%s %s", c.event.Type, c.event.Data))
			}
			t.Fatalf("what was waited for has not come; these have:\n%s", strings.Join(got, "\n"))
		}
	}
}

// of returns the types of a channel's events, or of those of no channel, in the order in which they came.
func typesOf(calls []hookCall, channel string) []string {
	var types []string
	for _, c := range calls {
		if c.event.Metadata["channel"] == channel {
			types = append(types, strings.TrimPrefix(c.event.Type, "hotsock."))
		}
	}
	return types
}
