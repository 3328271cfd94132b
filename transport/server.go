package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// The defaults of [Options]. Each is a cap, and says which abuse it stops.
const (
	// DefaultReadHeaderTimeout ends half-sent requests and half TLS handshakes.
	DefaultReadHeaderTimeout = 5 * time.Second
	// DefaultReadTimeout ends requests whose body trickles in.
	DefaultReadTimeout = 30 * time.Second
	// DefaultWriteTimeout ends responses that nobody reads. It does not touch a WebSocket, which leaves
	// HTTP with its upgrade; a handler with a long answer moves its own deadline by
	// [http.ResponseController].
	DefaultWriteTimeout = 30 * time.Second
	// DefaultIdleTimeout ends connections kept alive for nothing.
	DefaultIdleTimeout = 60 * time.Second
	// DefaultMaxHeaderBytes bounds a request's headers: a token of 64 KiB in the URL, and the rest.
	DefaultMaxHeaderBytes = 72 << 10
	// DefaultMaxBody bounds a request's body; handlers set smaller bounds of their own.
	DefaultMaxBody = 4 << 20
	// DefaultDrainOver is the time over which a shutdown spreads its closes: clients reconnect at once.
	DefaultDrainOver = 30 * time.Second
)

// certificateAge is how old a look at the certificate's files may be before they are looked at again.
const certificateAge = time.Second

// Options configures a [Server]. Addr is needed; zero elsewhere works.
type Options struct {
	Addr string // host:port; port 0 takes a free one, which Server.Addr then names

	// CertFile and KeyFile are PEM files; with them the server speaks TLS 1.2 or newer. They are read
	// again when they change. Files that do not load later on are logged, and the last good ones stay.
	CertFile, KeyFile string
	// AllowPlain permits plain HTTP on addresses that others can reach: behind a proxy that ends TLS.
	AllowPlain bool

	ReadHeaderTimeout time.Duration // zero: DefaultReadHeaderTimeout
	ReadTimeout       time.Duration // zero: DefaultReadTimeout
	WriteTimeout      time.Duration // zero: DefaultWriteTimeout
	IdleTimeout       time.Duration // zero: DefaultIdleTimeout
	MaxHeaderBytes    int           // zero: DefaultMaxHeaderBytes
	MaxBody           int64         // bytes; zero: DefaultMaxBody

	// DrainOver is the time over which Shutdown spreads the closes. Zero: DefaultDrainOver; negative: at once.
	DrainOver time.Duration
	// Drainers are told to close their connections by Shutdown.
	Drainers []Drainer
	// Logger gets panics of handlers at level Error, and failed handshakes at Debug. nil: slog.Default().
	Logger *slog.Logger
}

// A Drainer has connections that live longer than a request. *ws.Acceptor is one.
type Drainer interface {
	// Drain closes them with a code and a reason, evenly spread over a time, and cuts what is left when ctx
	// is done. It takes no new ones from its call on.
	Drain(ctx context.Context, over time.Duration, code int, reason string)
}

// EnsureDefaults puts the default in the place of every zero field.
func (o *Options) EnsureDefaults() {
	for field, value := range map[*time.Duration]time.Duration{
		&o.ReadHeaderTimeout: DefaultReadHeaderTimeout, &o.ReadTimeout: DefaultReadTimeout,
		&o.WriteTimeout: DefaultWriteTimeout, &o.IdleTimeout: DefaultIdleTimeout, &o.DrainOver: DefaultDrainOver,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if o.MaxHeaderBytes == 0 {
		o.MaxHeaderBytes = DefaultMaxHeaderBytes
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Validate names every wrong field at once.
func (o *Options) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("transport: "+format, args...))
	}
	host, _, err := net.SplitHostPort(o.Addr)
	switch {
	case err != nil:
		wrong("Addr is %q, want host:port", o.Addr)
	case o.CertFile == "" && !o.AllowPlain && !loopback(host):
		wrong("Addr %s can be reached by others, and plain HTTP would show them every token: "+
			"set CertFile and KeyFile, or AllowPlain behind a proxy that ends TLS", o.Addr)
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		wrong("CertFile and KeyFile go together")
	}
	for name, d := range map[string]time.Duration{"ReadHeaderTimeout": o.ReadHeaderTimeout,
		"ReadTimeout": o.ReadTimeout, "WriteTimeout": o.WriteTimeout, "IdleTimeout": o.IdleTimeout} {
		if d < 0 {
			wrong("%s is %s, want 0 or more", name, d)
		}
	}
	if o.MaxHeaderBytes < 0 || o.MaxHeaderBytes > 1<<20 {
		wrong("MaxHeaderBytes is %d, want 0 to %d", o.MaxHeaderBytes, 1<<20)
	}
	if o.MaxBody < 0 {
		wrong("MaxBody is %d, want 0 or more", o.MaxBody)
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// A Server is one listener with every protocol mounted on it. It speaks HTTP/1.1 only, which WebSocket
// upgrades need.
type Server struct {
	opts     Options
	mux      *http.ServeMux
	http     *http.Server
	listener net.Listener
	draining atomic.Bool

	mu      sync.Mutex // guards the certificate
	cert    *tls.Certificate
	stamp   string    // of the files that cert was read from
	checked time.Time // when they were last looked at
}

// Listen takes the address and loads the certificate; connections wait until Serve. Errors: those of
// Validate, of the files, and of the address, each naming what it is about.
func Listen(opts Options) (*Server, error) {
	opts.EnsureDefaults()
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	s := &Server{opts: opts, mux: http.NewServeMux()}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		Protocols:         &protocols,
		ReadHeaderTimeout: opts.ReadHeaderTimeout,
		ReadTimeout:       opts.ReadTimeout,
		WriteTimeout:      opts.WriteTimeout,
		IdleTimeout:       opts.IdleTimeout,
		MaxHeaderBytes:    opts.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(opts.Logger.Handler(), slog.LevelDebug),
	}
	if opts.CertFile != "" {
		if err := s.load(); err != nil {
			return nil, err
		}
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate}
	}
	listener, err := net.Listen("tcp", opts.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("transport: address %s is in use by another program: %w", opts.Addr, err)
	}
	if err != nil {
		return nil, fmt.Errorf("transport: cannot listen on %s: %w", opts.Addr, err)
	}
	s.listener = listener
	return s, nil
}

// Addr is the address that is listened on, host:port, with the port that was taken for 0.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Handle mounts h on a pattern of [http.ServeMux]. It panics on a pattern that is bad or taken. All of
// them are mounted before Serve.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// Serve takes connections until Shutdown or Close, and then returns nil.
func (s *Server) Serve() error {
	var err error
	if s.http.TLSConfig != nil {
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("transport: serve %s: %w", s.Addr(), err)
}

// serve is the way of every request: bounded, recovered, routed.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		if err, ok := value.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			s.opts.Logger.Error("handler panicked", "method", r.Method, "path", r.URL.Path,
				"panic", value, "stack", string(debug.Stack()))
		}
		panic(http.ErrAbortHandler) // net/http closes the connection
	}()
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, s.opts.MaxBody)
	}
	s.mux.ServeHTTP(w, squeeze(r))
}

// squeeze takes doubled slashes for one. Callers make them by joining a base URL that ends in a slash; a
// redirect, which the mux would answer, breaks a cross-origin POST. Escaped slashes belong to names.
func squeeze(r *http.Request) *http.Request {
	path := r.URL.EscapedPath()
	if !strings.Contains(path, "//") {
		return r
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return r
	}
	clean, u := *r, *r.URL
	u.Path, u.RawPath = plain, path
	clean.URL = &u
	return &clean
}

// Draining says that Shutdown has begun: handlers answer an upgrade with 503 and Retry-After.
func (s *Server) Draining() bool { return s.draining.Load() }

// Shutdown lets the server go: upgrades are refused, long connections are closed with 1001 spread over
// DrainOver, then the listener and the requests under way end. What is left when ctx is done is cut,
// and its error returned. New requests are served until the connections are closed, so that clients are
// told to come back later rather than refused.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	var wg sync.WaitGroup
	for _, d := range s.opts.Drainers {
		wg.Go(func() { d.Drain(ctx, s.opts.DrainOver, 1001, "going away") })
	}
	wg.Wait()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	return s.unlisten()
}

// Close ends the listener and every request at once. Upgraded connections are their Acceptor's.
func (s *Server) Close() error {
	s.draining.Store(true)
	return errors.Join(s.http.Close(), s.unlisten())
}

// unlisten closes a listener that net/http never had, since Serve was not called.
func (s *Server) unlisten() error {
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// certificate is asked by every TLS handshake.
func (s *Server) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.checked) >= certificateAge {
		s.checked = now
		if s.stamp != s.fileStamp() {
			if err := s.load(); err != nil {
				s.opts.Logger.Error("certificate not reloaded, the last one stays", "err", err)
			}
		}
	}
	return s.cert, nil
}

// load reads the certificate. Files that changed half-way do not match, and are read again later.
func (s *Server) load() error {
	stamp := s.fileStamp()
	cert, err := tls.LoadX509KeyPair(s.opts.CertFile, s.opts.KeyFile)
	if err != nil {
		return fmt.Errorf("transport: certificate %s: %w", s.opts.CertFile, err)
	}
	s.cert, s.stamp = &cert, stamp
	return nil
}

// fileStamp changes when one of the two files does.
func (s *Server) fileStamp() string {
	var b strings.Builder
	for _, name := range []string{s.opts.CertFile, s.opts.KeyFile} {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintf(&b, "%d %d;", info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}
