package scenario

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"dormouse/bench/load"
)

// A receiver is a backend of the harness's own, to which a server posts its events. It takes every one at once.
type receiver struct {
	URL string

	server *http.Server
	heard  chan received
}

// A received event has data with a payload's number.
type received struct {
	n  int // -1: it has none
	at int64
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	r := &receiver{URL: "http://" + l.Addr().String() + "/events", heard: make(chan received, tellings)}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = r.server.Serve(l) }() // until Close
	return r, nil
}

// ServeHTTP answers only when the event has its place in the line: a sender that waits for the answer before it
// sends the next has its events there in its order.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e := received{n: -1, at: load.Now()}
	if numbers := stamps(body); len(numbers) == 1 {
		e.n = numbers[0]
	}
	select {
	case r.heard <- e:
		w.WriteHeader(http.StatusNoContent)
	case <-request.Context().Done():
	}
}

// hear takes what has come so far.
func (r *receiver) hear(take func(received)) {
	for {
		select {
		case e := <-r.heard:
			take(e)
		default:
			return
		}
	}
}

func (r *receiver) close() { _ = r.server.Close() }
