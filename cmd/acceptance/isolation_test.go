package acceptance

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	roundTrips = 1500
	// floodRate is how many messages a second the flooder tries to send.
	floodRate = 50_000
	// floodMemory is how much a flood may make the server grow.
	floodMemory = 256 << 20
)

// TestFloodIsBoundedAndNobodyElsesTrouble lets one connection send far more than its share to one channel,
// with a subscriber there. A writer on another channel gets every answer, in order; the server does not grow
// beyond bounds; afterwards all is as before. How fast, is logged.
func TestFloodIsBoundedAndNobodyElsesTrouble(t *testing.T) {
	s := serve(t, defaults())
	third := newPendulum(t, s, "third")
	quietly := third.swing(t, roundTrips)
	before := memory(t, s)

	f := startFlood(t, s)
	flooded := third.swing(t, roundTrips)
	during := memory(t, s)
	sent, heard, took := f.stop()

	after := third.swing(t, roundTrips)
	t.Logf("round trips of the third: p50 %v, p99 %v; in the flood p50 %v, p99 %v; after it p50 %v, p99 %v",
		quantile(quietly, 50), quantile(quietly, 99), quantile(flooded, 50), quantile(flooded, 99), quantile(after, 50), quantile(after, 99))
	t.Logf("the flood: %d messages taken in %v, %.0f/s; %d heard; memory %d, %d MiB", sent, took.Round(time.Millisecond),
		float64(sent)/took.Seconds(), heard, before>>20, during>>20)
	if grown := during - before; grown > floodMemory && !raceDetector {
		t.Errorf("the server grew by %d MiB, want %d at most", grown>>20, floodMemory>>20)
	}
	if heard == 0 {
		t.Error("the flooded channel's subscriber hears nothing")
	}
}

// TestAPanicIsItsCommandsAlone uses a build whose channels panic if their name asks for it. The command gets
// an error each time, its connection lives, and a writer on another channel gets every answer.
func TestAPanicIsItsCommandsAlone(t *testing.T) {
	s := serveBuild(t, baitPanic, defaults())
	third := newPendulum(t, s, "third")
	quietly := third.swing(t, roundTrips)

	poisoned := newPendulum(t, s, "panic.x")
	stop := make(chan struct{})
	var panicking sync.WaitGroup
	panics, fault := 0, ""
	panicking.Go(func() {
		for ; ; panics++ {
			select {
			case <-stop:
				return
			default:
			}
			answer, err := poisoned.ask(t.Context())
			if want := fmt.Sprintf("hotsock.error INTERNAL_ERROR %d", poisoned.n); err != nil || answer != want {
				fault = fmt.Sprintf("a command that panics is answered with %q, %v; want %q", answer, err, want)
				return
			}
		}
	})
	amid := third.swing(t, roundTrips)
	close(stop)
	panicking.Wait()
	if fault != "" {
		t.Error(fault)
	}
	if !s.running() {
		t.Fatal("the server has ended")
	}
	t.Logf("%d panics, %d KiB of log; round trips of the third: p50 %v, p99 %v; amid them p50 %v, p99 %v", panics, len(s.log.String())>>10,
		quantile(quietly, 50), quantile(quietly, 99), quantile(amid, 50), quantile(amid, 99))
}

// A pendulum writes and waits for the ack, again and again, alone on its channel.
type pendulum struct {
	socket  *socket
	name    string
	answers chan string
	n       int // writes so far
}

func newPendulum(t *testing.T, s *server, name string) *pendulum {
	t.Helper()
	p := &pendulum{name: name, answers: make(chan string, 16)}
	k, err := s.open(t.Context(), claims(`{"channels":{"`+name+`":{"storage":{"k":{"set":true}}}}}`), func(f *frame) {
		if f.Event != "hotsock.connected" {
			p.answers <- strings.Join(strings.Fields(f.Event+" "+f.Error.Code+" "+f.Ref), " ")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	p.socket = k
	return p
}

// swing makes n round trips and returns how long each took.
func (p *pendulum) swing(t *testing.T, n int) []time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		answer, err := p.ask(t.Context())
		if want := fmt.Sprintf("hotsock.ack %d", p.n); err != nil || answer != want {
			t.Fatalf("write %d is answered with %q, %v, want %q", p.n, answer, err, want)
		}
		took[i] = time.Since(began)
	}
	return took
}

// ask writes once and waits for the answer.
func (p *pendulum) ask(ctx context.Context) (string, error) {
	p.n++
	if err := p.socket.send(ctx, fmt.Sprintf(
		`{"event":"hotsock.channelStorageSet","channel":%q,"key":"k","data":%d,"ref":"%d"}`, p.name, p.n, p.n)); err != nil {
		return "", err
	}
	select {
	case answer := <-p.answers:
		return answer, nil
	case <-p.socket.done:
		return "", p.socket.err
	case <-time.After(patience):
		return "", errSilence
	}
}

func quantile(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[(len(sorted)-1)*percent/100].Round(10 * time.Microsecond)
}

// A flood is one connection that publishes as fast as it is let, and one that listens.
type flood struct {
	cancel context.CancelFunc
	work   sync.WaitGroup
	began  time.Time
	sent   int
	heard  int
	ear    *socket
	mouth  *socket
}

func startFlood(t *testing.T, s *server) *flood {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &flood{cancel: cancel, began: time.Now()}
	var err error
	if f.ear, err = s.open(ctx, `{"channels":{"flood":{"autoSubscribe":true}}}`, func(got *frame) {
		if got.Event == "m" {
			f.heard++
		}
	}); err != nil {
		t.Fatal(err)
	}
	if f.mouth, err = s.open(ctx, `{"channels":{"flood":{"messages":{"m":{"broadcast":true}}}}}`, func(*frame) {}); err != nil {
		t.Fatal(err)
	}
	f.work.Go(func() { f.pour(ctx) })
	t.Cleanup(func() { f.stop() })
	return f
}

// pour writes bursts, each at its time, or as soon as the server takes them.
func (f *flood) pour(ctx context.Context) {
	const burst = floodRate / 100
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	message := []byte(`{"event":"m","channel":"flood","data":"` + strings.Repeat("f", 100) + `"}`)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for range burst {
			if f.mouth.conn.Write(ctx, websocket.MessageText, message) != nil {
				return
			}
			f.sent++
		}
	}
}

// stop ends the flood and says how much of it was taken and heard. Stopping twice does nothing more.
func (f *flood) stop() (sent, heard int, took time.Duration) {
	f.cancel()
	f.work.Wait()
	took = time.Since(f.began)
	f.mouth.close()
	f.ear.close()
	return f.sent, f.heard, took
}

// memory is the server's resident size in bytes.
func memory(t *testing.T, s *server) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("no VmRSS in %s", text)
	return 0
}
