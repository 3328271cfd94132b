package pusher

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"dormouse/claims"
)

// The defaults of [Options].
const (
	// DefaultMaxBody bounds an HTTP body: a batch of ten events of the greatest size, escaped, and much more.
	DefaultMaxBody = 10 << 20
	// DefaultTimestampTolerance is how far a caller's clock may be off, and for how long a call that somebody has
	// overheard can be repeated.
	DefaultTimestampTolerance = 600 * time.Second
	// DefaultHTTPTimeout bounds one HTTP call, the lookup of its app and the reading of its body included.
	DefaultHTTPTimeout = 10 * time.Second
	// DefaultMemoryThreshold leaves room for the connections that there are.
	DefaultMemoryThreshold = 85
	// DefaultCacheTTL is for how long a cache channel keeps its last event.
	DefaultCacheTTL = time.Hour
)

// Options configures a [Handler]. Apps and Engine are required; every other zero value works.
type Options struct {
	// Apps is where apps are looked up.
	Apps claims.Apps
	// Engine does what is asked for.
	Engine Engine

	// PathPrefix is what stands before every path, such as /rt: with a slash at its beginning and none at its end.
	// Default: nothing.
	PathPrefix string
	// MaxBody is the most bytes of an HTTP body. Default DefaultMaxBody.
	MaxBody int
	// TimestampTolerance is how far from now a call's auth_timestamp may be, in whole seconds. Default
	// DefaultTimestampTolerance; negative: as far as it likes, so that an overheard call can be repeated for ever.
	TimestampTolerance time.Duration
	// HTTPTimeout bounds one HTTP call. Default DefaultHTTPTimeout.
	HTTPTimeout time.Duration
	// CacheTTL is for how long a cache channel keeps its last event. Default DefaultCacheTTL.
	CacheTTL time.Duration
	// CORS are the headers of every answer that say which pages may read it. Default: those of DefaultCORS.
	// An empty one that is not nil: none.
	CORS http.Header

	// Memory says how many bytes the process has and how many it may have. Default: 0 of 0, which is never too much.
	Memory func() (used, total uint64)
	// MemoryThreshold is the percentage beyond which load balancers are told to go elsewhere. Default
	// DefaultMemoryThreshold.
	MemoryThreshold int
	// Draining says that the server stops, so that load balancers are told. Default: never.
	Draining func() bool
	// Listener hears what happens.
	Listener Listener
	// Logger gets faults, at level Error. Default slog.Default.
	Logger *slog.Logger

	now func() time.Time
}

// DefaultCORS lets pages of every origin read every answer: a signature, and no cookie, is what gives rights.
var DefaultCORS = http.Header{
	"Access-Control-Allow-Origin":  {"*"},
	"Access-Control-Allow-Methods": {"GET, POST, PUT, DELETE, OPTIONS"},
	"Access-Control-Allow-Headers": {"Origin, Content-Type, X-Auth-Token, X-Requested-With, Accept, Authorization, X-CSRF-TOKEN, XSRF-TOKEN, X-Socket-Id"},
}

// A Listener is a set of functions that metrics hang on; nil ones are not called. They are called from many
// goroutines at once and must not block.
type Listener struct {
	// Served: an HTTP call ended. route is one of a few names. appID is that of an app whose signature was good, ""
	// if none was; received and sent are the bytes of the bodies.
	Served func(route, appID string, status, received, sent int, took time.Duration)
	// Limited: a call was refused since its app has used up what it may do in a second.
	Limited func(appID string)
}

// EnsureDefaults puts the default in the place of every zero field that has one.
func (o *Options) EnsureDefaults() {
	setDefault(&o.MaxBody, DefaultMaxBody)
	setDefault(&o.TimestampTolerance, DefaultTimestampTolerance)
	setDefault(&o.HTTPTimeout, DefaultHTTPTimeout)
	setDefault(&o.CacheTTL, DefaultCacheTTL)
	setDefault(&o.MemoryThreshold, DefaultMemoryThreshold)
	if o.Memory == nil {
		o.Memory = func() (used, total uint64) { return 0, 0 }
	}
	if o.CORS == nil {
		o.CORS = DefaultCORS
	}
	if o.Draining == nil {
		o.Draining = func() bool { return false }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.Listener.Served == nil {
		o.Listener.Served = func(string, string, int, int, int, time.Duration) {}
	}
	if o.Listener.Limited == nil {
		o.Listener.Limited = func(string) {}
	}
}

// Validate names every wrong field at once. Zero fields are wrong only where they are required.
func (o *Options) Validate() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("pusher: "+format, args...))
		}
	}
	wrong(o.Apps == nil, "Apps is missing")
	wrong(o.Engine == nil, "Engine is missing")
	wrong(o.PathPrefix != "" && (!strings.HasPrefix(o.PathPrefix, "/") || strings.HasSuffix(o.PathPrefix, "/")),
		"PathPrefix is %q, want a slash at its beginning and none at its end", o.PathPrefix)
	wrong(o.MaxBody < 0, "MaxBody is %d, must not be negative", o.MaxBody)
	wrong(o.TimestampTolerance > 0 && o.TimestampTolerance < time.Second, "TimestampTolerance is %v, want 1s or more", o.TimestampTolerance)
	wrong(o.HTTPTimeout < 0, "HTTPTimeout is %v, must not be negative", o.HTTPTimeout)
	wrong(o.MemoryThreshold < 1 || o.MemoryThreshold > 100, "MemoryThreshold is %d, want 1 to 100", o.MemoryThreshold)
	wrong(o.CacheTTL < 0, "CacheTTL is %v, must not be negative", o.CacheTTL)
	return errors.Join(errs...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
