package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"time"
)

// DemoPath is where Demo's handler has to be mounted: it serves this path and all below it.
const DemoPath = "/demo/"

// DemoOptions says what the demo page needs from the server around it.
type DemoOptions struct {
	// Token signs a connect token for one tab. It should carry DemoClaims(uid, name, DemoColor(uid))
	// and live shortly (a minute is plenty): the page fetches a new one before every connection.
	// uid is 1 to 64 characters of A-Z a-z 0-9 _ -, name 1 to 32 characters of any text.
	// Called from many goroutines at once. Required.
	Token func(uid, name string) (token string, err error)

	// Commands are command lines a newcomer can paste into a terminal, shown in this order, each with
	// a button that copies it. None by default.
	Commands []string

	// Logger hears of tokens that could not be signed. slog.Default by default.
	Logger *slog.Logger
}

//go:embed demo
var demoFiles embed.FS

// contentTypes names every kind of file in demo/. The table of the machine is not asked: it may call
// a module text/plain, which browsers then refuse to run.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Demo returns the handler of the demo page, to be mounted at DemoPath on the origin that also serves
// the WebSocket at /v1.
//
// It serves the page at /demo/, its files beside it and GET /demo/session, which answers the page and
// refuses other sites. It needs no cookie and keeps no state but the turn in its list of names.
//
// Demo panics if o.Token is nil. The handler may be used from many goroutines at once.
func Demo(o DemoOptions) http.Handler {
	if o.Token == nil {
		panic("console: DemoOptions.Token is nil")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}

	mux := http.NewServeMux()
	mux.Handle("GET "+DemoPath+"session", newSessions(o))
	entries, err := fs.ReadDir(demoFiles, "demo")
	if err != nil {
		panic(err) // the files are in the binary
	}
	for _, entry := range entries {
		file := openFile(entry.Name())
		mux.Handle("GET "+DemoPath+entry.Name(), file)
		if entry.Name() == "index.html" {
			mux.Handle("GET "+DemoPath+"{$}", file)
		}
	}
	return secure(mux)
}

// A file is one embedded file, ready to be sent.
type file struct {
	name        string
	contentType string
	etag        string
	body        []byte
}

// openFile reads an embedded file. It panics on a kind contentTypes does not know: such a file would
// leave under a guessed type.
func openFile(name string) *file {
	body, err := demoFiles.ReadFile("demo/" + name)
	if err != nil {
		panic(err)
	}
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		panic(fmt.Sprintf("console: no content type for demo/%s", name))
	}
	sum := sha256.Sum256(body)
	return &file{
		name:        name,
		contentType: contentType,
		etag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		body:        body,
	}
}

// ServeHTTP sends the file, or 304 to a browser that has it. Browsers ask every time: a page that
// outlived an upgrade of the server is worse than one small question.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.body))
}

// secure sets the headers every answer of the demo leaves with, errors included.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy(r.Host))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// plainHost is a Host that is safe to repeat inside a policy: a name or address with an optional port,
// nothing that could end one directive and begin another.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.\-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// contentSecurityPolicy allows the page its own files and its own server. The WebSocket's address is
// spelled out as well because older browsers do not count ws: as 'self'.
func contentSecurityPolicy(host string) string {
	connect := "'self'"
	if plainHost.MatchString(host) {
		connect += " ws://" + host + " wss://" + host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " + connect +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; require-trusted-types-for 'script'; trusted-types 'none'"
}
