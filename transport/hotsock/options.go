package hotsock

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"dormouse/actors"
	"dormouse/transport/sigv4"
	"dormouse/transport/ws"
)

// The defaults of [Options]. Each is a cap, and says which abuse it stops.
const (
	// DefaultMaxData bounds the data of one message or entry; every subscriber has to take it.
	DefaultMaxData = 256 << 10
	// envelopeSize is how much longer than its data a body may be: names, a token, white space.
	envelopeSize = 64 << 10
	// DefaultMaxBatchBody bounds a batch of messages.
	DefaultMaxBatchBody = 4 << 20
	// DefaultMaxURL bounds the address of a connect: a token as large as any may be, and some more.
	DefaultMaxURL = 66 << 10
	// DefaultMaxPending bounds the commands of one connection that wait for answers, and so what one
	// client can put into the engine's mailboxes.
	DefaultMaxPending = 64
	// maxMaxPending is what a refused frame can wait for without the waiting becoming work.
	maxMaxPending = 1 << 12
	// DefaultHTTPTimeout bounds one HTTP call, the reading of its body included.
	DefaultHTTPTimeout = 5 * time.Second
	// DefaultMaxTailTime ends a tail that somebody has forgotten.
	DefaultMaxTailTime = 10 * time.Minute
	// DefaultMaxRateRefusals is how many frames over FrameRate a client may send within
	// rateRefusalWindow before it is no longer worth an answer.
	DefaultMaxRateRefusals = 100
	rateRefusalWindow      = 10 * time.Second
)

// Options configures a [Handler]. System and Acceptor are required; every other zero value works.
type Options struct {
	// System is the engine.
	System *actors.System
	// App is the id of the app that everything on this handler belongs to.
	App string
	// Acceptor makes the WebSocket connections. For clients that send their token as a subprotocol, its
	// Subprotocols must name [Subprotocol].
	Acceptor *ws.Acceptor
	// Keys open the publish API and the Channels API. nil: nothing does.
	Keys *Keys
	// AccessKeys open the publish API in the shape of AWS Lambda's, to requests that are signed. nil: nothing does.
	AccessKeys *sigv4.Keys

	// MaxData is the most bytes of data in one message or entry, as compact JSON. It should be the
	// engine's. Default DefaultMaxData.
	MaxData int
	// MaxUID and MaxUMD are how many characters the uid and how many bytes the umd of a backend's reaction
	// may have. They should be those of tokens. Default 128 and 1,024.
	MaxUID, MaxUMD int
	// MaxBody is the most bytes of an HTTP body. Default MaxData and 64 KiB.
	MaxBody int
	// MaxBatchBody is the most bytes of a batch's body. Default DefaultMaxBatchBody.
	MaxBatchBody int
	// MaxURL is the most bytes of a connect's path and query, its token among them. Default DefaultMaxURL.
	MaxURL int
	// MaxPending is how many commands of one connection may wait for answers before no more are read
	// from it. At most 4096. Default DefaultMaxPending.
	MaxPending int
	// HTTPTimeout bounds one HTTP call, and the decision on one connect. Default DefaultHTTPTimeout.
	HTTPTimeout time.Duration
	// MaxTailTime ends a tail, in whole seconds. Default DefaultMaxTailTime.
	MaxTailTime time.Duration

	// FrameRate is how many frames a second one connection may send in the long run, and FrameBurst how
	// many at once (0: as many as FrameRate, at least 1). Frames over it are refused with RATE_LIMITED.
	// Default 0: any number.
	FrameRate  float64
	FrameBurst int
	// MaxRateRefusals is how many refusals for FrameRate within 10 s end the connection with 1008.
	// Default DefaultMaxRateRefusals.
	MaxRateRefusals int
	// ConnectRate is how many connects a second one address may try in the long run, and ConnectBurst
	// how many at once (0: as many as ConnectRate, at least 1); an IPv6 address stands for its /64. More
	// are refused with 429. Default 0: any number.
	ConnectRate  float64
	ConnectBurst int

	// ClientIP says where a request comes from, without a port. Default: the address that the socket
	// knows, which behind a proxy is the proxy's.
	ClientIP func(r *http.Request) string
	// Draining says that the server stops, so that connects are refused with 503. Default: never.
	Draining func() bool
	// Fallback serves / to those who do not ask for a WebSocket, such as people with browsers.
	// Default: they are told that they should.
	Fallback http.Handler

	// Listener hears what happens.
	Listener Listener
	// Logger gets faults, at level Error, and at level Warn the refusals that nobody waits for. Default
	// slog.Default.
	Logger *slog.Logger

	engine engine // System, or what tests put in its place
	now    func() time.Time
}

// A Listener is a set of functions that metrics hang on; nil ones are not called. They are called from many
// goroutines at once and must not block. code is one of [Codes], so that their number is bounded.
type Listener struct {
	Connect func(code string, took time.Duration)              // a connect was decided; "" is admitted
	Refused func(code string)                                  // a frame was refused before the engine saw it
	Served  func(route string, status int, took time.Duration) // an HTTP call ended
	// Waits: no more is read from a client, WaitsForAnswers or WaitsForClient; then false once for it, when reading
	// goes on or the client is gone.
	Waits func(why string, waits bool)
	// SourcesForgotten: clients came from more addresses at once than ConnectRate remembers, and all were forgotten.
	SourcesForgotten func()
}

// Why no more is read from a client.
const (
	WaitsForAnswers = "answers" // MaxPending of its commands have none yet
	WaitsForClient  = "client"  // it does not read the answers that it asked for
)

// EnsureDefaults puts the default in the place of every zero field that has one.
func (o *Options) EnsureDefaults() {
	setDefault(&o.MaxData, DefaultMaxData)
	setDefault(&o.MaxUID, 128)
	setDefault(&o.MaxUMD, 1<<10)
	setDefault(&o.MaxBody, o.MaxData+envelopeSize)
	setDefault(&o.MaxBatchBody, DefaultMaxBatchBody)
	setDefault(&o.MaxURL, DefaultMaxURL)
	setDefault(&o.MaxPending, DefaultMaxPending)
	setDefault(&o.HTTPTimeout, DefaultHTTPTimeout)
	setDefault(&o.MaxTailTime, DefaultMaxTailTime)
	setDefault(&o.MaxRateRefusals, DefaultMaxRateRefusals)
	setDefault(&o.FrameBurst, max(1, int(o.FrameRate)))
	setDefault(&o.ConnectBurst, max(1, int(o.ConnectRate)))
	if o.Keys == nil {
		o.Keys = new(Keys)
	}
	if o.AccessKeys == nil {
		o.AccessKeys = new(sigv4.Keys)
	}
	if o.ClientIP == nil {
		o.ClientIP = remoteIP
	}
	if o.Draining == nil {
		o.Draining = func() bool { return false }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.engine == nil && o.System != nil {
		o.engine = system{o.System}
	}
	if o.now == nil {
		o.now = time.Now
	}
	o.Listener.ensureDefaults()
}

func (l *Listener) ensureDefaults() {
	if l.Connect == nil {
		l.Connect = func(string, time.Duration) {}
	}
	if l.Refused == nil {
		l.Refused = func(string) {}
	}
	if l.Waits == nil {
		l.Waits = func(string, bool) {}
	}
	if l.SourcesForgotten == nil {
		l.SourcesForgotten = func() {}
	}
	if l.Served == nil {
		l.Served = func(string, int, time.Duration) {}
	}
}

// Validate names every wrong field at once. Zero fields are wrong only where they are required.
func (o *Options) Validate() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("hotsock: "+format, args...))
		}
	}
	wrong(o.System == nil && o.engine == nil, "System is missing")
	wrong(o.Acceptor == nil, "Acceptor is missing")
	wrong(o.MaxUID < 0, "MaxUID is %d, must not be negative", o.MaxUID)
	wrong(o.MaxUMD < 0, "MaxUMD is %d, must not be negative", o.MaxUMD)
	wrong(o.MaxData < 0, "MaxData is %d, must not be negative", o.MaxData)
	wrong(o.MaxBody < 0, "MaxBody is %d, must not be negative", o.MaxBody)
	wrong(o.MaxBatchBody < 0, "MaxBatchBody is %d, must not be negative", o.MaxBatchBody)
	wrong(o.MaxURL < 0, "MaxURL is %d, must not be negative", o.MaxURL)
	wrong(o.MaxPending < 0 || o.MaxPending > maxMaxPending, "MaxPending is %d, want 0 to %d", o.MaxPending, maxMaxPending)
	wrong(o.HTTPTimeout < 0, "HTTPTimeout is %v, must not be negative", o.HTTPTimeout)
	wrong(o.MaxTailTime < 0 || o.MaxTailTime > 0 && o.MaxTailTime < time.Second, "MaxTailTime is %v, want 1s or more", o.MaxTailTime)
	wrong(!(o.FrameRate >= 0), "FrameRate is %v, must not be negative", o.FrameRate)
	wrong(o.FrameBurst < 0, "FrameBurst is %d, must not be negative", o.FrameBurst)
	wrong(o.MaxRateRefusals < 0, "MaxRateRefusals is %d, must not be negative", o.MaxRateRefusals)
	wrong(!(o.ConnectRate >= 0), "ConnectRate is %v, must not be negative", o.ConnectRate)
	wrong(o.ConnectBurst < 0, "ConnectBurst is %d, must not be negative", o.ConnectBurst)
	return errors.Join(errs...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
