package actors

import (
	"fmt"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

// hearing is an actor's inside: it hands on what its mailbox gives it.
type hearing struct {
	message func(any)
	order   func(any)
	failed  func(reason, message any)
}

func (h *hearing) InvokeUserMessage(m any)             { h.message(m) }
func (h *hearing) InvokeSystemMessage(m any)           { h.order(m) }
func (h *hearing) EscalateFailure(reason, message any) { h.failed(reason, message) }

func mailboxFor(t testing.TB, h *hearing) actor.Mailbox {
	d := newDispatcher()
	t.Cleanup(d.end)
	m := newMailbox()
	m.RegisterHandlers(h, d)
	m.Start()
	return m
}

// Every message is handled once, one at a time, and those of one sender in their order.
func TestAMailboxKeepsOrder(t *testing.T) {
	const senders, each = 8, 20_000
	type sent struct{ sender, n int }
	var (
		next   [senders]int
		inside bool // the race detector sees who else is
		left   = senders * each
		done   = make(chan struct{})
	)
	m := mailboxFor(t, &hearing{message: func(message any) {
		if inside {
			t.Error("two messages at once")
		}
		inside = true
		s := message.(*sent)
		if next[s.sender] != s.n {
			t.Errorf("sender %d: %d came in the place of %d", s.sender, s.n, next[s.sender])
		}
		next[s.sender]++
		inside = false
		if left--; left == 0 {
			close(done)
		}
	}})
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for n := range each {
				m.PostUserMessage(&sent{sender, n})
			}
		})
	}
	all.Wait()
	<-done
	if n := m.UserMessageCount(); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

// A panic is told with its message. Then only the library is heard until it lets the actor go on; what came meanwhile
// is handled in its order.
func TestAMailboxIsSuspended(t *testing.T) {
	heard := make(chan string, 16)
	var m actor.Mailbox
	m = mailboxFor(t, &hearing{
		message: func(message any) {
			if message == "bad" {
				panic("so it is")
			}
			heard <- fmt.Sprint(message)
		},
		order: func(order any) { heard <- fmt.Sprint("order ", order) },
		failed: func(reason, message any) {
			m.PostSystemMessage(&actor.SuspendMailbox{}) // as the library does
			heard <- fmt.Sprintf("%v: %v", message, reason)
		},
	})
	for _, message := range []string{"good", "bad", "1", "2"} {
		m.PostUserMessage(message)
	}
	expect := func(words ...string) {
		t.Helper()
		for _, want := range words {
			if got := <-heard; got != want {
				t.Fatalf("heard %q, want %q", got, want)
			}
		}
	}
	expect("good", "bad: so it is")
	m.PostUserMessage("3")
	for n := range 3 {
		m.PostSystemMessage(n)
	}
	expect("order 0", "order 1", "order 2")
	if n := m.UserMessageCount(); n != 3 {
		t.Errorf("%d messages wait, want 3", n)
	}
	m.PostSystemMessage(&actor.ResumeMailbox{})
	expect("1", "2", "3")
}

// Messages pass through a mailbox, whether it rests or is busy, without a node for each or a function for each rush.
func TestAMailboxAllocatesNothing(t *testing.T) {
	handled := make(chan struct{})
	m := mailboxFor(t, &hearing{message: func(message any) {
		if last := *message.(*bool); last {
			handled <- struct{}{}
		}
	}})
	no, yes := new(bool), new(bool)
	*yes = true
	step := func() {
		for range 9 {
			m.PostUserMessage(no)
		}
		m.PostUserMessage(yes)
		<-handled
	}
	// The race detector's pools forget every fourth node.
	if got := testing.AllocsPerRun(1000, step); got > 5 {
		t.Errorf("ten messages allocate %v times", got)
	}
}
