package console

import (
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Path is where Console's handler has to be mounted: it serves this path and all below it.
const Path = "/console/"

// Options says what the console needs from the server around it.
type Options struct {
	// Key reports whether a text is one of the server's API keys. Called from many goroutines at once.
	// Required.
	Key func(key string) bool

	// Counts returns what the server has counted since it began. It is called once a second at most,
	// however many look on, by one goroutine at a time. Required.
	Counts func() Counts

	// Ready returns credentials for whoever opens the page, so that nothing need be pasted. Only a server
	// for development has it: everybody who reaches the page by a loopback address gets them, and nobody
	// by another. uid is 1 to 64 characters of A-Z a-z 0-9 _ -, umd nil or JSON of 1 KiB at most; the
	// token should be good to connect and to update umd. nil: nothing is ready.
	Ready func(uid string, umd json.RawMessage) (Ready, error)

	// Sign returns a token with the claims that somebody wrote on the page: any bytes, of 16 KiB at most. Its error
	// is told to them, so it says what is wrong with the claims. Only a server for development has it, and whom it
	// serves is as with Ready. Called from many goroutines at once. nil: nothing is signed.
	Sign func(claims json.RawMessage) (token string, err error)

	// Logger hears of credentials that could not be made. slog.Default by default.
	Logger *slog.Logger
}

// Counts is what a console draws its charts from. Each is a total since the server began, but for
// Connections, Guests and Channels, which are as of now.
type Counts struct {
	Messages    uint64 `json:"messages"`   // that were published
	Sets        uint64 `json:"sets"`       // writes to channel storage
	Deliveries  uint64 `json:"deliveries"` // frames that channels handed to subscribers
	Refusals    uint64 `json:"refusals"`   // commands that were refused
	Connections int    `json:"connections"`
	Guests      int    `json:"guests"`   // of Connections those of Pusher clients
	Channels    int    `json:"channels"` // in memory
	// Commits are the seconds that writes waited until they were durable.
	Commits Histogram `json:"commits"`
}

// A Histogram counts what was at most as large as each of its bounds; Counts has one element more than
// Bounds, for everything.
type Histogram struct {
	Bounds []float64 `json:"bounds"`
	Counts []uint64  `json:"counts"`
}

//go:embed page
var pageFiles embed.FS

// Console returns the handler of the console, to be mounted at Path on the origin that also serves the
// WebSocket at /v1 and the HTTP APIs.
//
// It serves the page at /console/ and its files beside it, GET /console/counts to who has an API key, GET
// /console/ready with o.Ready, and POST /console/token with o.Sign. The page itself holds no secret: what it may do is what the token and
// the API key that its user pastes may do. It panics if Key or Counts is nil.
//
// The handler may be used from many goroutines at once.
func Console(o Options) http.Handler {
	if o.Key == nil || o.Counts == nil {
		panic("console: Options.Key or Options.Counts is nil")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	mux := http.NewServeMux()
	mountFiles(mux, Path, pageFiles, "page", head{"Console", []string{"console.css", "log.css", "server.css"}, "console.js"})
	mux.Handle("GET "+Path+"counts", &counter{o: o, now: time.Now})
	mux.HandleFunc("GET "+Path+"ready", o.ready)
	mux.HandleFunc("POST "+Path+"token", o.sign)
	return secure(mux)
}

// countsAge is how old counts may be before they are taken anew: many who look on cost as much as one.
const countsAge = time.Second

// A counter answers GET /console/counts with {"at":…,"counts":{…}}, at in milliseconds since 1970. It wants
// an API key.
type counter struct {
	o   Options
	now func() time.Time

	mu     sync.Mutex
	at     time.Time
	counts Counts
}

// ServeHTTP answers 200 with counts, 401 without an API key.
func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !c.o.Key(key) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeError(w, http.StatusUnauthorized, "UNAUTHORIZED", "An API key is required: Authorization: Bearer <key>.")
		return
	}
	at, counts := c.take()
	writeJSON(w, http.StatusOK, map[string]any{"at": at.UnixMilli(), "counts": counts})
}

func (c *counter) take() (time.Time, Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); c.at.IsZero() || now.Sub(c.at) >= countsAge {
		c.at, c.counts = now, c.o.Counts()
	}
	return c.at, c.counts
}
