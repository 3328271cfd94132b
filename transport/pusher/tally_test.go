package pusher

import (
	"sync"
	"testing"
)

// What sockets have counted is the app's while they are there and when they are gone, whichever of them goes first;
// and it never becomes less.
func TestATallyHasWhatItsSocketsCount(t *testing.T) {
	var all tally
	sockets := make([]count, 4)
	for i := range sockets {
		all.established(&sockets[i])
	}
	for i := range sockets {
		sockets[i].received(10)
		sockets[i].sent(100)
		sockets[i].sent(100)
	}
	want := AppStats{App: "a", Connected: 4, Opened: 4, FramesIn: 4, BytesIn: 40, FramesOut: 8, BytesOut: 800}
	if got := all.stats("a"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, i := range []int{1, 3, 0, 2} { // in the middle, the first, the last, the only one
		all.closed(&sockets[i])
		all.closed(&sockets[i]) // which is nothing
		sockets[i].sent(100)    // and neither is this
		want.Connected, want.Closed = want.Connected-1, want.Closed+1
		if got := all.stats("a"); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if all.there != nil {
		t.Error("nobody is there, and somebody is counted")
	}
	all.closed(new(count)) // who was turned away
	if got := all.stats("a"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Who asks while sockets come and go never sees less than before.
func TestATallyOnlyGrows(t *testing.T) {
	var all tally
	const sockets, rounds, each = 8, 200, 5
	var busy sync.WaitGroup
	for range sockets {
		busy.Go(func() {
			for range rounds {
				c := new(count)
				all.established(c)
				for range each {
					c.sent(1)
				}
				all.closed(c)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		busy.Wait()
		close(done)
	}()
	var last AppStats
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		s := all.stats("a")
		if s.FramesOut < last.FramesOut || s.Connected < 0 || s.Connected > sockets {
			t.Fatalf("behind %+v came %+v", last, s)
		}
		last = s
	}
	if last.FramesOut != sockets*rounds*each || last.Connected != 0 {
		t.Errorf("in the end %+v", last)
	}
}
