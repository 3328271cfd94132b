package actors

import (
	"context"
	"sync"

	"dormouse/actors/channel"
)

// An ask is one command on its way to a durable actor, with who wants the answer. What answers it leaves
// when what it tells is durable.
type ask struct {
	cmd any // *channel.Subscribe and its like

	// A connection's command: sink gets the refusal or the acknowledgement, and in any case Complete(1).
	sink channel.Sink
	name string // the channel as the client wrote it, for the refusal
	ref  string
	// unasked: the client did not send this command, and none of its places is to be given back.
	unasked bool

	// outcome, if not nil, hears how the command was decided, at once: it only concerns what the
	// connection may ask for next, and nobody outside hears of it.
	outcome func(err error)

	// reply, if not nil, gets the result after everything else that the command said. It must not block.
	reply func(result any, err error)

	trace *trace // nil: nobody asks where its time goes
}

// An asking is an ask together with its command, which clients send so often that one allocation does for both.
type asking[C any] struct {
	ask
	is C
}

// refusal is a command that is refused already. It travels through the channel so that its answer keeps its
// place among the channel's other answers to the same client.
type refusal struct{ err *channel.Error }

// flush is a command that does nothing: its answer says that all before it is durable.
type flush struct{}

// acks are lent while they are encoded. They never leave the actor, and are as big as everything else that a set's
// answer takes.
var acks = sync.Pool{New: func() any { return new(channel.Message) }}

// acknowledge tells the client that its command succeeded, with what the answer is to name: ids, and seq if it is not
// zero. It returns how many frames that were.
func (q *ask) acknowledge(result any, seq uint64) int {
	ack := acks.Get().(*channel.Message)
	*ack = channel.Message{Kind: channel.KindAck, Ref: q.ref, Seq: seq}
	switch r := result.(type) {
	case *channel.Published:
		ack.ID = r.ID
	case *channel.Scheduled:
		ack.ID, ack.Key = r.MessageID, r.ID.String()
	case *channel.StorageWritten:
		ack.Written = r
	}
	n := deliver(&channel.Delivery{To: q.sink, Message: ack, Bulk: true})
	*ack = channel.Message{}
	acks.Put(ack)
	return n
}

// naturallyAnswered reports whether a command's success is a frame of its own, so that it needs no KindAck.
func naturallyAnswered(cmd any) bool {
	switch cmd.(type) {
	case *channel.Subscribe, *channel.Unsubscribe, *channel.GetStorage:
		return true
	}
	return false
}

// askAndWait sends cmd to a and waits for its answer or ctx's end.
func (s *System) askAndWait(ctx context.Context, a Address, cmd any) (any, error) {
	type answer struct {
		result any
		err    error
	}
	answers := make(chan answer, 1)
	s.router.tell(a, &ask{cmd: cmd, reply: func(result any, err error) { answers <- answer{result, err} }})
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
