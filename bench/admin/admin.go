// Package admin is what servers of the bench's own making tell it: where they listen, how much they hold,
// where their time goes.
package admin

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
)

// Serve opens a listener for the harness and serves it, says on standard error where that and the clients'
// are, in one line of JSON, and returns. Pages: /metrics has go_memstats_heap_alloc_bytes and what counters
// returns, unless that is nil; /debug/pprof/ has profiles.
func Serve(clients string, counters func() map[string]uint64) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Fprintf(w, "go_memstats_heap_alloc_bytes %d\n", m.HeapAlloc)
		if counters != nil {
			for name, n := range counters() {
				fmt.Fprintf(w, "%s %d\n", name, n)
			}
		}
	})
	go func() { _ = http.Serve(l, mux) }() // as long as the process
	line, err := json.Marshal(map[string]string{"listen": clients, "admin": l.Addr().String()})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stderr, "%s\n", line)
	return err
}
