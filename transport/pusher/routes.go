package pusher

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dormouse/actors/limit"
	"dormouse/transport/ws"
)

// A Handler serves the WebSockets and the HTTP API of every app, and what load balancers ask. Its methods may be called
// from many goroutines at once.
//
// It must see a request's path as the client wrote it, which is what was signed.
type Handler struct {
	o        Options
	acceptor *ws.Acceptor
	present  presentApps
	tallies  tallies
	limits   windows
	connects *limit.Sources
}

// New returns a Handler; Close releases it.
//
// Errors: what [Options.Validate] says.
func New(o Options) (*Handler, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	h := &Handler{
		o: o, acceptor: ws.NewAcceptor(o.sockets()),
		connects: limit.NewSources(o.ConnectRate, o.ConnectBurst, o.Listener.SourcesForgotten),
	}
	h.present.apps, h.present.engine, h.present.tallies = o.Apps, o.engine, &h.tallies
	return h, nil
}

// A route is one call of the HTTP API.
type route struct {
	method string
	path   []string // segments; anySegment is a name
	name   string   // for metrics
	class  class    // whose limit it counts against
	// signed says that the first name is an app's id, and that the call must be signed by it.
	signed bool
	serve  func(h *Handler, c *call) error
}

const anySegment = "*"

// routes is every call.
//
// Source: Pusher docs, HTTP API; storage is our own, and those without signature are other servers'.
var routes = []route{
	{http.MethodPost, []string{"apps", anySegment, "events"}, "publish", backendEvents, true, (*Handler).publish},
	{http.MethodPost, []string{"apps", anySegment, "batch_events"}, "publish batch", backendEvents, true, (*Handler).publishBatch},
	{http.MethodGet, []string{"apps", anySegment, "channels"}, "channels", reads, true, (*Handler).channels},
	{http.MethodGet, []string{"apps", anySegment, "channels", anySegment}, "channel", reads, true, (*Handler).channel},
	{http.MethodGet, []string{"apps", anySegment, "channels", anySegment, "users"}, "members", reads, true, (*Handler).members},
	{http.MethodGet, []string{"apps", anySegment, "channels", anySegment, "storage"}, "entries", reads, true, (*Handler).entries},
	{http.MethodGet, []string{"apps", anySegment, "channels", anySegment, "storage", anySegment}, "entry", reads, true, (*Handler).entry},
	{http.MethodPut, []string{"apps", anySegment, "channels", anySegment, "storage", anySegment}, "put entry", backendEvents, true, (*Handler).putEntry},
	{http.MethodDelete, []string{"apps", anySegment, "channels", anySegment, "storage", anySegment}, "delete entry", backendEvents, true, (*Handler).deleteEntry},
	{http.MethodPost, []string{"apps", anySegment, "users", anySegment, "terminate_connections"}, "terminate", unlimited, true, (*Handler).terminate},
	{http.MethodGet, nil, "root", unlimited, false, (*Handler).root},
	{http.MethodGet, []string{"ready"}, "ready", unlimited, false, (*Handler).ready},
	{http.MethodGet, []string{"accept-traffic"}, "accept traffic", unlimited, false, (*Handler).acceptTraffic},
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

// takes says whether the route is for a method.
func (rt *route) takes(method string) bool {
	return method == rt.method || method == http.MethodHead && rt.method == http.MethodGet
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := h.o.now()
	for name, values := range h.o.CORS {
		w.Header()[name] = values
	}
	c := &call{w: w, r: r, path: rawPath(r), began: began}
	path, ok := h.path(c)
	if ok && len(path) == 2 && path[0] == "app" {
		h.connect(w, r, unescapedSegment(path[1]))
		return
	}
	rt, allowed := h.find(c, path, ok)
	name := "unknown"
	switch {
	case rt != nil:
		name = rt.name
		h.serve(c, rt)
	case allowed == nil:
		c.status = http.StatusNotFound
		w.WriteHeader(c.status)
	case r.Method == http.MethodOptions:
		name, c.status = "preflight", http.StatusNoContent
		w.WriteHeader(c.status)
	default:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		c.refuse(refuseMethod.error(), http.StatusMethodNotAllowed)
	}
	id := ""
	if c.verified {
		id = c.app.ID
		h.tallies.of(id).called(len(c.body), c.sent)
	}
	h.o.Listener.Served(name, id, c.status, len(c.body), c.sent, h.o.now().Sub(began))
}

// serve serves a call whose route is known.
func (h *Handler) serve(c *call, rt *route) {
	// The time limit holds for the body too; a server without deadlines of its own has none to set.
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Now().Add(h.o.HTTPTimeout))
	ctx, cancel := context.WithTimeout(c.r.Context(), h.o.HTTPTimeout)
	defer cancel()
	c.ctx, c.class = ctx, rt.class
	var err error
	if rt.signed {
		err = h.authorize(c)
	}
	if err == nil {
		err = rt.serve(h, c)
	}
	if err != nil {
		h.refuse(c, rt, err)
	}
}

// path returns the segments of a call's path behind the prefix, still escaped; false: it is none of this protocol's.
func (h *Handler) path(c *call) ([]string, bool) {
	rest, ok := strings.CutPrefix(c.path, h.o.PathPrefix)
	if !ok || rest != "" && rest[0] != '/' {
		return nil, false
	}
	return segments(rest), true
}

// unescapedSegment is the name that a segment stands for. SDKs that escape nothing may send what cannot be unescaped.
func unescapedSegment(s string) string {
	if name, err := url.PathUnescape(s); err == nil {
		return name
	}
	return s
}

// find returns the route of a call, or which methods its path takes, none if there is no such path.
func (h *Handler) find(c *call, path []string, ok bool) (rt *route, allowed []string) {
	if !ok {
		return nil, nil
	}
	for i := range routes {
		rt := &routes[i]
		names, ok := rt.match(path)
		if !ok {
			continue
		}
		if !rt.takes(c.r.Method) {
			allowed = append(allowed, rt.method)
			continue
		}
		for _, escaped := range names {
			c.names = append(c.names, unescapedSegment(escaped))
		}
		return rt, nil
	}
	return nil, allowed
}

// rawPath is a request's path as it was written, which is what was signed.
func rawPath(r *http.Request) string {
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/") {
		return path
	}
	return r.URL.EscapedPath()
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
