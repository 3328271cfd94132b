package ws

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// The second client: one that was written by others.
func TestWithAnotherClient(t *testing.T) {
	r := start(t, Options{Subprotocols: []string{"dormouse.v2", "dormouse.v1"}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, r.url, &websocket.DialOptions{
		Subprotocols: []string{"other", "dormouse.v1"}, CompressionMode: websocket.CompressionContextTakeover})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	rec := <-r.opened
	rec.onMessage = func(conn *Conn, data []byte) { conn.Deliver([]byte(string(data)), false) }
	if c.Subprotocol() != "dormouse.v1" || rec.conn.Subprotocol() != "dormouse.v1" {
		t.Error(c.Subprotocol(), rec.conn.Subprotocol())
	}
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 300 << 10} {
		want := strings.Repeat("z", size)
		if err := c.Write(ctx, websocket.MessageText, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != want {
			t.Fatalf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	go c.Read(ctx) // for the pong
	if err := c.Ping(ctx); err != nil {
		t.Error(err)
	}
	rec.conn.Close(4003, "closed by an administrator")
	if code := rec.closed(t); code != 4003 {
		t.Error(code)
	}
}

func TestCloseIsSeenByAnotherClient(t *testing.T) {
	r := start(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, r.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	rec := <-r.opened
	rec.conn.Deliver([]byte("last"), false)
	rec.conn.Close(1001, strings.Repeat("é", 100)) // cut between characters
	rec.conn.Close(1002, "too late")
	rec.conn.Deliver([]byte("too late"), false)
	if _, got, err := c.Read(ctx); err != nil || string(got) != "last" {
		t.Fatal(string(got), err)
	}
	_, _, err = c.Read(ctx)
	var closed websocket.CloseError
	if e := websocket.CloseStatus(err); e != 1001 {
		t.Fatal(err)
	}
	if closed.Reason = err.Error(); !strings.Contains(closed.Reason, strings.Repeat("é", 61)+`"`) {
		t.Error(closed.Reason)
	}
	if code := rec.closed(t); code != 1001 {
		t.Error(code)
	}
	until(t, "end", nil, func() bool { return r.Len() == 0 })
}

func TestPeerClosesCleanly(t *testing.T) {
	r := start(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, r.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := <-r.opened
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Error(err)
	}
	if code := rec.closed(t); code != 1000 || rec.reasons[0] != "bye" {
		t.Error(code, rec.reasons)
	}
	until(t, "end", nil, func() bool { return r.Len() == 0 })
}

// Frames leave in the order of the calls, for each of many callers at once, small and large ones mixed.
func TestFramesLeaveInOrder(t *testing.T) {
	const callers, each = 8, 500
	r := start(t, Options{OutboxBytes: 1 << 30, OutboxFrames: 1 << 20})
	p, rec := r.dial(t)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				b := fmt.Appendf(nil, "%d %d ", caller, i)
				if i%50 == 0 {
					b = append(b, make([]byte, 70<<10)...)
				}
				rec.conn.Deliver(b, i%2 == 0)
			}
		}()
	}
	var seen [callers]int
	for range callers * each {
		f, err := p.next()
		var caller, i int
		if _, serr := fmt.Sscanf(string(f.payload[:min(len(f.payload), 20)]), "%d %d ", &caller, &i); err != nil || serr != nil {
			t.Fatal(err, serr)
		}
		if i != seen[caller] {
			t.Fatalf("caller %d: frame %d after %d", caller, i, seen[caller])
		}
		seen[caller]++
	}
	wg.Wait()
}

// A pong carries its ping's payload, in the order of the frames, and each ping has one.
func TestPongs(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t)
	rec.onMessage = func(c *Conn, data []byte) { c.Deliver([]byte(string(data)), false) }
	p.send(join(frame(0x89, ""), text("a"), frame(0x89, strings.Repeat("p", 125)), text("b"), frame(0x89, "3")))
	for _, want := range []wireFrame{{opPong, nil}, {opText, []byte("a")},
		{opPong, []byte(strings.Repeat("p", 125))}, {opText, []byte("b")}, {opPong, []byte("3")}} {
		if f, err := p.next(); err != nil || f.op != want.op || string(f.payload) != string(want.payload) {
			t.Fatalf("got %x %q, want %x %q, %v", f.op, f.payload, want.op, want.payload, err)
		}
	}
}

type binaryRecorder struct{ *recorder }

func (b binaryRecorder) Binary(data []byte) { b.Message(append([]byte("binary "), data...)) }

func TestBinaryHandler(t *testing.T) {
	r := start(t, Options{})
	recs := make(chan *recorder, 1)
	r.onOpen = func(rec *recorder) Handler { recs <- rec; return binaryRecorder{rec} }
	p, _ := r.dial(t)
	rec := <-recs
	p.send(join(frame(0x82, "\xff"), text("t"), closing(1000, "")))
	if code := p.closeCode(); code != 1000 {
		t.Error(code)
	}
	rec.closed(t)
	if got := rec.got(); len(got) != 2 || got[0] != "binary \xff" || got[1] != "t" {
		t.Errorf("%q", got)
	}
}

// While a Handler blocks nothing more is handed to it, and the end waits until it returns.
func TestHandlerPushesBack(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t)
	entered := make(chan struct{}, 1)
	rec.onMessage = func(c *Conn, data []byte) {
		if string(data) == "block" {
			entered <- struct{}{}
			<-c.Done()
		}
	}
	p.send(join(text("block"), text("never")))
	<-entered
	rec.conn.Close(4000, "")
	if code := p.closeCode(); code != 4000 {
		t.Error(code)
	}
	p.Close()
	if code := rec.closed(t); code != 4000 {
		t.Error(code)
	}
	if got := rec.got(); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

func TestCut(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t)
	rec.conn.Cut()
	rec.conn.Cut()
	rec.conn.Close(1000, "")
	rec.conn.Deliver([]byte("x"), false)
	if code := p.closeCode(); code != CloseAbnormal {
		t.Error(code)
	}
	if code := rec.closed(t); code != CloseAbnormal {
		t.Error(code)
	}
	<-rec.conn.Done()
}

// What open delivers is the first that the peer reads, also when open closes at once.
func TestOpenDelivers(t *testing.T) {
	r := start(t, Options{})
	r.onOpen = func(rec *recorder) Handler {
		rec.conn.Deliver([]byte("first"), false)
		rec.conn.Close(4001, "")
		return rec
	}
	p, _ := r.dial(t)
	if f, err := p.next(); err != nil || string(f.payload) != "first" {
		t.Fatal(f, err)
	}
	if code := p.closeCode(); code != 4001 {
		t.Error(code)
	}
	p.Close()
}

func TestAddresses(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t)
	_, other := r.dial(t)
	if got, want := rec.conn.RemoteAddr(), p.LocalAddr().String(); got != want {
		t.Error(got, want)
	}
	if got := rec.conn.RemoteIP(); got != "127.0.0.1" {
		t.Error(got)
	}
	if rec.conn.ID() == 0 || rec.conn.ID() == other.conn.ID() {
		t.Error(rec.conn.ID(), other.conn.ID())
	}
}

// A code that must not be on the wire is not.
func TestUnsendableCodes(t *testing.T) {
	r := start(t, Options{})
	for _, code := range []int{-1, 0, 999, 1004, 1006, 1015, 2000, 5000} {
		p, rec := r.dial(t)
		rec.conn.Close(code, "x")
		if got := p.closeCode(); got != CloseInternal {
			t.Errorf("%d went out as %d", code, got)
		}
		p.Close()
	}
	p, rec := r.dial(t)
	rec.conn.Close(CloseNoStatus, "x")
	if got := p.closeCode(); got != CloseNoStatus {
		t.Error(got)
	}
	p.Close()
}

// Drain tells every peer, spread over the time, and refuses newcomers.
func TestDrain(t *testing.T) {
	const conns = 40
	r := start(t, Options{})
	times := make(chan time.Time, conns)
	for range conns {
		p, _ := r.dial(t)
		go func() {
			if p.closeCode() == 1001 {
				times <- time.Now()
			}
			p.Close()
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r.Drain(ctx, 200*time.Millisecond, 1001, "going away")
	if n := r.Len(); n != 0 {
		t.Errorf("%d left", n)
	}
	first := <-times
	last := first
	for range conns - 1 {
		last = <-times
	}
	if spread := last.Sub(first); spread < 100*time.Millisecond {
		t.Errorf("all closed within %s", spread)
	}
	res, err := http.Get("http" + strings.TrimPrefix(r.url, "ws"))
	if err != nil || res.StatusCode != 426 {
		t.Error(res, err)
	}
	res.Body.Close()
	_, res, _ = websocket.Dial(ctx, r.url, nil)
	if res == nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Error(res)
	}
}

// A drain whose time is over cuts the rest.
func TestDrainInTime(t *testing.T) {
	r := start(t, Options{})
	var recs []*recorder
	for range 10 {
		_, rec := r.dial(t)
		recs = append(recs, rec)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Drain(ctx, time.Hour, 1001, "")
	for _, rec := range recs {
		if code := rec.closed(t); code != CloseAbnormal && code != 1001 {
			t.Error(code)
		}
	}
}

func TestListenerCounts(t *testing.T) {
	var mu sync.Mutex
	count := map[string]int{}
	add := func(what string, n int) { mu.Lock(); count[what] += n; mu.Unlock() }
	r := start(t, Options{Listener: Listener{
		Opened:   func() { add("opened", 1) },
		Closed:   func(code int) { add(fmt.Sprint("closed ", code), 1) },
		Received: func(bytes int) { add("received", 1); add("in", bytes) },
		Sent:     func(frames, bytes, writes int) { add("sent", frames); add("out", bytes); add("writes", writes) },
	}})
	p, rec := r.dial(t)
	rec.onMessage = func(c *Conn, data []byte) { c.Deliver([]byte("answer"), false) }
	p.send(join(text("question"), closing(1000, "")))
	p.closeCode()
	rec.closed(t)
	until(t, "end", nil, func() bool { return r.Len() == 0 })
	mu.Lock()
	defer mu.Unlock()
	for what, want := range map[string]int{"opened": 1, "closed 1000": 1, "received": 1, "in": 8, "sent": 2, "out": 8 + 4} {
		if count[what] != want {
			t.Errorf("%s: %d, want %d", what, count[what], want)
		}
	}
	if count["writes"] < 1 {
		t.Error("no writes")
	}
}

// A flush window joins what comes within it.
func TestFlushWindow(t *testing.T) {
	writes := make(chan int, 100)
	r := start(t, Options{FlushWindow: 50 * time.Millisecond,
		Listener: Listener{Sent: func(frames, _, n int) { writes <- n }}})
	p, rec := r.dial(t)
	for range 20 {
		rec.conn.Deliver([]byte("cursor"), false)
	}
	for range 20 {
		if f, err := p.next(); err != nil || string(f.payload) != "cursor" {
			t.Fatal(f, err)
		}
	}
	if n := <-writes; n != 1 || len(writes) > 5 {
		t.Errorf("%d more flushes", len(writes))
	}
}

// What is said by those who are ready, when the first of them has woken the flusher, leaves by one write. Now and then
// the scheduler looks after the flusher first.
func TestFlushLast(t *testing.T) {
	const speakers, rounds = 8, 40
	frames := make(chan int, speakers*rounds)
	r := start(t, Options{FlushLast: true, Listener: Listener{Sent: func(n, _, _ int) { frames <- n }}})
	p, rec := r.dial(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	joined := 0
	for range rounds {
		for range speakers {
			go rec.conn.Deliver([]byte("step"), false)
		}
		for range speakers {
			if f, err := p.next(); err != nil || string(f.payload) != "step" {
				t.Fatal(f, err)
			}
		}
		for left := speakers; left > 0; {
			n := <-frames
			if n == speakers {
				joined++
			}
			left -= n
		}
	}
	if joined < rounds/2 {
		t.Errorf("in %d of %d rounds all left together", joined, rounds)
	}
}
