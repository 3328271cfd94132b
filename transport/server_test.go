package transport

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dormouse/transport/ws"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

// listen starts a server with mount's handlers and ends it with the test.
func listen(t *testing.T, opts Options, mount func(*Server)) *Server {
	t.Helper()
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := Listen(opts)
	if err != nil {
		t.Fatal(err)
	}
	if mount != nil {
		mount(s)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

// exchange sends raw bytes and reads one response.
func exchange(t *testing.T, s *Server, raw string) (*http.Response, string) {
	t.Helper()
	nc := dial(t, s)
	if _, err := io.WriteString(nc, raw); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", raw, err)
	}
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func echo(pattern string) func(*Server) {
	return func(s *Server) {
		s.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			fmt.Fprintf(w, "%s %s %d", r.URL.EscapedPath(), r.PathValue("name"), len(body))
		}))
	}
}

func TestOptionsValidate(t *testing.T) {
	for _, tc := range []struct {
		opts Options
		want string // part of the error; "": none
	}{
		{Options{Addr: "127.0.0.1:0"}, ""},
		{Options{Addr: "[::1]:0"}, ""},
		{Options{Addr: "localhost:0"}, ""},
		{Options{Addr: ":8080"}, "Addr :8080 can be reached by others"},
		{Options{Addr: "0.0.0.0:8080"}, "AllowPlain"},
		{Options{Addr: "[::]:8080"}, "CertFile"},
		{Options{Addr: "192.0.2.1:8080"}, "reached by others"},
		{Options{Addr: "example.com:8080"}, "reached by others"},
		{Options{Addr: ":8080", AllowPlain: true}, ""},
		{Options{Addr: ":8443", CertFile: "c", KeyFile: "k"}, ""},
		{Options{Addr: ":8443", CertFile: "c"}, "go together"},
		{Options{Addr: "nowhere"}, "want host:port"},
		{Options{Addr: "127.0.0.1:0", ReadTimeout: -1}, "ReadTimeout"},
		{Options{Addr: "127.0.0.1:0", MaxHeaderBytes: 1 << 30}, "MaxHeaderBytes"},
		{Options{Addr: "127.0.0.1:0", MaxBody: -1}, "MaxBody"},
	} {
		err := tc.opts.Validate()
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%+v: %v, want %q", tc.opts.Addr, err, tc.want)
		}
	}
	err := (&Options{Addr: "nowhere", MaxBody: -1, KeyFile: "k", IdleTimeout: -1}).Validate()
	for _, field := range []string{"Addr", "MaxBody", "KeyFile", "IdleTimeout"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
}

func TestPortInUse(t *testing.T) {
	s := listen(t, Options{}, nil)
	_, err := Listen(Options{Addr: s.Addr()})
	if err == nil || !strings.Contains(err.Error(), "address "+s.Addr()+" is in use") {
		t.Error(err)
	}
	if _, err := Listen(Options{Addr: "127.0.0.1:0", CertFile: "absent.pem", KeyFile: "absent.key"}); err == nil ||
		!strings.Contains(err.Error(), "absent.pem") || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestRoutes(t *testing.T) {
	s := listen(t, Options{}, func(s *Server) {
		echo("/channels/{name}")(s)
		echo("POST /publish")(s)
	})
	for _, tc := range []struct {
		line, want string
		status     int
	}{
		{"GET /channels/a", "/channels/a a 0", 200},
		{"GET //channels/a", "/channels/a a 0", 200},
		{"GET /channels///a", "/channels/a a 0", 200},
		{"GET /channels/a%2Fb", "/channels/a%2Fb a/b 0", 200},
		{"GET /channels/a%2F%2Fb", "/channels/a%2F%2Fb a//b 0", 200},
		{"GET //channels/a%2F%2Fb", "/channels/a%2F%2Fb a//b 0", 200},
		{"POST //publish", "/publish  0", 200},
		{"GET /publish", "", 405},
		{"GET /nowhere", "", 404},
	} {
		res, body := exchange(t, s, tc.line+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if res.StatusCode != tc.status || tc.want != "" && body != tc.want {
			t.Errorf("%s: %d %q, want %d %q", tc.line, res.StatusCode, body, tc.status, tc.want)
		}
	}
}

func TestBounds(t *testing.T) {
	s := listen(t, Options{MaxBody: 1000}, echo("/{name}"))
	const head = " HTTP/1.1\r\nHost: localhost\r\n"
	for _, tc := range []struct {
		name, raw string
		status    int
	}{
		{"token of 64 KiB in the URL", "GET /a?token=" + strings.Repeat("x", 64<<10) + head + "\r\n", 200},
		{"URL over the bound", "GET /a?token=" + strings.Repeat("x", 100<<10) + head + "\r\n", 431},
		{"body at the bound", "POST /a" + head + "Content-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000), 200},
		{"body over the bound", "POST /a" + head + "Content-Length: 1001\r\n\r\n" + strings.Repeat("x", 1001), 413},
		{"two lengths", "POST /a" + head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400},
		{"length and chunks: the chunks count", "POST /a" + head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200}, // RFC 9112 section 6.3
		{"odd encoding", "POST /a" + head + "Transfer-Encoding: chunked, chunked\r\n\r\n", 501},
		{"space in a header's name", "GET /a" + head + "A : b\r\n\r\n", 400},
		{"no host", "GET /a HTTP/1.1\r\n\r\n", 400},
	} {
		res, _ := exchange(t, s, tc.raw)
		if res.StatusCode != tc.status && (tc.status != 400 || res.StatusCode < 400 || res.StatusCode > 501) {
			t.Errorf("%s: %d, want %d", tc.name, res.StatusCode, tc.status)
		}
	}
	res, _ := exchange(t, s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	if res.StatusCode != 505 && res.StatusCode != 400 {
		t.Errorf("HTTP/2: %d", res.StatusCode)
	}
}

// Requests that never end are ended.
func TestHalfRequests(t *testing.T) {
	s := listen(t, Options{ReadHeaderTimeout: 100 * time.Millisecond, ReadTimeout: 200 * time.Millisecond}, echo("/{name}"))
	for _, half := range []string{"", "GET", "GET /a HTTP/1.1\r\nHost: localhost\r\nUpgrade: webso",
		"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"} {
		nc := dial(t, s)
		begun := time.Now()
		_, _ = io.WriteString(nc, half)
		if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: still open after %s", half, time.Since(begun))
		}
	}
}

func TestPanicInHandler(t *testing.T) {
	var log bytes.Buffer
	s := listen(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(s *Server) {
		s.Handle("/panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }))
		echo("/{name}")(s)
	})
	nc := dial(t, s)
	_, _ = io.WriteString(nc, "GET /panic?token=secret HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if b, _ := io.ReadAll(nc); len(b) != 0 {
		t.Errorf("%q", b)
	}
	if res, _ := exchange(t, s, "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
	_ = s.Close()
	if !strings.Contains(log.String(), "panic=oh") || strings.Contains(log.String(), "secret") {
		t.Error(log.String())
	}
}

// certify writes a certificate for localhost with a serial number.
func certify(t *testing.T, dir string, serial int64) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der},
		key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	parsed, _ := x509.ParseCertificate(der)
	pool.AddCert(parsed)
	return cert, key, pool
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key, pool := certify(t, dir, 1)
	s := listen(t, Options{CertFile: cert, KeyFile: key}, echo("/{name}"))
	serial := func(pool *x509.CertPool, max uint16) (int64, error) {
		nc, err := tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: pool, ServerName: "localhost",
			MaxVersion: max, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			return 0, err
		}
		defer nc.Close()
		if p := nc.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
			t.Errorf("negotiated %q", p)
		}
		return nc.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
	}
	if n, err := serial(pool, 0); n != 1 || err != nil {
		t.Error(n, err)
	}
	if _, err := serial(pool, tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
	// Half-written files change nothing.
	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.forget()
	if n, err := serial(pool, 0); n != 1 || err != nil {
		t.Error(n, err)
	}
	_, _, pool = certify(t, dir, 2)
	s.forget()
	if n, err := serial(pool, 0); n != 2 || err != nil {
		t.Error(n, err)
	}
}

// forget makes the next handshake look at the files.
func (s *Server) forget() {
	s.mu.Lock()
	s.checked = time.Time{}
	s.mu.Unlock()
}

type idle struct{}

func (idle) Message([]byte)     {}
func (idle) Closed(int, string) {}

// A shutdown refuses upgrades, says goodbye to every socket, still answers requests, and ends.
func TestShutdown(t *testing.T) {
	acceptor := ws.NewAcceptor(ws.Options{Logger: slog.New(slog.DiscardHandler)})
	defer acceptor.Close()
	s := listen(t, Options{DrainOver: 300 * time.Millisecond, Drainers: []Drainer{acceptor}}, func(s *Server) {
		echo("/{name}")(s)
		s.Handle("/ws", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var refused *ws.HandshakeError
			if err := acceptor.Accept(w, r, func(*ws.Conn) ws.Handler { return idle{} }); errors.As(err, &refused) {
				w.Header().Set("Retry-After", refused.Header.Get("Retry-After"))
				w.WriteHeader(refused.Status)
			}
		}))
	})
	const upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	const conns = 30
	closed := make(chan string, conns)
	for range conns {
		nc := dial(t, s)
		_, _ = io.WriteString(nc, upgrade)
		br := bufio.NewReader(nc)
		if res, err := http.ReadResponse(br, nil); err != nil || res.StatusCode != 101 {
			t.Fatal(res, err)
		}
		go func() {
			b, _ := io.ReadAll(br)
			nc.Close()
			closed <- string(b)
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	if got := <-closed; got != "\x88\x0c\x03\xe9going away" {
		t.Errorf("%q", got)
	}
	if !s.Draining() {
		t.Error("not draining")
	}
	if res, _ := exchange(t, s, upgrade); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Error(res)
	}
	if res, _ := exchange(t, s, "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
	for range conns - 1 {
		if got := <-closed; got != "\x88\x0c\x03\xe9going away" {
			t.Errorf("%q", got)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("still listening")
	}
}

// A request that outlasts the deadline is cut, and the caller is told.
func TestShutdownInTime(t *testing.T) {
	entered := make(chan struct{})
	s := listen(t, Options{}, func(s *Server) {
		s.Handle("/", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		}))
	})
	_, _ = io.WriteString(dial(t, s), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNeverServed(t *testing.T) {
	s, err := Listen(Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("still listening")
	}
}
