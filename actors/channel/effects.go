package channel

import (
	"time"

	"dormouse/persistence"
)

// Effects are what one command asks for. The shell that runs the core applies Writes before the next
// command is decided, commits them with the rest of the turn, and only then lets Deliveries, Events and
// Result leave, in the order in which they stand here. A refused command has no effects.
//
// An Effects is used again after Reset; what it points to is not.
type Effects struct {
	// Writes change the channel's rows, spend a token or queue a backend event. They are one atomic
	// change: they take one seq, or none if there are none.
	Writes []persistence.Write
	// Erase removes all of the channel's rows once Writes are made: another epoch begins.
	Erase bool
	// Tailed is set by the shell: somebody besides the subscribers hears what is told to all of them, so that
	// it is told even if there are none.
	Tailed bool
	// NoEvents is set by the shell: nobody listens to backend events, so that none are made. The list of members
	// in some of them costs as much as a frame.
	NoEvents bool
	// Deliveries are what subscribers read.
	Deliveries []Delivery
	// Events tell backends.
	Events []BackendEvent
	// Result answers an asker that is no subscriber: a *Published, *Info, *Entries, *Messages or *Entry.
	// nil: there is nothing to say but "done".
	Result any
	// Next, if not nil, is a command that the channel wants to be given behind those which wait for it already. It is
	// not needed any more if this one's Writes are refused.
	Next any
	// Sync: the writes must be on disk before anything leaves, whatever the channel's durability.
	Sync bool

	due    time.Time
	dueSet bool
	again  time.Time // zero: nothing was said
}

// Reset empties fx and keeps its memory.
func (fx *Effects) Reset() {
	clear(fx.Writes)
	clear(fx.Deliveries)
	clear(fx.Events)
	*fx = Effects{Writes: fx.Writes[:0], Deliveries: fx.Deliveries[:0], Events: fx.Events[:0]}
}

// SetDue says when the channel wants its next [Channel.Due]. The zero time: never.
func (fx *Effects) SetDue(at time.Time) { fx.due, fx.dueSet = at, true }

// Due returns what SetDue was last told; changed is false if it was told nothing.
func (fx *Effects) Due() (at time.Time, changed bool) { return fx.due, fx.dueSet }

// CallAgain says that the channel wants a [Channel.Due] at a time, besides that of SetDue, if it is in memory then.
// It replaces an earlier CallAgain.
func (fx *Effects) CallAgain(at time.Time) { fx.again = at }

// Again returns what CallAgain was told, the zero time if nothing.
func (fx *Effects) Again() time.Time { return fx.again }

// forget takes back what was added since fx was as in was.
func (fx *Effects) forget(was Effects) {
	clear(fx.Writes[len(was.Writes):]) // Reset clears no further than it goes
	clear(fx.Deliveries[len(was.Deliveries):])
	clear(fx.Events[len(was.Events):])
	fx.Writes = fx.Writes[:len(was.Writes)]
	fx.Deliveries = fx.Deliveries[:len(was.Deliveries)]
	fx.Events = fx.Events[:len(was.Events)]
	fx.Sync = was.Sync
}

func (fx *Effects) put(key string, value []byte) {
	fx.Writes = append(fx.Writes, persistence.PutRow(key, value))
}

func (fx *Effects) delete(key string) { fx.Writes = append(fx.Writes, persistence.DeleteRow(key)) }

// deliver tells everybody in among but except, if there is anybody.
func (fx *Effects) deliver(m *Message, among Roster, except *Subscription) {
	if fx.Tailed || among.Len() > 1 || among.Len() == 1 && except == nil {
		fx.Deliveries = append(fx.Deliveries, Delivery{Message: m, Among: among, Except: except})
	}
}

// answer tells one subscriber, outside its outbox's bound.
func (fx *Effects) answer(m *Message, to Sink) {
	fx.Deliveries = append(fx.Deliveries, Delivery{Message: m, To: to, Bulk: true})
}

// answerSub is answer for a subscription, which may read numbers.
func (fx *Effects) answerSub(m *Message, to *Subscription) {
	fx.Deliveries = append(fx.Deliveries, Delivery{Message: m, To: to.Sink, Bulk: true, Numbered: to.Numbered})
}

// A Delivery is one message and who reads it: To alone, or everybody in Among but Except.
type Delivery struct {
	Message *Message
	To      Sink          // not nil: this sink alone
	Among   Roster        // the subscriptions as they were when the command was decided
	Except  *Subscription // nil: nobody is left out
	// Bulk marks what does not count against a subscriber's outbox bound: snapshots and answers.
	Bulk bool
	// Numbered: To reads numbers and versions. In Among each Subscription says so itself.
	Numbered bool
}

// A BackendEvent is what a backend hears of, by webhook or queue.
type BackendEvent struct {
	Type     string            // such as "hotsock.channelStorageUpdated"
	DataType string            // such as "channelStorage"
	Metadata map[string]string // absent keys are left out
	Data     []byte            // one compact JSON object
}
