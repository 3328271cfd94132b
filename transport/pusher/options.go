package pusher

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/transport/ws"
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
	// DefaultActivityTimeout is after how much silence a client asks whether the server is there.
	DefaultActivityTimeout = 30 * time.Second
	// DefaultPongTimeout ends connections of clients that vanished, that long after they were asked.
	DefaultPongTimeout = 30 * time.Second
	// DefaultUserAuthenticationTimeout ends connections that never say who they are.
	DefaultUserAuthenticationTimeout = 30 * time.Second
	// DefaultMaxChannels bounds what one connection can make every part of the server remember.
	DefaultMaxChannels = 10_000
	// DefaultMaxPending bounds the commands of one connection that wait for answers, and so what one client can
	// put into the engine's mailboxes.
	DefaultMaxPending = 64
	// DefaultOutboxBytes and DefaultOutboxFrames bound what waits for a client that does not read.
	DefaultOutboxBytes  = 1 << 20
	DefaultOutboxFrames = 1024
	// envelopeSize is how much longer than an event's data a frame may be.
	envelopeSize = 256 << 10
	// maxPayloadKB bounds a frame however much its app allows: a server sets aside what a header claims.
	maxPayloadKB = 10 << 10
	// DefaultMaxEntry bounds an entry of a channel's storage.
	DefaultMaxEntry = 256 << 10
	// DefaultCacheTTL is for how long a cache channel keeps its last event.
	DefaultCacheTTL = time.Hour
)

// Options configures a [Handler]. Apps and System are required; every other zero value works.
type Options struct {
	// Apps is where apps are looked up. If it is a claims.AppWatcher, changes of an app hold at once for its
	// connections.
	Apps claims.Apps
	// System is the engine.
	System *actors.System
	// Sockets configures the WebSocket connections. What the protocol says of closing, pings and sizes is filled in;
	// zero bounds of the outbox are DefaultOutboxBytes and DefaultOutboxFrames, of the time to answer
	// DefaultPongTimeout.
	Sockets ws.Options

	// PathPrefix is what stands before every path, such as /rt: with a slash at its beginning and none at its end.
	// Default: nothing.
	PathPrefix string
	// MaxBody is the most bytes of an HTTP body. Default DefaultMaxBody.
	MaxBody int
	// MaxEntry is the most bytes of the data of an entry in a channel's storage. Default DefaultMaxEntry.
	MaxEntry int
	// TimestampTolerance is how far from now a call's auth_timestamp may be, in whole seconds. Default
	// DefaultTimestampTolerance; negative: as far as it likes, so that an overheard call can be repeated for ever.
	TimestampTolerance time.Duration
	// HTTPTimeout bounds one HTTP call. Default DefaultHTTPTimeout.
	HTTPTimeout time.Duration
	// CacheTTL is for how long a cache channel keeps its last event. Default DefaultCacheTTL.
	CacheTTL time.Duration
	// ActivityTimeout is after how much silence a client asks whether the server is there, 5s to 2m in whole seconds;
	// the server asks after one and a half times as much. Default DefaultActivityTimeout.
	ActivityTimeout time.Duration
	// UserAuthenticationTimeout is how long a connection of an app with EnableUserAuthentication may take to sign in,
	// or to join a channel that needs a signature. Default DefaultUserAuthenticationTimeout.
	UserAuthenticationTimeout time.Duration
	// MaxChannels is how many channels one connection may be on. Default DefaultMaxChannels.
	MaxChannels int
	// ConnectRate is how many connects a second one address may try in the long run, and ConnectBurst how many at once (0:
	// as many as ConnectRate, at least 1); an IPv6 address stands for its /64. More are answered with 429, before their
	// app is looked up. Default of ConnectRate: any number.
	ConnectRate  float64
	ConnectBurst int
	// MaxPending is how many commands of one connection may wait for answers before no more are read from it.
	// Default DefaultMaxPending.
	MaxPending int
	// ShutdownGrace is the time over which Drain spreads its closes. Zero: what it is told; negative: at once.
	ShutdownGrace time.Duration
	// ClientIP says where a request comes from, without a port. Default: the address that the socket knows, which
	// behind a proxy is the proxy's.
	ClientIP func(r *http.Request) string
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

	engine engine        // System, or what tests put in its place
	codec  channel.Codec // made once: a delivery asks each socket for it
	now    func() time.Time
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
	// Connect: a connect was decided. code is the Name of one of [Refusals], "" if it was let in, HANDSHAKE if it was
	// no WebSocket's.
	Connect func(code string, took time.Duration)
	// Refused: something that a client asked was refused before the engine saw it, or its connection closed for it.
	// code is the Name of one of [Refusals].
	Refused func(code string)
	// Waits: no more is read from a client, WaitsForAnswers or WaitsForClient; then false once for it, when reading
	// goes on or the client is gone.
	Waits func(why string, waits bool)
	// SourcesForgotten: clients came from more addresses at once than ConnectRate remembers, and all were forgotten.
	SourcesForgotten func()
	// Limited: a call was refused since its app has used up what it may do in a second.
	Limited func(appID string)
}

// Why no more is read from a client.
const (
	WaitsForAnswers = "answers" // MaxPending of its commands have none yet
	WaitsForClient  = "client"  // it does not read the answers that it asked for
)

// EnsureDefaults puts the default in the place of every zero field that has one.
func (o *Options) EnsureDefaults() {
	setDefault(&o.MaxBody, DefaultMaxBody)
	setDefault(&o.MaxEntry, DefaultMaxEntry)
	setDefault(&o.TimestampTolerance, DefaultTimestampTolerance)
	setDefault(&o.HTTPTimeout, DefaultHTTPTimeout)
	setDefault(&o.CacheTTL, DefaultCacheTTL)
	setDefault(&o.MemoryThreshold, DefaultMemoryThreshold)
	setDefault(&o.ActivityTimeout, DefaultActivityTimeout)
	setDefault(&o.UserAuthenticationTimeout, DefaultUserAuthenticationTimeout)
	setDefault(&o.MaxChannels, DefaultMaxChannels)
	setDefault(&o.MaxPending, DefaultMaxPending)
	setDefault(&o.ConnectBurst, max(1, int(o.ConnectRate)))
	o.codec = Codec{ActivityTimeout: int(o.ActivityTimeout / time.Second)}
	if o.engine == nil && o.System != nil {
		o.engine = system{o.System}
	}
	if o.ClientIP == nil {
		o.ClientIP = remoteIP
	}
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
	if o.Listener.SourcesForgotten == nil {
		o.Listener.SourcesForgotten = func() {}
	}
	if o.Listener.Limited == nil {
		o.Listener.Limited = func(string) {}
	}
	if o.Listener.Connect == nil {
		o.Listener.Connect = func(string, time.Duration) {}
	}
	if o.Listener.Refused == nil {
		o.Listener.Refused = func(string) {}
	}
	if o.Listener.Waits == nil {
		o.Listener.Waits = func(string, bool) {}
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
	wrong(o.System == nil && o.engine == nil, "System is missing")
	wrong(o.ActivityTimeout < 5*time.Second || o.ActivityTimeout > 2*time.Minute || o.ActivityTimeout%time.Second != 0,
		"ActivityTimeout is %v, want 5s to 2m0s in whole seconds", o.ActivityTimeout)
	wrong(o.UserAuthenticationTimeout < 0, "UserAuthenticationTimeout is %v, must not be negative", o.UserAuthenticationTimeout)
	wrong(o.MaxChannels < 0, "MaxChannels is %d, must not be negative", o.MaxChannels)
	wrong(!(o.ConnectRate >= 0), "ConnectRate is %v, must not be negative", o.ConnectRate)
	wrong(o.ConnectBurst < 0, "ConnectBurst is %d, must not be negative", o.ConnectBurst)
	wrong(o.MaxPending < 0, "MaxPending is %d, must not be negative", o.MaxPending)
	wrong(o.PathPrefix != "" && (!strings.HasPrefix(o.PathPrefix, "/") || strings.HasSuffix(o.PathPrefix, "/")),
		"PathPrefix is %q, want a slash at its beginning and none at its end", o.PathPrefix)
	wrong(o.PathPrefix+"/apps" == ManagePath, "PathPrefix is %q, whose apps are at the path of the server's own calls, %s", o.PathPrefix, ManagePath)
	wrong(o.MaxBody < 0, "MaxBody is %d, must not be negative", o.MaxBody)
	wrong(o.MaxEntry < 0, "MaxEntry is %d, must not be negative", o.MaxEntry)
	wrong(o.TimestampTolerance > 0 && o.TimestampTolerance < time.Second, "TimestampTolerance is %v, want 1s or more", o.TimestampTolerance)
	wrong(o.HTTPTimeout < 0, "HTTPTimeout is %v, must not be negative", o.HTTPTimeout)
	wrong(o.MemoryThreshold < 1 || o.MemoryThreshold > 100, "MemoryThreshold is %d, want 1 to 100", o.MemoryThreshold)
	wrong(o.CacheTTL < 0, "CacheTTL is %v, must not be negative", o.CacheTTL)
	sockets := o.sockets()
	if err := sockets.Validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// sockets is Sockets with what the protocol says.
//
// Source: Pusher docs, WebSocket protocol, "Ping and pong messages" and "Error codes".
func (o *Options) sockets() ws.Options {
	s := o.Sockets
	slow, silent, over := &Refusals[refuseSlow], &Refusals[refuseNoPong], &Refusals[refuseClosed]
	s.SlowCode, s.SlowReason = slow.Code, slow.Text
	s.PongCode, s.PongReason = silent.Code, silent.Text
	s.Farewell = appendClose(nil, channel.Close{Code: over.Code, Reason: over.Text})
	s.LateUpgrades, s.FlushLast = true, true
	s.PingText = o.codec.Append(nil, &channel.Message{Kind: channel.KindKeepAlive})
	setDefault(&s.PingInterval, o.ActivityTimeout*3/2)
	setDefault(&s.PongTimeout, DefaultPongTimeout)
	setDefault(&s.OutboxBytes, DefaultOutboxBytes)
	setDefault(&s.OutboxFrames, DefaultOutboxFrames)
	s.MaxMessage, s.MaxFrame = envelopeSize+maxPayloadKB<<10, 0
	if s.Logger == nil {
		s.Logger = o.Logger
	}
	return s
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
