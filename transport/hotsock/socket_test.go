package hotsock

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/transport/ws"
)

// fakeWire is a peer that reads when the test says so.
type fakeWire struct {
	mu      sync.Mutex
	queue   []fakeFrame
	done    chan struct{}
	closes  []string
	counted int
}

type fakeFrame struct {
	text    string
	counted bool
}

func newFakeWire() *fakeWire { return &fakeWire{done: make(chan struct{})} }

func (w *fakeWire) Deliver(frame []byte, bulk bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, fakeFrame{string(frame), !bulk})
	if !bulk {
		w.counted++
	}
}

func (w *fakeWire) Close(code int, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closes = append(w.closes, fmt.Sprint(code, " ", reason))
}

func (w *fakeWire) Done() <-chan struct{} { return w.done }

func (w *fakeWire) Outbox() (frames, bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counted, 0
}

// drain reads all that is queued.
func (w *fakeWire) drain() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, f := range w.queue {
		all = append(all, f.text)
	}
	w.queue, w.counted = nil, 0
	return all
}

func (w *fakeWire) queued() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// newTestSocket returns a socket whose other ends are the test's.
func newTestSocket(change func(o *Options)) (*Socket, *fakeWire, *recordedClient) {
	o := Options{MaxData: testMaxData, MaxPending: 4}
	if change != nil {
		change(&o)
	}
	o.EnsureDefaults()
	w := newFakeWire()
	s := newSocket(w, &o)
	c := newRecordedClient(s)
	s.client = c
	return s, w, c
}

// arrived returns the commands that the engine has got.
func (c *recordedClient) arrived() (all []string) {
	for {
		select {
		case cmd := <-c.commands:
			all = append(all, fmt.Sprintf("%T", cmd))
		default:
			return all
		}
	}
}

const pingFrame = `{"event":"hotsock.ping"}`

func TestSocketStopsReadingWhenTheEngineLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, c := newTestSocket(nil)
		read := 0
		go func() {
			for range 10 {
				s.Message([]byte(pingFrame))
				read++
			}
		}()
		expect := func(commands int) {
			t.Helper()
			synctest.Wait()
			if got := len(c.arrived()); got != commands || read > 10 {
				t.Errorf("%d commands arrived, want %d", got, commands)
			}
		}
		expect(4)
		s.Complete(1)
		expect(1)
		s.Complete(3)
		expect(3)
		s.Complete(4)
		expect(2)
		if read != 10 {
			t.Errorf("%d frames were read", read)
		}
	})
}

func TestSocketAnswersRefusedFramesInTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w, c := newTestSocket(nil)
		go func() {
			s.Message([]byte(`{"event":"hotsock.subscribe","channel":"c"}`))
			s.Message([]byte(`{"event":"hotsock.pong"}`)) // nobody answers this
			s.Message([]byte(`{"event":"hotsock.nope","channel":"c","ref":"r"}`))
			s.Message([]byte(pingFrame))
		}()
		synctest.Wait()
		if got := w.drain(); got != nil {
			t.Fatalf("the refusal overtook the answer: %s", got)
		}
		if got := fmt.Sprint(c.arrived()); got != "[*actors.Subscribe]" {
			t.Fatal(got)
		}
		deliver(s, &channel.Message{Kind: channel.KindSubscribed, Channel: "c"})
		s.Complete(1)
		synctest.Wait()
		want := []string{
			`{"event":"hotsock.subscribed","channel":"c","data":{},"meta":{"uid":null,"umd":null}}`,
			`{"event":"hotsock.error","channel":"c","error":{"code":"UNKNOWN_EVENT","message":"Unknown system event."},"ref":"r"}`,
		}
		if got := w.drain(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %s", got)
		}
		if got := fmt.Sprint(c.arrived()); got != "[*actors.Ping]" {
			t.Error(got)
		}
	})
}

// TestSocketEnds waits in every place where a reader can wait, and ends the connection.
func TestSocketEnds(t *testing.T) {
	end := func(t *testing.T, prepare func(s *Socket), frames ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s, w, c := newTestSocket(nil)
			prepare(s)
			over := make(chan struct{})
			go func() {
				defer close(over)
				for _, f := range frames {
					s.Message([]byte(f))
				}
				s.Closed(1006, "")
			}()
			synctest.Wait()
			select {
			case <-over:
				t.Error("it does not wait")
			default:
			}
			s.Close(channel.CloseInternal)
			close(w.done)
			<-over
			<-c.closed
			if fmt.Sprint(w.closes) != "[1011 internal error]" {
				t.Error(w.closes)
			}
			s.Message([]byte(pingFrame)) // what was read already
			if got := c.arrived(); len(got) > 4 {
				t.Errorf("the engine heard %v", got)
			}
		})
	}
	t.Run("while the engine lags", func(t *testing.T) {
		end(t, func(*Socket) {}, pingFrame, pingFrame, pingFrame, pingFrame, pingFrame)
	})
	t.Run("while a refusal waits for its turn", func(t *testing.T) {
		end(t, func(*Socket) {}, pingFrame, "x")
	})
	t.Run("while the client does not read", func(t *testing.T) {
		end(t, func(s *Socket) { s.Deliver(make([]byte, ws.MaxBulk), true) }, pingFrame)
	})
}

// A reader that stops says so, and why, and says when it goes on.
func TestSocketTellsThatItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waiting := map[string]int{}
		began := 0
		s, w, c := newTestSocket(func(o *Options) {
			o.Listener.Waits = func(why string, on bool) {
				if on {
					waiting[why]++
					began++
				} else {
					waiting[why]--
				}
			}
		})
		expect := func(times int, want map[string]int) {
			t.Helper()
			time.Sleep(10 * ws.BacklogPoll)
			synctest.Wait()
			if began != times || !maps.Equal(waiting, want) {
				t.Fatalf("after %d waits it waits for %v; want %d, %v", began, waiting, times, want)
			}
		}
		go func() {
			for range 6 {
				s.Message([]byte(pingFrame))
			}
		}()
		expect(1, map[string]int{WaitsForAnswers: 1})
		s.Complete(3)
		expect(1, map[string]int{WaitsForAnswers: 0})
		if got := c.arrived(); len(got) != 6 {
			t.Fatalf("the engine heard %v", got)
		}
		s.Complete(3)
		s.Deliver(make([]byte, ws.MaxBulk), true)
		go s.Message([]byte(pingFrame))
		expect(2, map[string]int{WaitsForAnswers: 0, WaitsForClient: 1})
		w.drain()
		expect(2, map[string]int{WaitsForAnswers: 0, WaitsForClient: 0})
		s.Complete(1)
		s.Message([]byte("garbage")) // whose answer takes all places: nobody lags
		expect(2, map[string]int{WaitsForAnswers: 0, WaitsForClient: 0})
	})
}

// TestSocketBoundsAnswersThatNobodyReads is the client that asks, and asks, and never reads.
func TestSocketBoundsAnswersThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w, c := newTestSocket(nil)
		go func() {
			for range c.commands {
				s.Deliver(make([]byte, 1000), true)
				s.Complete(1)
			}
		}()
		const asked = 10_000
		read := 0
		go func() {
			for range asked {
				s.Message([]byte(pingFrame))
				read++
			}
			close(c.commands)
		}()
		wait := func() { time.Sleep(10 * ws.BacklogPoll); synctest.Wait() }
		wait()
		total := 0
		for total < asked {
			n := w.queued()
			if n > ws.MaxBulk/1000+2*4 {
				t.Fatalf("%d answers wait", n)
			}
			if n == 0 {
				t.Fatalf("stuck after %d", total)
			}
			if w.counted > 1 {
				t.Fatalf("%d marks", w.counted)
			}
			total += len(w.drain())
			wait()
		}
		if total != asked || read != asked {
			t.Errorf("%d answers, %d frames read", total, read)
		}
	})
}

func TestSocketDoesNotWaitForLiveTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w, _ := newTestSocket(nil)
		s.Deliver(make([]byte, ws.MaxBulk), true) // the mark
		for range 5 {
			s.Deliver([]byte("live"), false)
		}
		went := false
		go func() { s.Message([]byte(pingFrame)); went = true }()
		time.Sleep(10 * ws.BacklogPoll)
		synctest.Wait()
		if went {
			t.Fatal("the mark is unread")
		}
		w.mu.Lock()
		w.counted -= 2 // the mark and one more were read, the rest keeps coming
		w.mu.Unlock()
		time.Sleep(10 * ws.BacklogPoll)
		synctest.Wait()
		if !went {
			t.Error("it waits for what came after the mark")
		}
	})
}

func TestSocketLimitsTheRate(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s, w, c := newTestSocket(func(o *Options) {
		o.FrameRate, o.FrameBurst, o.MaxRateRefusals = 2, 3, 5
		o.now = func() time.Time { return now }
	})
	send := func(n int) {
		for range n {
			s.Message([]byte(`{"event":"hotsock.ping","channel":"c","ref":"r"}`))
			if len(c.arrived()) > 0 {
				w.Deliver([]byte("pong"), true)
				s.Complete(1)
			}
		}
	}
	const limited = `{"event":"hotsock.error","channel":"c","error":{"code":"RATE_LIMITED","message":"Slow down."},"ref":"r"}`
	expect := func(want ...string) {
		t.Helper()
		if got := w.drain(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %q", got)
		}
	}
	send(4)
	expect("pong", "pong", "pong", limited)
	now = now.Add(500 * time.Millisecond)
	send(2)
	expect("pong", limited)
	s.Message([]byte("garbage"))
	expect(`{"event":"hotsock.error","error":{"code":"RATE_LIMITED","message":"Slow down."}}`)
	now = now.Add(11 * time.Second) // what was refused is forgotten
	send(8)
	expect("pong", "pong", "pong", limited, limited, limited, limited, limited)
	if len(w.closes) != 0 {
		t.Error(w.closes)
	}
	send(1)
	expect()
	if fmt.Sprint(w.closes) != "[1008 sent too fast for too long]" {
		t.Error(w.closes)
	}
}

// BenchmarkSocket is the whole way of a frame in, up to the engine, and of one out.
func BenchmarkSocket(b *testing.B) {
	frame := []byte(`{"event":"chat","channel":"game.lobby.42","data":{"text":"` + strings.Repeat("x", 180) + `"}}`)
	b.Run("in", func(b *testing.B) {
		s, _, _ := newTestSocket(nil)
		s.client = instantClient{s}
		b.ReportAllocs()
		for b.Loop() {
			s.Message(frame)
		}
	})
	b.Run("out", func(b *testing.B) {
		s, _, _ := newTestSocket(nil)
		s.wire = discardWire{}
		b.ReportAllocs()
		for b.Loop() {
			s.Deliver(frame, false)
		}
	})
}

type instantClient struct{ s *Socket }

func (c instantClient) Send(actors.Command) { c.s.Complete(1) }
func (c instantClient) Closed()             {}

type discardWire struct{}

func (discardWire) Deliver([]byte, bool)  {}
func (discardWire) Close(int, string)     {}
func (discardWire) Done() <-chan struct{} { return nil }
func (discardWire) Outbox() (int, int)    { return 0, 0 }
