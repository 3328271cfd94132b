package pusher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// ManagePath is where the handler of [Handler.Manage] has to be mounted: it serves this path and all below it.
const ManagePath = "/admin/apps"

// Manage returns what those who run the server look on by: which apps there are, and who is in them. Nothing that it
// answers is a secret, and nothing is changed by it. Every call wants an API key as a bearer token; key says whether a
// text is one, and may be called from many goroutines at once.
//
// It must see the path as the client wrote it, as Handler.
func (h *Handler) Manage(key func(text string) bool) http.Handler { return &manager{h, key} }

// ManageCalls returns the calls of [Handler.Manage], as "GET /admin/apps/*": a method, and a path in which "*" stands
// for a name.
func ManageCalls() []string {
	all := make([]string, len(manageRoutes))
	for i := range manageRoutes {
		all[i] = http.MethodGet + " " + strings.Join(append([]string{ManagePath}, manageRoutes[i].path...), "/")
	}
	return all
}

type manager struct {
	h   *Handler
	key func(string) bool
}

// A manageRoute is one of these calls, which are all GET. Its first name is an app's id.
type manageRoute struct {
	path  []string // segments behind ManagePath
	name  string   // for metrics
	serve func(m *manager, c *manageCall) (any, error)
}

var manageRoutes = []manageRoute{
	{nil, "manage apps", (*manager).apps},
	{[]string{anySegment}, "manage app", (*manager).app},
	{[]string{anySegment, "channels"}, "manage channels", (*manager).channels},
	{[]string{anySegment, "channels", anySegment}, "manage channel", (*manager).channel},
	{[]string{anySegment, "channels", anySegment, "users"}, "manage users", (*manager).users},
	{[]string{anySegment, "channels", anySegment, "storage"}, "manage storage", (*manager).storage},
}

// A manageCall is one request.
type manageCall struct {
	ctx   context.Context // ends with the time limit
	names []string        // what stood in the place of each anySegment, unescaped
	query url.Values
	limit int // of a page
}

// The refusals of these calls have the form and the codes of the server's other calls for those who run it.
var (
	errKeyRequired   = channel.ErrUnauthorized.With("An API key is required: Authorization: Bearer <key>.")
	errNothingHere   = &channel.Error{Code: "NOT_FOUND", Message: "There is nothing here."}
	errNotGet        = &channel.Error{Code: "METHOD_NOT_ALLOWED", Message: "This path takes GET only."}
	errTableIsSilent = channel.ErrUnavailable.With("The app cannot be looked up now: the place where apps are kept does not answer.")
)

// manageStatuses are by code; others are of channel's faults, and 500.
var manageStatuses = map[string]int{
	errKeyRequired.Code: http.StatusUnauthorized, errNothingHere.Code: http.StatusNotFound, errNotGet.Code: http.StatusMethodNotAllowed,
	errTableIsSilent.Code: http.StatusServiceUnavailable, channel.ErrReadOnly.Code: http.StatusServiceUnavailable,
	channel.ErrInvalidMessage.Code: http.StatusBadRequest,
}

// The answers' pages.
const (
	manageLimit    = 100 // of items, and how many there are without a word
	retryAppsAfter = "5" // seconds
)

// ServeHTTP serves one request.
func (m *manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := m.h.o.now()
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		w.Header().Set(name, value)
	}
	ctx, cancel := context.WithTimeout(r.Context(), m.h.o.HTTPTimeout)
	defer cancel()
	name, answer, err := m.answer(ctx, r)
	status, body := http.StatusOK, []byte(nil)
	if err == nil {
		body, err = manageBody(answer)
	}
	if err != nil {
		answer, status = m.refuse(w, name, err)
		body, _ = manageBody(answer) // words of ours
	}
	w.WriteHeader(status)
	sent, _ := w.Write(body) // a client that is gone is told nothing
	m.h.o.Listener.Served(name, "", status, 0, sent, m.h.o.now().Sub(began))
}

// manageBody writes an answer. What others said in it stays as they wrote it.
func manageBody(answer any) ([]byte, error) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	err := e.Encode(answer)
	return body.Bytes(), err
}

// answer finds the route of a request and serves it.
func (m *manager) answer(ctx context.Context, r *http.Request) (name string, answer any, err error) {
	rest, _ := strings.CutPrefix(rawPath(r), ManagePath)
	path := segments(rest)
	for i := range manageRoutes {
		rt := &manageRoutes[i]
		names, ok := (&route{path: rt.path}).match(path)
		if !ok {
			continue
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return rt.name, nil, errNotGet
		}
		if key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !m.key(key) {
			return rt.name, nil, errKeyRequired
		}
		c := &manageCall{ctx: ctx, query: r.URL.Query(), limit: manageLimit}
		for _, escaped := range names {
			c.names = append(c.names, unescapedSegment(escaped))
		}
		if text := c.query.Get("limit"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return rt.name, nil, channel.ErrInvalidMessage.With("limit must be a whole number.")
			}
			c.limit = min(max(n, 1), manageLimit)
		}
		answer, err := rt.serve(m, c)
		return rt.name, answer, err
	}
	return "unknown", nil, errNothingHere
}

// refuse returns what the outside is told of err, and logs what is the server's fault.
func (m *manager) refuse(w http.ResponseWriter, name string, err error) (answer any, status int) {
	var refused *channel.Error
	switch {
	case errors.As(err, &refused):
	case errors.Is(err, claims.ErrNoApp):
		refused = errNothingHere.With("There is no such app.")
	case errors.Is(err, claims.ErrAppsUnavailable):
		refused = errTableIsSilent
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		refused = channel.ErrUnavailable.With("This was not answered in time.")
	default:
		m.h.o.Logger.Error("request failed", "route", name, "error", err)
		refused = channel.ErrInternal
	}
	status, known := manageStatuses[refused.Code]
	if !known {
		status = http.StatusInternalServerError
	}
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAppsAfter)
	}
	return map[string]any{"error": map[string]string{"code": refused.Code, "message": refused.Message}}, status
}
