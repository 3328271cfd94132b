package pusher

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// AppStats is what one app's clients and backends did since the server began.
type AppStats struct {
	App string // its id

	Connected            int    // established connections now
	Opened, Closed       uint64 // established connections, and those of them that ended
	FramesIn, FramesOut  uint64 // of WebSockets
	BytesIn, BytesOut    uint64 // their payloads
	Calls                uint64 // HTTP calls that the app had signed
	CallBytes, SentBytes uint64 // bodies of those, and of their answers
}

// A tally counts for one app. What happens with each frame is counted by its socket, whose memory is at hand then
// anyway: a counter of the app's would go from processor to processor with every frame that each of them delivers. Who
// asks adds the sockets up.
type tally struct {
	calls, callBytes, sentBytes atomic.Uint64

	mu            sync.Mutex
	opened, ended uint64
	there         *count  // of established sockets; the last one that came is the first
	past          traffic // of those that are gone
}

// A count is what one socket counts. The zero value is ready.
type count struct {
	framesIn, bytesIn, framesOut, bytesOut atomic.Uint64

	// Under the tally's mu.
	next, prev *count
	in         bool
}

func (c *count) received(bytes int) { c.framesIn.Add(1); c.bytesIn.Add(uint64(bytes)) }
func (c *count) sent(bytes int)     { c.framesOut.Add(1); c.bytesOut.Add(uint64(bytes)) }

// traffic is the frames of some sockets.
type traffic struct{ in, bytesIn, out, bytesOut uint64 }

func (f *traffic) add(c *count) {
	f.in += c.framesIn.Load()
	f.bytesIn += c.bytesIn.Load()
	f.out += c.framesOut.Load()
	f.bytesOut += c.bytesOut.Load()
}

// established counts a connection, and what its socket counts from now on.
func (t *tally) established(c *count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opened++
	c.in, c.next = true, t.there
	if c.next != nil {
		c.next.prev = c
	}
	t.there = c
}

// closed counts its end. What is delivered later goes nowhere, and is not counted. Nothing happens if it was not
// established.
func (t *tally) closed(c *count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !c.in {
		return
	}
	t.ended++
	t.past.add(c)
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		t.there = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.in, c.next, c.prev = false, nil, nil
}

// called counts a call that the app had signed.
func (t *tally) called(received, sent int) {
	t.calls.Add(1)
	t.callBytes.Add(uint64(received))
	t.sentBytes.Add(uint64(sent))
}

func (t *tally) stats(app string) AppStats {
	s := AppStats{App: app, Calls: t.calls.Load(), CallBytes: t.callBytes.Load(), SentBytes: t.sentBytes.Load()}
	t.mu.Lock()
	defer t.mu.Unlock() // or who leaves meanwhile could be counted twice, or not at all
	all := t.past
	for c := t.there; c != nil; c = c.next {
		all.add(c)
	}
	s.Opened, s.Closed, s.Connected = t.opened, t.ended, int(t.opened-t.ended)
	s.FramesIn, s.BytesIn, s.FramesOut, s.BytesOut = all.in, all.bytesIn, all.out, all.bytesOut
	return s
}

// tallies has one for each app that was used. They are kept, since counters must not go back; there are no more than
// apps, whose records somebody wrote.
type tallies struct{ byID sync.Map }

func (ts *tallies) of(app string) *tally {
	if t, ok := ts.byID.Load(app); ok {
		return t.(*tally)
	}
	t, _ := ts.byID.LoadOrStore(app, new(tally))
	return t.(*tally)
}

// statsOf returns what one app did; nothing, if it was never used.
func (ts *tallies) statsOf(app string) AppStats {
	if t, ok := ts.byID.Load(app); ok {
		return t.(*tally).stats(app)
	}
	return AppStats{App: app}
}

// Stats returns what each app did, by id.
func (h *Handler) Stats() []AppStats {
	var all []AppStats
	h.tallies.byID.Range(func(app, t any) bool {
		all = append(all, t.(*tally).stats(app.(string)))
		return true
	})
	slices.SortFunc(all, func(a, b AppStats) int { return strings.Compare(a.App, b.App) })
	return all
}
