package ws

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv("WS_TEST_IDLE_CLIENTS"); addr != "" {
		idleClients(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// A recorder is a Handler that keeps what it was told.
type recorder struct {
	conn *Conn

	mu       sync.Mutex
	messages []string
	codes    []int
	reasons  []string

	onMessage func(c *Conn, data []byte)
	changed   chan struct{} // one signal per change
}

func newRecorder(c *Conn) *recorder { return &recorder{conn: c, changed: make(chan struct{}, 4096)} }

func (r *recorder) Message(data []byte) {
	r.mu.Lock()
	r.messages = append(r.messages, string(data))
	r.mu.Unlock()
	r.signal()
	if r.onMessage != nil {
		r.onMessage(r.conn, data)
	}
}

func (r *recorder) Closed(code int, reason string) {
	r.mu.Lock()
	r.codes, r.reasons = append(r.codes, code), append(r.reasons, reason)
	r.mu.Unlock()
	r.signal()
}

func (r *recorder) signal() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// closed waits for the end and returns its code; telling it twice fails the test.
func (r *recorder) closed(t testing.TB) int {
	t.Helper()
	until(t, "Closed", r.changed, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.codes) > 0 })
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.codes) != 1 {
		t.Fatalf("Closed was called %d times: %v", len(r.codes), r.codes)
	}
	return r.codes[0]
}

func (r *recorder) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.messages...)
}

// until waits for a condition, looking at each signal and now and then.
func until(t testing.TB, what string, signal <-chan struct{}, cond func() bool) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-signal:
		case <-tick.C:
		case <-end:
			t.Fatalf("%s did not happen within %s", what, patience)
		}
	}
}

// A rig is an Acceptor behind an HTTP server on loopback.
type rig struct {
	*Acceptor
	url, addr string
	opened    chan *recorder
	onOpen    func(*recorder) Handler // nil: the recorder itself
}

func start(t testing.TB, opts Options) *rig {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	r := &rig{Acceptor: NewAcceptor(opts), opened: make(chan *recorder, 4096)}
	server := httptest.NewServer(r)
	r.url, r.addr = "ws"+strings.TrimPrefix(server.URL, "http"), server.Listener.Addr().String()
	t.Cleanup(func() {
		r.Acceptor.Close()
		server.Close()
		if n := r.Len(); n != 0 {
			t.Errorf("%d connections left after Close", n)
		}
	})
	return r
}

func (r *rig) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	err := r.Accept(w, req, func(c *Conn) Handler {
		rec := newRecorder(c)
		if r.onOpen != nil {
			return r.onOpen(rec)
		}
		r.opened <- rec
		return rec
	})
	if refused := (*HandshakeError)(nil); errors.As(err, &refused) {
		for name, values := range refused.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(refused.Status)
		fmt.Fprintf(w, `{"code":%q}`, refused.Code)
	}
}

// A peer is a client that sends any bytes at all.
type peer struct {
	t testing.TB
	net.Conn
	br *bufio.Reader
}

const handshake = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// dial connects a peer, sending early right behind the handshake.
func (r *rig) dial(t testing.TB, early ...byte) (*peer, *recorder) {
	t.Helper()
	nc, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	p := &peer{t, nc, bufio.NewReader(nc)}
	p.send(append([]byte(handshake), early...))
	p.accepted()
	if r.onOpen != nil {
		return p, nil
	}
	select {
	case rec := <-r.opened:
		return p, rec
	case <-time.After(patience):
		t.Fatal("not opened")
		return nil, nil
	}
}

func (p *peer) accepted() {
	p.t.Helper()
	p.SetReadDeadline(time.Now().Add(patience))
	res, err := http.ReadResponse(p.br, nil)
	if err != nil || res.StatusCode != 101 {
		p.t.Fatalf("handshake: %v, %v", res, err)
	}
	if got := res.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" { // RFC 6455 section 1.3
		p.t.Fatalf("Sec-WebSocket-Accept: %q", got)
	}
	if got := res.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		p.t.Fatalf("negotiated %q", got)
	}
}

func (p *peer) send(b []byte) {
	p.t.Helper()
	p.SetWriteDeadline(time.Now().Add(patience))
	if _, err := p.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

// A wireFrame is what the server sent.
type wireFrame struct {
	op      byte
	payload []byte
}

// next reads a frame. Servers send them unmasked, final and without reserved bits.
func (p *peer) next() (wireFrame, error) {
	p.SetReadDeadline(time.Now().Add(patience))
	return p.frame()
}

// frame is next without its own deadline.
func (p *peer) frame() (wireFrame, error) {
	var h [8]byte
	if _, err := io.ReadFull(p.br, h[:2]); err != nil {
		return wireFrame{}, err
	}
	if h[0]&0xF0 != 0x80 || h[1]&0x80 != 0 {
		return wireFrame{}, fmt.Errorf("bad header % x", h[:2])
	}
	op, n := h[0]&0x0F, uint64(h[1])
	switch n {
	case 126:
		if _, err := io.ReadFull(p.br, h[:2]); err != nil {
			return wireFrame{}, err
		}
		n = uint64(binary.BigEndian.Uint16(h[:2]))
	case 127:
		if _, err := io.ReadFull(p.br, h[:8]); err != nil {
			return wireFrame{}, err
		}
		n = binary.BigEndian.Uint64(h[:8])
	}
	if n > 64<<20 {
		return wireFrame{}, fmt.Errorf("frame of %d bytes", n)
	}
	f := wireFrame{op, make([]byte, n)}
	_, err := io.ReadFull(p.br, f.payload)
	return f, err
}

// closeCode reads to the end and returns the close frame's code: 1005 for an empty one, 1006 for none.
// Nothing may follow a close frame.
func (p *peer) closeCode() int {
	p.t.Helper()
	code := CloseAbnormal
	for {
		f, err := p.next()
		if err != nil {
			if nerr := net.Error(nil); errors.As(err, &nerr) && nerr.Timeout() {
				p.t.Fatal("the server did not close")
			}
			return code
		}
		if code != CloseAbnormal {
			p.t.Fatalf("frame %x after the close frame", f.op)
		}
		if f.op == opClose {
			code = CloseNoStatus
			if len(f.payload) >= 2 {
				code = int(binary.BigEndian.Uint16(f.payload))
			}
		}
	}
}

// frame builds a client's frame: first byte as given, payload masked.
func frame(first byte, payload string) []byte { return maskedFrame(first, len(payload), payload) }

func text(payload string) []byte { return frame(0x81, payload) }

var maskKey = [4]byte{0x37, 0xFA, 0x21, 0x3D}

// maskedFrame claims a length that need not be the payload's.
func maskedFrame(first byte, claimed int, payload string) []byte {
	b := appendHeader(nil, 0, claimed)
	b[0] = first
	b[1] |= 0x80
	b = append(b, maskKey[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^maskKey[i%4])
	}
	return b
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func closing(code int, reason string) []byte {
	return frame(0x88, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }
