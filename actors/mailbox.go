package actors

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// A mailbox keeps what an actor was sent until a worker of the dispatcher handles it, one message at a time and in
// the order in which they came. It is the library's UnboundedLockfree in all that it promises. That one allocates a
// node for every message, and a function value every time it has something to do, which together were a third of all
// that a publish allocated. Here nodes are used again, and the mailbox itself is what the dispatcher runs.
//
// Invariants:
//
//   - At most one worker runs it: who changes running from false hands it to the dispatcher, and only the worker
//     changes it back. Then it looks once more, for whoever posted in between found it running.
//   - What the library tells its actors, their start and their end, goes before what they were sent.
//   - While an actor is suspended, because it panicked and the library decides on it, only the library is heard.
//
// There are no middlewares and no batches of messages: nothing here uses them.
type mailbox struct {
	messages queue
	posted   atomic.Int32 // messages that are in, and not yet taken

	mu     sync.Mutex
	orders []any        // the library's own; a few in an actor's life
	given  atomic.Int32 // orders that are in, and not yet taken

	running   atomic.Bool
	suspended atomic.Bool

	invoker    actor.MessageInvoker
	dispatcher *dispatcher
}

var _ actor.Mailbox = (*mailbox)(nil)

func newMailbox() actor.Mailbox {
	m := &mailbox{}
	m.messages.open()
	return m
}

// RegisterHandlers is called before anything is posted. d must be a *dispatcher.
func (m *mailbox) RegisterHandlers(i actor.MessageInvoker, d actor.Dispatcher) {
	m.invoker, m.dispatcher = i, d.(*dispatcher)
}

// Start is part of the library's contract.
func (m *mailbox) Start() {}

// UserMessageCount is how many messages wait.
func (m *mailbox) UserMessageCount() int { return int(m.posted.Load()) }

// PostUserMessage takes a message to the actor. It may be called from any goroutine, and never blocks.
func (m *mailbox) PostUserMessage(message any) {
	m.messages.push(message)
	m.posted.Add(1)
	m.schedule()
}

// PostSystemMessage takes a message of the library. It may be called from any goroutine.
func (m *mailbox) PostSystemMessage(message any) {
	m.mu.Lock()
	m.orders = append(m.orders, message)
	m.mu.Unlock()
	m.given.Add(1)
	m.schedule()
}

func (m *mailbox) schedule() {
	if m.running.CompareAndSwap(false, true) {
		m.dispatcher.schedule(m)
	}
}

// run handles what is there. A worker calls it.
func (m *mailbox) run() {
	for {
		m.handle()
		m.running.Store(false)
		more := m.given.Load() > 0 || m.posted.Load() > 0 && !m.suspended.Load()
		if !more || !m.running.CompareAndSwap(false, true) {
			return
		}
		runtime.Gosched() // somebody may be in the middle of a push, before which nothing can be taken
	}
}

// handle handles messages until there are none, or until one panics.
func (m *mailbox) handle() {
	var message any
	defer func() {
		if r := recover(); r != nil {
			m.invoker.EscalateFailure(r, message)
		}
	}()
	for n := 1; ; n++ {
		if n%throughput == 0 {
			runtime.Gosched()
		}
		if message = m.order(); message != nil {
			m.obey(message)
			continue
		}
		if m.suspended.Load() {
			return
		}
		if message = m.messages.pop(); message == nil {
			return
		}
		m.posted.Add(-1)
		m.invoker.InvokeUserMessage(message)
	}
}

// order takes the library's next message, nil if there is none.
func (m *mailbox) order() any {
	if m.given.Load() == 0 {
		return nil
	}
	m.given.Add(-1)
	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.orders[0]
	if m.orders[0] = nil; len(m.orders) == 1 {
		m.orders = nil
	} else {
		m.orders = m.orders[1:]
	}
	return first
}

func (m *mailbox) obey(order any) {
	switch order.(type) {
	case *actor.SuspendMailbox:
		m.suspended.Store(true)
	case *actor.ResumeMailbox:
		m.suspended.Store(false)
	default:
		m.invoker.InvokeSystemMessage(order)
	}
}

// A queue is a list of messages with many who push and one who pops, without a lock: Dmitry Vyukov's node-based MPSC
// queue. There is always one node whose message was taken. A node belongs to whoever took it from the pool until it is
// linked, and then to the one who pops: he sees it linked to the next only when the one who pushed that is done with
// it, so that nobody has it any more when it goes back.
type queue struct {
	last  atomic.Pointer[node] // the newest
	taken *node                // before the oldest; of the one who pops
}

type node struct {
	next    atomic.Pointer[node]
	message any
}

var nodes = sync.Pool{New: func() any { return new(node) }}

func (q *queue) open() {
	n := nodes.Get().(*node)
	q.taken = n
	q.last.Store(n)
}

func (q *queue) push(message any) {
	n := nodes.Get().(*node)
	n.message = message
	q.last.Swap(n).next.Store(n)
}

// pop returns nil if there is nothing, or if what comes next is not linked yet: who pushes it has not come back.
func (q *queue) pop() any {
	was := q.taken
	next := was.next.Load()
	if next == nil {
		return nil
	}
	q.taken = next
	message := next.message
	next.message = nil
	was.next.Store(nil)
	nodes.Put(was)
	return message
}
