//go:build unix

package ws

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkFanout delivers frames of 200 bytes to 1,000 connections of another process, 20 a second, and
// reports what that costs this one in seconds of processor for a million deliveries.
// Run it with -benchtime 100x.
func BenchmarkFanout(b *testing.B) {
	const conns = 1000
	var sent atomic.Int64
	r := start(b, Options{Listener: Listener{Sent: func(frames, _, _ int) { sent.Add(int64(frames)) }}})
	opened := make(chan *Conn, conns)
	r.onOpen = func(rec *recorder) Handler { opened <- rec.conn; return &counter{} }
	defer clients(b, r, conns)()
	all := make([]*Conn, conns)
	for i := range all {
		all[i] = <-opened
	}
	data := []byte(strings.Repeat("x", 200))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	before := processor()
	b.ResetTimer()
	for range b.N {
		<-tick.C
		for _, c := range all {
			c.Deliver(data, false)
		}
	}
	until(b, "deliveries", nil, func() bool { return sent.Load() == int64(b.N*conns) })
	spent := processor() - before
	b.ReportMetric(spent.Seconds()*1e6/float64(b.N*conns), "CPU-s/M")
	r.Acceptor.Close()
}

func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
