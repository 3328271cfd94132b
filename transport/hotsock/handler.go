package hotsock

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/actors/limit"
	"dormouse/claims"
)

// A Handler serves the protocol over HTTP: connects on /, /v1 and /v1/, the Client HTTP API under
// /connection/, the publish API on /publish and in the shape of AWS Lambda, the Channels API under /channels/.
// Everything else is 404.
//
// It must see the path as the client wrote it. In particular nothing before it may redirect doubled slashes,
// as an http.ServeMux does: clients make them by joining a base URL that ends in one, and a redirect breaks
// a cross-origin POST. transport.Server sees to that.
//
// Its methods may be called from any goroutine.
type Handler struct {
	o        Options
	connects *limit.Sources
}

// New returns a Handler.
//
// Errors: what [Options.Validate] says.
func New(o Options) (*Handler, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	return &Handler{o: o, connects: limit.NewSources(o.ConnectRate, o.ConnectBurst, o.Listener.SourcesForgotten)}, nil
}

// A route is one call of the HTTP APIs.
type route struct {
	method string
	path   []string // segments; anySegment is a name
	name   string   // for metrics
	key    bool     // it needs an API key
	// scope is what a JWT must be for to stand in the key's place; "": none does.
	scope claims.Scope
	serve func(h *Handler, c *call) error
}

const anySegment = "*"

// clientRoot is the first segment of the Client HTTP API, which pages of any origin call.
const clientRoot = "connection"

// routes is every call. Its paths are matched in this order, one segment after the other.
var routes = slices.Concat([]route{
	{http.MethodPost, []string{"publish"}, "publish", true, claims.ScopePublish, (*Handler).publish},
	{http.MethodPost, []string{"publish", "batch"}, "publish batch", true, claims.ScopePublish, (*Handler).publishBatch},
	{http.MethodGet, []string{"channels", anySegment}, "channel", true, claims.ScopeRead, (*Handler).channelInfo},
	{http.MethodGet, []string{"channels", anySegment, "schedules"}, "channel schedules", true, "", (*Handler).channelSchedules},
	{http.MethodGet, []string{"channels", anySegment, "storage"}, "channel storage", true, claims.ScopeRead, (*Handler).channelStorage},
	{http.MethodPost, []string{"schedules"}, "add schedule", true, "", (*Handler).addSchedule},
	{http.MethodGet, []string{"schedules"}, "schedules", true, "", (*Handler).listSchedules},
	{http.MethodGet, []string{"schedules", anySegment}, "schedule", true, "", (*Handler).getSchedule},
	{http.MethodDelete, []string{"schedules", anySegment}, "cancel schedule", true, "", (*Handler).cancelSchedule},
}, clientRoutes(), manageRoutes(), tailRoutes(), eventRoutes(), invokeRoutes())

// A call is one request to the HTTP APIs.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	ctx   context.Context // ends with the time limit
	names []string        // what stood in the place of each anySegment, unescaped
	by    *claims.Claims  // whose token was shown; nil: an API key was, or the route wants neither
	token string          // the token; "": there is none

	status int
}

// answer sends a JSON body.
func (c *call) answer(status int, body []byte) error {
	c.status = status
	writeJSON(c.w, status, body)
	return nil
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := segments(r.URL.EscapedPath())
	switch {
	case len(path) == 0 && h.o.Fallback != nil && !wantsUpgrade(r):
		h.o.Fallback.ServeHTTP(w, r)
	case len(path) == 0 || len(path) == 1 && path[0] == "v1":
		h.connect(w, r)
	default:
		h.call(w, r, path)
	}
}

// segments splits an escaped path. Empty ones, which doubled slashes leave, count for nothing.
func segments(path string) []string {
	var all []string
	for s := range strings.SplitSeq(path, "/") {
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}

// call serves one request to the HTTP APIs.
func (h *Handler) call(w http.ResponseWriter, r *http.Request, path []string) {
	began := time.Now()
	secure(w.Header())
	if path[0] == clientRoot {
		allowAnyOrigin(w.Header())
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			h.o.Listener.Served("preflight", http.StatusNoContent, time.Since(began))
			return
		}
	}
	// The time limit holds for the body too; a server without deadlines of its own has none to set.
	_ = http.NewResponseController(w).SetReadDeadline(began.Add(h.o.HTTPTimeout))
	ctx, cancel := context.WithTimeout(r.Context(), h.o.HTTPTimeout)
	defer cancel()
	c := &call{w: w, r: r, ctx: ctx}
	name, err := h.route(c, path)
	if err != nil {
		c.status = writeRefusal(w, h.refusal(r, name, err))
	}
	h.o.Listener.Served(name, c.status, time.Since(began))
}

// route finds the route of a call and serves it. It returns the route's name for metrics.
func (h *Handler) route(c *call, path []string) (name string, err error) {
	name, err = "unknown", errNotFound
	var allowed []string
	for i := range routes {
		rt := &routes[i]
		names, ok := rt.match(path)
		if !ok {
			continue
		}
		if c.r.Method != rt.method && (c.r.Method != http.MethodHead || rt.method != http.MethodGet) {
			allowed = append(allowed, rt.method)
			name, err = rt.name, errMethodNotAllowed
			continue
		}
		if rt.key {
			if err := h.authorize(c, rt.scope); err != nil {
				return rt.name, err
			}
		}
		for i, escaped := range names {
			if names[i], err = url.PathUnescape(escaped); err != nil {
				return rt.name, channel.ErrInvalidChannel.With("The path's escapes cannot be read.")
			}
		}
		c.names = names
		return rt.name, rt.serve(h, c)
	}
	if allowed != nil {
		c.w.Header().Set("Allow", strings.Join(allowed, ", "))
	}
	return name, err
}

// match compares a path and returns the segments that are names.
func (rt *route) match(path []string) (names []string, ok bool) {
	if len(path) != len(rt.path) {
		return nil, false
	}
	for i, want := range rt.path {
		if want == anySegment {
			names = append(names, path[i])
		} else if want != path[i] {
			return nil, false
		}
	}
	return names, true
}

// refusal turns an error into what the outside is told, and logs it if it is a fault. The request's query
// and headers hold secrets and are not logged.
func (h *Handler) refusal(r *http.Request, route string, err error) *channel.Error {
	if refused := refusalOf(err); refused != nil {
		return refused
	}
	h.o.Logger.Error("request failed", "route", route, "method", r.Method, "error", err)
	return channel.ErrInternal
}

// origin says where a call comes from. A request id that the caller chose is kept if it is a UUID.
func (h *Handler) origin(c *call, trigger channel.Trigger) actors.Origin {
	id := c.r.Header.Get("X-Request-Id")
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != strings.ToLower(id) {
		id = uuid.NewString()
	}
	c.w.Header().Set("X-Request-Id", id)
	return actors.Origin{Trigger: trigger, SourceIP: h.o.ClientIP(c.r), UserAgent: c.r.UserAgent(), RequestID: id}
}

// secure sets what keeps a browser from taking JSON for anything else, or keeping it.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

// allowAnyOrigin is right where a secret in the request, and no cookie, gives rights.
func allowAnyOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST, GET, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "content-type, authorization")
	h.Set("Access-Control-Max-Age", "86400")
}
