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

// A tally counts for one app. What happens with each frame is counted in lanes, which do not share a cache line: sockets
// of one app are written to by all processors at once.
type tally struct {
	opened, ended               atomic.Uint64
	calls, callBytes, sentBytes atomic.Uint64
	next                        atomic.Uint32
	lanes                       [4]lane
}

// A lane is a share of an app's sockets.
type lane struct {
	framesIn, bytesIn, framesOut, bytesOut atomic.Uint64
	_                                      [32]byte
}

// lane returns where a new socket counts.
func (t *tally) lane() *lane { return &t.lanes[t.next.Add(1)%uint32(len(t.lanes))] }

func (l *lane) received(bytes int) { l.framesIn.Add(1); l.bytesIn.Add(uint64(bytes)) }
func (l *lane) sent(bytes int)     { l.framesOut.Add(1); l.bytesOut.Add(uint64(bytes)) }

func (t *tally) established() { t.opened.Add(1) }
func (t *tally) closed()      { t.ended.Add(1) }

// called counts a call that the app had signed.
func (t *tally) called(received, sent int) {
	t.calls.Add(1)
	t.callBytes.Add(uint64(received))
	t.sentBytes.Add(uint64(sent))
}

func (t *tally) stats(app string) AppStats {
	s := AppStats{App: app, Calls: t.calls.Load(), CallBytes: t.callBytes.Load(), SentBytes: t.sentBytes.Load()}
	s.Closed = t.ended.Load() // before those that were opened, so that there are never fewer of them
	s.Opened = t.opened.Load()
	s.Connected = int(s.Opened - s.Closed)
	for i := range t.lanes {
		l := &t.lanes[i]
		s.FramesIn += l.framesIn.Load()
		s.FramesOut += l.framesOut.Load()
		s.BytesIn += l.bytesIn.Load()
		s.BytesOut += l.bytesOut.Load()
	}
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
