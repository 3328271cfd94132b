package actors

import (
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/persistence"
)

// number is a command of the counting machine: sender's n-th.
type number struct{ sender, n int }

// counting is a machine that checks that every sender's commands come once and in order.
type counting struct {
	seen *[]int // by sender
	bad  *atomic.Int64
}

func (c counting) mark()          {}
func (c counting) renew()         {}
func (c counting) idle() bool     { return true }
func (c counting) unsealed() bool { return false }
func (c counting) kept() int      { return 0 }
func (c counting) counts() Counts { return Counts{} }

func (c counting) decide(_ channel.Step, cmd any, _ *channel.Effects) error {
	m := cmd.(number)
	if (*c.seen)[m.sender] != m.n {
		c.bad.Add(1)
	}
	(*c.seen)[m.sender] = m.n + 1
	return nil
}

// TestSleepLosesDoublesAndReordersNothing has senders post to one actor that is asked to sleep all the time.
// An actor that is stopped with messages in its mailbox, or whose name is free before it has ended, fails
// here within seconds.
func TestSleepLosesDoublesAndReordersNothing(t *testing.T) {
	const senders, rounds, perRound = 8, 800, 50
	store, err := persistence.Open(persistence.Options{Dir: "data", FS: persistence.Memory(), BallastBytes: -1, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s, err := New(Options{Store: store, Verifier: new(claims.Verifier), IdleAfter: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	seen := make([]int, senders)
	var bad atomic.Int64
	s.kinds["counting"] = func(Address, *persistence.Rows) machine { return counting{&seen, &bad} }
	address := Address{App: "a", Kind: "counting", Name: "n"}

	var posting, sleeping sync.WaitGroup
	stop := make(chan struct{})
	sleeping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				s.directory.each(func(_ Address, h *handle) { h.post(idleTick{}) })
				runtime.Gosched()
			}
		}
	})
	// Rounds, so that the mailbox runs dry and sleep has a chance just when the next round begins.
	for round := range rounds {
		for i := range senders {
			posting.Go(func() {
				for n := range perRound {
					s.router.tell(address, &ask{cmd: number{i, round*perRound + n}})
				}
			})
		}
		posting.Wait()
		if _, err := s.askAndWait(t.Context(), address, flush{}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			runtime.Gosched()
		}
	}
	close(stop)
	sleeping.Wait()
	for i, n := range seen {
		if n != rounds*perRound {
			t.Errorf("sender %d: %d of %d messages handled", i, n, rounds*perRound)
		}
	}
	if n := bad.Load(); n > 0 {
		t.Errorf("%d messages out of order", n)
	}
	sleeps := s.Stats().Sleeps
	t.Logf("%d messages, %d sleeps", senders*rounds*perRound, sleeps)
	if sleeps < 100 {
		t.Errorf("only %d sleeps: this proved nothing", sleeps)
	}
}
