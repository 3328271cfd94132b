package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A pusherHook is one request that came to a receiver of an app's webhooks.
type pusherHook struct {
	path   string
	header http.Header
	body   string
	events []string // each as its JSON text
	bad    string   // what is wrong with it; "": nothing
	said   int      // the status of the answer
}

// A pusherReceiver is a backend that takes webhooks, of one app or several. It remembers everything.
type pusherReceiver struct {
	*httptest.Server
	secrets map[string]string // by key, whose signatures it expects
	answer  http.HandlerFunc  // nil: 200

	mu   sync.Mutex
	came []pusherHook
}

// receivePusher starts one. The apps may be given later, by trusts.
func receivePusher(t testing.TB, answer http.HandlerFunc) *pusherReceiver {
	r := &pusherReceiver{answer: answer, secrets: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.receive))
	t.Cleanup(r.Close)
	return r
}

// trusts has it expect requests of these apps, and of no others.
func (r *pusherReceiver) trusts(list ...*pusherApp) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range list {
		r.secrets[a.key] = a.secret
	}
}

func (r *pusherReceiver) receive(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // the server was killed while it sent
	}
	h := pusherHook{path: q.URL.Path, header: q.Header, body: string(body)}
	var told struct {
		Time   int64             `json:"time_ms"`
		Events []json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(body, &told); err != nil || told.Time == 0 || len(told.Events) == 0 {
		h.bad = fmt.Sprintf("body %s, %v", body, err)
	}
	for _, e := range told.Events {
		h.events = append(h.events, string(e))
	}
	var compact bytes.Buffer
	if json.Compact(&compact, body); compact.String() != string(body) {
		h.bad = "not compact"
	}
	record := httptest.NewRecorder()
	if r.answer != nil {
		r.answer(record, q)
	}
	h.said = record.Code

	r.mu.Lock()
	if secret, known := r.secrets[q.Header.Get("X-Pusher-Key")]; !known {
		h.bad = "key " + q.Header.Get("X-Pusher-Key")
	} else if q.Header.Get("X-Pusher-Signature") != pusherSignature(secret, body) {
		h.bad = "signature " + q.Header.Get("X-Pusher-Signature")
	}
	if q.Header.Get("Content-Type") != "application/json" {
		h.bad = "content type " + q.Header.Get("Content-Type")
	}
	r.came = append(r.came, h)
	r.mu.Unlock()
	w.WriteHeader(h.said)
}

// all returns what came so far, also what was answered with a refusal.
func (r *pusherReceiver) all() []pusherHook {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.came)
}

// taken returns the events that were answered with 200, in their order. A request that comes again, since the server
// was killed before it had taken note of the answer, is known by its id and taken once.
func (r *pusherReceiver) taken(t testing.TB) []string {
	t.Helper()
	var events []string
	known := map[string]bool{}
	for _, h := range r.all() {
		if h.bad != "" {
			t.Fatalf("a request is not as it should be: %s", h.bad)
		}
		if id := h.header.Get("X-Webhook-Id"); h.said == http.StatusOK && !known[id] {
			known[id] = true
			events = append(events, h.events...)
		}
	}
	return events
}

// gets waits until exactly these events were taken, in this order.
func (r *pusherReceiver) gets(t testing.TB, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for {
		got := r.taken(t)
		if slices.Equal(got, want) {
			return
		}
		if len(got) > len(want) || pause(ctx, pollEvery) != nil {
			t.Fatalf("webhooks took\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// hookEvent is an event's JSON text: its name, its channel, and what follows these.
func hookEvent(name, channel, rest string) string {
	return fmt.Sprintf(`{"name":%q,"channel":%q%s}`, name, channel, rest)
}
