package ws

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkDeliver1000 delivers one frame of 200 bytes to 1,000 connections and waits until the sockets
// have it: the figure is per round of 1,000.
func BenchmarkDeliver1000(b *testing.B) {
	for _, burst := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("burst=%d", burst), func(b *testing.B) { benchmarkDeliver(b, burst) })
	}
}

func benchmarkDeliver(b *testing.B, burst int) {
	const conns = 1000
	var sent, writes atomic.Int64
	told := make(chan struct{}, 1)
	var want atomic.Int64
	r := start(b, Options{Listener: Listener{Sent: func(frames, _, n int) {
		writes.Add(int64(n))
		if sent.Add(int64(frames)) >= want.Load() {
			select {
			case told <- struct{}{}:
			default:
			}
		}
	}}})
	all := make([]*Conn, conns)
	for i := range all {
		p, rec := r.dial(b)
		all[i] = rec.conn
		go io.Copy(io.Discard, p.Conn)
	}
	data := []byte(strings.Repeat("x", 200))
	round := func() {
		want.Add(int64(conns * burst))
		for range burst {
			for _, c := range all {
				c.Deliver(data, false)
			}
		}
		for sent.Load() < want.Load() {
			<-told
		}
	}
	for range 20 {
		round()
	}
	writes.Store(0)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		round()
	}
	b.StopTimer()
	n := float64(b.N) * float64(conns*burst)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/delivery")
	b.ReportMetric(float64(writes.Load())/n, "writes/delivery")
}

// BenchmarkPush is what a delivery costs its caller, the writing left out.
func BenchmarkPush(b *testing.B) {
	a := NewAcceptor(Options{})
	defer a.Close()
	nc, other := net.Pipe()
	defer nc.Close()
	defer other.Close()
	all := make([]*Conn, 1000)
	for i := range all {
		all[i] = &Conn{a: a, net: nc, slot: -1, writer: shared}
	}
	data := []byte(strings.Repeat("x", 200))
	b.ReportAllocs()
	for range b.N {
		for _, c := range all {
			c.Deliver(data, false)
			c.out.queue, c.out.head, c.out.frames, c.out.bytes = c.out.queue[:0], 0, 0, 0
		}
	}
}

// BenchmarkReceive is one message of 200 bytes from the wire to the Handler.
func BenchmarkReceive(b *testing.B) {
	var got atomic.Int64
	done := make(chan struct{})
	r := start(b, Options{})
	r.onOpen = func(rec *recorder) Handler {
		return &counter{func() {
			if got.Add(1) == int64(b.N) {
				close(done)
			}
		}}
	}
	p, _ := r.dial(b)
	one := text(strings.Repeat("x", 200))
	batch := join(slicesRepeat(one, 64)...)
	b.ReportAllocs()
	b.ResetTimer()
	for sent := 0; sent < b.N; {
		n := min(64, b.N-sent)
		p.send(batch[:n*len(one)])
		sent += n
	}
	<-done
}

type counter struct{ count func() }

func (c *counter) Message([]byte)     { c.count() }
func (c *counter) Closed(int, string) {}

func slicesRepeat(b []byte, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = b
	}
	return all
}

// BenchmarkRoundTrip is a message and its answer on an idle connection.
func BenchmarkRoundTrip(b *testing.B) {
	r := start(b, Options{})
	answer := []byte("answer")
	r.onOpen = func(rec *recorder) Handler {
		return &counter{func() { rec.conn.Deliver(answer, false) }}
	}
	p, _ := r.dial(b)
	one := text("question")
	b.ReportAllocs()
	for range b.N {
		p.send(one)
		if _, err := io.ReadFull(p.br, make([]byte, 8)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIdle opens 10,000 connections from another process and reports what each costs this one.
// Run it with -benchtime 1x.
func BenchmarkIdle(b *testing.B) {
	const conns = 10000
	r := start(b, Options{})
	var open atomic.Int64
	all := make(chan struct{})
	r.onOpen = func(*recorder) Handler {
		if open.Add(1) == conns {
			close(all)
		}
		return &counter{}
	}
	before := memory()
	release := clients(b, r, conns)
	<-all
	debug.FreeOSMemory()
	after := memory()
	b.ReportMetric(float64(after.rss-before.rss)/conns, "RSS-B/conn")
	b.ReportMetric(float64(after.heap-before.heap)/conns, "heap-B/conn")
	b.ReportMetric(float64(after.stack-before.stack)/conns, "stack-B/conn")
	b.ReportMetric(0, "ns/op")
	r.Acceptor.Close()
	release()
}

// clients starts the other process and returns what ends it.
func clients(b *testing.B, r *rig, conns int) func() {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "WS_TEST_IDLE_CLIENTS="+strconv.Itoa(conns)+","+r.addr)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	return func() {
		stdin.Close()
		_ = child.Wait()
	}
}

type usage struct{ rss, heap, stack int64 }

func memory() usage {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{heap: int64(m.HeapInuse), stack: int64(m.StackInuse)}
	status, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		u.rss = kib << 10
	}
	return u
}

// idleClients is the other process: it connects and waits for the end of its standard input.
func idleClients(spec string) {
	n, addr, _ := strings.Cut(spec, ",")
	count, _ := strconv.Atoi(n)
	var wg sync.WaitGroup
	conns := make(chan net.Conn, count)
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range count / 8 {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				fmt.Fprint(nc, handshake)
				if _, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
				conns <- nc
				go io.Copy(io.Discard, nc)
			}
		}()
	}
	wg.Wait()
	_, _ = io.Copy(io.Discard, os.Stdin)
}
