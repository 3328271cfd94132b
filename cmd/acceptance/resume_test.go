package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
)

const (
	resumeChannels = 3
	resumeWriters  = 2 // of a channel
	resumeReaders  = 4 // of a channel; half of them observe half of the keys

	resumeEntries  = 500 // that a channel keeps for those who come back
	resumeFrames   = 80  // after which a reader is cut at the latest
	resumeAbsences = 24  // returns of which one comes too late
)

// TestResume cuts readers at random moments, again and again, while their channels are written without
// pause. Who comes back and is told that it recovered must have read everything once and in order, as the
// writers know it; who is not must have a snapshot that is right. Most recover.
func TestResume(t *testing.T) {
	l := newResuming(t)
	l.begin(t)
	l.returned(t, resumeReturns)
	l.halt(t)
	l.report(t)
	if returns, recovered, _ := l.sums(); returns < resumeReturns || recovered <= returns/2 || recovered == returns {
		t.Errorf("%d of %d returns recovered, want most of %d, and not those that came too late", recovered, returns, resumeReturns)
	}
}

// TestResumeAfterRestarts does the same over several lives of the server. One that stops in order keeps what
// those who come back have missed; nobody recovers over a kill.
func TestResumeAfterRestarts(t *testing.T) {
	l := newResuming(t)
	kept := 0
	for n := range resumeRestarts {
		l.begin(t)
		l.returned(t, len(l.readers)+l.random.IntN(2*len(l.readers)))
		killed := n%2 == 0
		l.end(t, killed)
		if err := l.server.start(); err != nil {
			t.Fatal(err)
		}
		if !killed {
			// Nothing happens now, so that nobody is late.
			kept += l.comeBack(t)
		}
	}
	l.begin(t)
	l.returned(t, len(l.readers))
	l.halt(t)
	l.report(t)
	if kept < resumeRestarts/2*len(l.readers)/2 {
		t.Errorf("%d recovered what they missed while the server restarted in order, want most of %d", kept, resumeRestarts/2*len(l.readers))
	}
}

// A resuming is a server with its writers and readers, over all of its lives.
type resuming struct {
	server  *server
	random  *rand.Rand
	tales   []*tale
	readers []*reader

	returns atomic.Int64 // of this life
	dying   atomic.Bool  // from here on connections may end
	resting atomic.Bool  // nobody is to come any more
	stop    chan struct{}
	reading sync.WaitGroup
	writing sync.WaitGroup
	sockets []*socket // of the writers
}

// A reader is one client. One goroutine at a time has it.
type reader struct {
	tale   *readerTale
	token  claims
	random *rand.Rand
}

func newResuming(t *testing.T) *resuming {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	l := &resuming{random: rand.New(rand.NewPCG(seed, 0)), server: serve(t, defaults().with(settings{
		"limits.replay_entries": resumeEntries, "drain.timeout": "10s", "drain.spread": "100ms"}))}
	for c := range resumeChannels {
		story := newTale(fmt.Sprintf("busy.%d", c), resumeWriters)
		l.tales = append(l.tales, story)
		for r := range resumeReaders {
			name, keys := fmt.Sprintf("reader-%d-%d", c, r), "*"
			if r%2 == 1 {
				keys = "a.*"
			}
			l.readers = append(l.readers, &reader{
				tale:   newReaderTale(story, name, keys != "*"),
				token:  claims(fmt.Sprintf(`{"uid":%q,"channels":{%q:{"subscribe":true,"storage":{%q:{"observe":true}}}}}`, name, story.name, keys)),
				random: rand.New(rand.NewPCG(seed, uint64(len(l.readers)+1))),
			})
		}
	}
	return l
}

// begin starts the writers and readers of a life.
func (l *resuming) begin(t *testing.T) {
	t.Helper()
	l.returns.Store(0)
	l.dying.Store(false)
	l.resting.Store(false)
	l.stop, l.sockets = make(chan struct{}), nil
	for _, story := range l.tales {
		for w := range resumeWriters {
			if err := l.write(t.Context(), story, w); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range l.readers {
		l.reading.Go(func() { l.read(t.Context(), r) })
	}
}

// write opens a connection that does deed after deed, a few ahead of their acks.
func (l *resuming) write(ctx context.Context, story *tale, writer int) error {
	free := make(chan struct{}, unanswered)
	k, err := l.server.open(ctx, claims(fmt.Sprintf(
		`{"channels":{%q:{"messages":{"live":{"broadcast":true},"kept":{"broadcast":true,"store":600}},"storage":{"*.%d":{"set":true}}}}}`,
		story.name, writer)), func(f *frame) {
		switch f.Event {
		case "hotsock.ack":
			n, _ := strconv.Atoi(f.Ref)
			story.acked(deed{writer, n})
			<-free
		case "hotsock.error":
			story.faultOf("writer %d is refused: %s %s", writer, f.Error.Code, f.Error.Message)
			<-free
		}
	})
	if err != nil {
		return err
	}
	l.sockets = append(l.sockets, k)
	stop := l.stop
	l.writing.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-k.done:
				if !l.dying.Load() {
					story.faultOf("writer %d: the connection ended by itself: %v", writer, k.err)
				}
				return
			case free <- struct{}{}:
			}
			d := story.does(writer)
			text := fmt.Sprintf(`{"event":"hotsock.channelStorageSet","channel":%q,"key":%q,"data":%d,"ref":"%d"}`, story.name, d.keyOf(), d.n, d.n)
			if d.keyOf() == "" {
				text = fmt.Sprintf(`{"event":%q,"channel":%q,"data":[%d,%d],"ref":"%d"}`, d.eventOf(), story.name, writer, d.n, d.n)
			}
			if k.send(ctx, text) != nil {
				<-k.done // the next turn tells of it
			}
		}
	})
	return nil
}

// read is a reader's life: it comes, is cut, and comes back.
func (l *resuming) read(ctx context.Context, r *reader) {
	for !l.dying.Load() && !l.resting.Load() {
		if r.random.IntN(resumeAbsences) == 0 {
			l.stayAway(ctx, r.tale.tale)
		}
		frames := 0
		if r.random.IntN(8) != 0 {
			frames = 1 + r.random.IntN(resumeFrames)
		}
		if err := l.visit(ctx, r, frames); err != nil {
			if !l.dying.Load() {
				r.tale.tale.faultOf("%s: %v", r.tale.name, err)
			}
			return
		}
	}
}

// stayAway waits until more was said than is kept.
func (l *resuming) stayAway(ctx context.Context, story *tale) {
	enough := story.progress() + 2*resumeEntries
	for !l.dying.Load() && !l.resting.Load() && story.progress() < enough && story.faultless() {
		if pause(ctx, pollEvery) != nil {
			return
		}
	}
}

// wholeVisit is for visit: until the server has nothing more to say.
const wholeVisit = -1

// visit connects, subscribes, and is cut after so many frames, of which hotsock.subscribed may be the first.
// Its own end is no error.
func (l *resuming) visit(ctx context.Context, r *reader, frames int) error {
	conn, err := l.server.dial(ctx, "/v1?token="+hs256.sign(string(connectToken(r.token))))
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }() // a cut: no closing handshake
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	if _, _, err := conn.Read(ctx); err != nil { // the greeting
		return err
	}
	v := &visit{reader: r.tale, returned: r.tale.epoch != "", acked: r.tale.asks()}
	ask := `{"resume":true}`
	if v.returned {
		ask = fmt.Sprintf(`{"after":{"epoch":%q,"seq":%d}}`, r.tale.epoch, r.tale.seq)
	}
	ask = fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%q,"data":%s}`, r.tale.tale.name, ask)
	if err := conn.Write(ctx, websocket.MessageText, []byte(ask)); err != nil {
		return err
	}
	leaving := false
	for n := 0; n != frames; n++ {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("after %d frames: %w", n, err)
		}
		var f numbered
		if err := json.Unmarshal(text, &f); err != nil {
			return fmt.Errorf("%w in %s", err, text)
		}
		if f.Event == "hotsock.unsubscribed" && leaving {
			return nil
		}
		if err := v.take(&f); err != nil {
			return fmt.Errorf("%w in %s", err, text)
		}
		if n == 0 && v.returned {
			l.returns.Add(1)
		}
		if frames == wholeVisit && v.settled() && !leaving {
			// Its answer comes after all that the channel has to say.
			leaving = true
			leave := fmt.Sprintf(`{"event":"hotsock.unsubscribe","channel":%q}`, r.tale.tale.name)
			if err := conn.Write(ctx, websocket.MessageText, []byte(leave)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A numbered frame is what a subscription with resume reads.
type numbered struct {
	Event, Key string
	Data       json.RawMessage
	Seq        uint64
	Error      json.RawMessage
}

// A visit is one connection of a reader.
type visit struct {
	reader   *readerTale
	returned bool
	acked    []int // before it subscribed

	subscribed bool
	told       told
	shown      map[string]int // of a snapshot that is not whole yet
	left       int            // frames of the snapshot, or that were missed, still to come
}

func (v *visit) settled() bool { return v.subscribed && v.left == 0 }

var errUnexpected = errors.New("unexpected frame")

func (v *visit) take(f *numbered) error {
	switch {
	case !v.subscribed && f.Event == "hotsock.subscribed":
		if err := json.Unmarshal(f.Data, &v.told); err != nil {
			return err
		}
		v.subscribed = true
		v.reader.comes(v.told, v.returned)
		v.left = v.told.Missed
		if v.told.Recovered == nil || !*v.told.Recovered {
			v.left, v.shown = v.told.Snapshot, map[string]int{}
		}
		if v.left == 0 {
			v.whole()
		}
		return nil
	case !v.subscribed || f.Error != nil:
		return errUnexpected
	case v.shown != nil:
		n := 0
		if err := json.Unmarshal(f.Data, &n); err != nil {
			return err
		}
		if _, again := v.shown[f.Key]; again || f.Event != "hotsock.channelStorageUpdated" || f.Seq != 0 {
			return fmt.Errorf("in a snapshot: %w", errUnexpected)
		}
		v.shown[f.Key] = n
	default:
		d, err := f.deed()
		if err != nil {
			return err
		}
		v.reader.reads(d, f.Seq)
	}
	if v.left > 0 {
		if v.left--; v.left == 0 {
			v.whole()
		}
	}
	return nil
}

// whole is when all that hotsock.subscribed announced has come.
func (v *visit) whole() {
	if v.shown == nil {
		v.reader.recoveredAll(v.acked)
		return
	}
	v.reader.begins(v.told, v.shown, v.acked)
	v.shown = nil
}

// deed reads which one a frame tells of.
func (f *numbered) deed() (d deed, err error) {
	if f.Event == "hotsock.channelStorageUpdated" {
		if _, err := fmt.Sscanf(f.Key[strings.IndexByte(f.Key, '.')+1:], "%d", &d.writer); err != nil {
			return d, err
		}
		if err := json.Unmarshal(f.Data, &d.n); err != nil {
			return d, err
		}
		if d.keyOf() != f.Key {
			return d, errUnexpected
		}
		return d, nil
	}
	var pair [2]int
	if err := json.Unmarshal(f.Data, &pair); err != nil {
		return d, err
	}
	if d = (deed{pair[0], pair[1]}); d.keyOf() != "" || d.eventOf() != f.Event {
		return d, errUnexpected
	}
	return d, nil
}

// returned waits until readers have come back so many times in this life, and every writer got somewhere.
func (l *resuming) returned(t *testing.T, goal int) {
	t.Helper()
	for l.returns.Load() < int64(goal) || !l.each((*tale).begun) {
		if err := pause(t.Context(), pollEvery); err != nil || !l.each((*tale).faultless) {
			l.report(t)
			l.dying.Store(true)
			l.server.kill()
			l.finish()
			t.FailNow()
		}
	}
}

func (l *resuming) each(holds func(*tale) bool) bool {
	for _, story := range l.tales {
		if !holds(story) {
			return false
		}
	}
	return true
}

// end ends the server under load.
func (l *resuming) end(t *testing.T, killed bool) {
	t.Helper()
	l.dying.Store(true)
	if killed {
		l.server.kill()
	} else if code, err := l.server.stop(); err != nil || code != 0 {
		t.Errorf("stopped with %d: %v", code, err)
	}
	l.finish()
	for _, story := range l.tales {
		story.disconnected(killed)
	}
}

// finish waits until nobody of this life runs.
func (l *resuming) finish() {
	close(l.stop)
	l.reading.Wait()
	l.writing.Wait()
	for _, k := range l.sockets {
		if !l.server.running() {
			<-k.done // what had come is still read
		}
		k.close()
	}
}

// halt lets the writers come to an end with every ack, brings every reader up to date, and compares what
// each of them has with what is there.
func (l *resuming) halt(t *testing.T) {
	t.Helper()
	l.resting.Store(true)
	l.reading.Wait()
	close(l.stop)
	l.writing.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !l.each((*tale).settled) {
		if err := pause(ctx, pollEvery); err != nil {
			t.Fatalf("writes stay without an answer: %v", err)
		}
	}
	l.comeBack(t)
	for _, r := range l.readers {
		values, err := storedValues(t.Context(), l.server, r.tale.tale.name)
		if err != nil {
			t.Fatal(err)
		}
		for key, n := range values {
			if r.tale.observes(key) && r.tale.values[key] != n {
				t.Errorf("%s has %s at %d, and %d is stored", r.tale.name, key, r.tale.values[key], n)
			}
		}
	}
	for _, k := range l.sockets {
		k.close()
	}
}

// comeBack brings every reader up to date while nothing happens, and returns how many recovered.
func (l *resuming) comeBack(t *testing.T) int {
	t.Helper()
	_, before, _ := l.sums()
	for _, r := range l.readers {
		if err := l.visit(t.Context(), r, wholeVisit); err != nil {
			t.Errorf("%s: %v", r.tale.name, err)
		}
	}
	_, after, _ := l.sums()
	return after - before
}

func (l *resuming) sums() (returns, recovered, missed int) {
	for _, r := range l.readers {
		returns, recovered, missed = returns+r.tale.returns, recovered+r.tale.recovered, missed+r.tale.missed
	}
	return returns, recovered, missed
}

// report logs figures and tells of every fault.
func (l *resuming) report(t *testing.T) {
	t.Helper()
	deeds, wrong := 0, 0
	for _, story := range l.tales {
		deeds, wrong = deeds+story.progress(), wrong+story.wrong
		for _, fault := range story.faults {
			t.Error(fault)
		}
	}
	returns, recovered, missed := l.sums()
	t.Logf("%d returns, %d recovered, %d messages and changes that they had missed, of %d; %d faults", returns, recovered, missed, deeds, wrong)
}
