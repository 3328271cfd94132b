package schematest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// A Tap is a proxy before a server that checks every call which goes through it, as soon as its answer has ended.
// A WebSocket goes through unchecked. report, which may be called from any goroutine, gets what is wrong.
type Tap struct {
	checker *Checker
	proxy   *httputil.ReverseProxy
	report  func(error)
}

// NewTap returns a Tap before the server at a host:port.
func NewTap(c *Checker, server string, report func(error)) *Tap {
	target := &url.URL{Scheme: "http", Host: server}
	return &Tap{c, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.RawPath, r.Out.URL.RawQuery = r.In.URL.RawPath, r.In.URL.RawQuery
		},
		FlushInterval: -1, // what comes bit by bit goes on so
	}, report}
}

// ServeHTTP passes a call on, and checks it.
func (t *Tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		t.proxy.ServeHTTP(w, r)
		return
	}
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	method, target := r.Method, r.URL.RequestURI()
	r.Body = io.NopCloser(bytes.NewReader(asked))
	answer := &answer{ResponseWriter: w, status: http.StatusOK}
	t.proxy.ServeHTTP(answer, r)
	x := &Exchange{method, target, asked, answer.status, w.Header().Get("Content-Type"), answer.body.Bytes()}
	if err := t.checker.Exchange(x); err != nil {
		t.report(err)
	}
}

// An answer is written on, and kept.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.body.Write(b)
	return a.ResponseWriter.Write(b)
}

// Unwrap lets the proxy flush.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
