package channel

import (
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/schedule"
	"dormouse/claims"
)

// A Step is what the world gives to a decision besides the command: the core owns no clock, no random
// source and no counter.
type Step struct {
	At    time.Time // now, in UTC
	Stamp time.Time // what ids are made of, in UTC: never before At, nor any earlier step's, on this node and over restarts
	Seq   uint64    // the number that this command's writes will take, if it has any
	// Generation tells the histories of a store apart: another one after a restore of a backup.
	Generation uint64
	// Entropy fills p with random bytes, for new ids.
	Entropy func(p []byte)
}

// A Trigger says by which door a command came, in the words of backend events.
type Trigger string

// The doors.
const (
	TriggerClientWebSocket Trigger = "client.websocket"
	TriggerClientHTTP      Trigger = "client.http"
	TriggerServerHTTP      Trigger = "server.http"
	TriggerServerLambda    Trigger = "server.lambda"
)

// A Sender is who gives a command: a connection, or the server itself when ConnectionID is empty.
type Sender struct {
	ConnectionID string
	// Sink reads the answer, when the answer is a frame. nil: the answer goes into Effects.Result.
	Sink      Sink
	UID       string // of the connection; the subscription's own goes before it
	UMD       []byte
	Trigger   Trigger
	SourceIP  string
	UserAgent string
	RequestID string
}

// From returns who gives the command that the Sender is part of.
func (s *Sender) From() *Sender { return s }

// Subscribe asks for a subscription. Whoever sends it has found that Grant allows it.
type Subscribe struct {
	Sender
	UID, Alias string               // of the subscription
	UMD        []byte               // of the subscription
	Auto       bool                 // not asked for by a frame
	Grant      *claims.ChannelGrant // what the connection may observe here, and whether it counts
	Spend      *claims.Spend        // a single-use token, reserved: spent if and only if this succeeds
	Numbered   bool                 // it reads the numbers of what it is told, and may come back with them
	After      *Position            // where it left off; only with Numbered. nil: it has not been here
	Full       bool                 // no rows can be written: should the process die, its member gets no grace

	// MaxMembers bounds how many members a presence channel has, to join it as another one. 0: any number.
	MaxMembers int
	// Again: who is subscribed already is told so once more, and nothing changes. Else it is refused.
	Again bool
	// Cache: what the channel keeps for those who come is told, or that there is nothing.
	Cache bool
	// Count: from now on all hear how many they are.
	Count bool
}

// Unsubscribe ends a subscription. Gone: the connection has ended, and reads no answer.
type Unsubscribe struct {
	Sender
	Gone bool
	// Lost: nobody wanted it to end, so that its user may come back; see Options.LeaveGrace.
	Lost bool
	// Full: no rows can be written. It ends all the same, and its member is not kept.
	Full bool
}

// UpdateUMD changes the umd of one subscription. Whoever sends it has found that a umd token allows it.
type UpdateUMD struct {
	Sender
	UMD   []byte        // one compact JSON value of at most 1 KiB; nil: null
	Spend *claims.Spend // a single-use token, reserved: spent if and only if this succeeds
	Full  bool          // no rows can be written: should the process die, its member has the umd of before
}

// Spare makes a command do without rows, as far as it can, since none can be written. It says whether that is worth
// another try.
func (cmd *Subscribe) Spare() bool   { was := cmd.Full; cmd.Full = true; return !was }
func (cmd *Unsubscribe) Spare() bool { was := cmd.Full; cmd.Full = true; return !was }
func (cmd *UpdateUMD) Spare() bool   { was := cmd.Full; cmd.Full = true; return !was }

// Publish sends a message to all who are subscribed. Whoever sends it has found that it is allowed.
type Publish struct {
	Sender
	Event string
	Data  []byte // one compact JSON value; nil: null
	// Subscribed: only a subscriber may do this, else ErrNotSubscribed.
	Subscribed bool
	Echo       bool  // the sending connection reads its own message too
	Emit       bool  // tell backends
	Store      int64 // seconds of retention; 0: not stored; -1: for ever
	Server     bool  // no meta on the wire
	// DeduplicationID, if not empty, lets only the first of equal ids through within five minutes.
	DeduplicationID string
	// CacheFor is for how long the channel keeps it for those who come, in the place of what it kept; see
	// Subscribe.Cache. 0: it does not.
	CacheFor time.Duration
}

// Published answers Publish to an asker without a sink.
type Published struct {
	ID  ulid.ULID
	Seq uint64 // zero: it changed nothing durable
}

// React adds a reaction to a stored message, or removes it.
type React struct {
	Sender
	MessageID ulid.ULID // zero: no message has it
	Reaction  string
	Remove    bool
	// Fault, if not nil, is what is wrong with the request in itself. Only who may react at all is told.
	Fault *Error
	// Server: the author is Sender's UID and UMD, and everything is allowed.
	Server bool
	Emit   bool // Server only: tell backends
}

// ListReactions reads the reactions to one stored message. The answer is *Reactions.
type ListReactions struct {
	ConnectionID string // as in ListMessages
	MessageID    ulid.ULID
}

// Reactions answers ListReactions.
type Reactions struct {
	Items []Reaction // by the time at which they were added
}

// A Reaction is one user's reaction to one message.
type Reaction struct {
	ID       ulid.ULID
	Reaction string
	UID      string
	UMD      []byte // when it was added; nil: null
}

// A ReactionCount is what a message has of one reaction.
type ReactionCount struct {
	Reaction string
	Count    int
	By       []Member // who, by the time at which they did; nil if nobody asked
}

// SetStorage writes, replaces or clears one entry. Whoever sends it has found that it is allowed.
type SetStorage struct {
	Sender
	Key          string
	Data         []byte // one compact JSON value; nil, null and {} clear the entry
	Store        int64  // seconds of retention; -1: for ever
	Emit         bool
	NotifyExpiry bool // observers are told when the entry expires
	Server       bool // meta is {"uid":null,"umd":null}
}

// WriteStorage writes entries together, if conditions hold. Whoever sends it has found that each is allowed,
// and that the keys are keys.
type WriteStorage struct {
	Sender
	Writes []StorageWrite
	Server bool
}

// A StorageWrite is one entry of WriteStorage.
type StorageWrite struct {
	Key          string
	Data         []byte // as in SetStorage; unused with Increment
	Increment    string // a JSON number to add, 0 if there is no entry; "": Data is set
	IfVersion    int64  // the version that the entry must have; 0: it must not be there; negative: any
	Store        int64  // seconds of retention; -1: for ever
	Emit         bool
	NotifyExpiry bool
	Show         bool // the answer says the version, and what an increment led to
}

// StorageWritten answers WriteStorage.
type StorageWritten struct{ Entries []WrittenEntry }

// A WrittenEntry is what an entry is after WriteStorage, as far as it may be shown.
type WrittenEntry struct {
	Key     string
	Version uint64 // zero: there is no entry now, or it is not shown
	Data    []byte // of an increment; nil: it is not shown
}

// GetStorage reads one entry. The answer is a KindStorageData message, or an *Entry without a sink.
type GetStorage struct {
	Sender
	Key     string
	Version bool // the answer says the version too
}

// ListStorage reads entries in key order. The answer is *Entries.
type ListStorage struct {
	Keys  []string              // only these; nil: all
	After string                // keys after this one
	Allow func(key string) bool // nil: all are allowed
	// Within, without Keys, is where the allowed keys are: nothing else is read. nil: anywhere.
	Within []claims.KeyRange
	Limit  int // of entries, at least 1
	Bytes  int // of data, a page ends when it passes this; at least one entry is returned
	// Visit bounds how many entries one step reads, allowed or not, since what is allowed may be rare among them;
	// 0: all that there are. A page that is not whole then says how it goes on.
	Visit int

	begun []Entry // what earlier steps have found
}

// An Entry is one key of a channel's storage as an asker reads it.
type Entry struct {
	Key       string
	Data      []byte
	Meta      *Meta     // nil: the key is unset
	ExpiresAt time.Time // zero: never
	Version   uint64    // the seq of its last change
}

// Entries answers ListStorage.
type Entries struct {
	Items []Entry
	More  bool // the page ended before the entries did
	// Rest, if not nil, goes on with the page, which is not whole: its answer has Items too.
	Rest *ListStorage
}

// ListMessages reads stored messages within a window. The answer is *Messages.
type ListMessages struct {
	// ConnectionID, if not empty, must be subscribed, else ErrNotSubscribed; it sees what was published
	// since it subscribed, and what its grant's historyStart opens.
	ConnectionID  string
	Event         string    // "": any
	After, Before ulid.ULID // exclusive; zero: open
	Reverse       bool      // newest first
	Limit         int       // 1 to 100
	Bytes         int       // of data, as in ListStorage, and of reactions
	// ExpandReactions asks who has reacted, too.
	ExpandReactions bool
}

// DeleteMessage removes one stored message.
type DeleteMessage struct{ ID ulid.ULID }

// Delete removes everything that the channel keeps.
type Delete struct{ Sender }

// Messages answers ListMessages. Each is a KindPublished message with Meta set.
type Messages struct {
	Items []*Message
	// Reactions has, for each of Items, what was reacted to it, in the order in which that was first added.
	// nil: nothing, to none of them.
	Reactions [][]ReactionCount
	More      bool
}

// Schedule does Publish or Set later, whichever is not nil. Whoever sends it has found that it is allowed, and
// to schedule it that far.
type Schedule struct {
	Publish *Publish
	Set     *SetStorage
	When    schedule.Expression
	// Expression and Timezone are what When was read from.
	Expression, Timezone string
	// EagerID gives the message its id now, by the time at which it is due. What recurs takes none.
	EagerID bool
}

// Scheduled answers Schedule to an asker without a sink.
type Scheduled struct {
	ID        ulid.ULID // of the schedule; of a copy of a message that was not scheduled, zero
	MessageID ulid.ULID // zero: it is given when the message is sent
	Due       time.Time // zero: a copy, which is dropped
	Seq       uint64
}

// Ran is the result of a Due that ran a schedule.
type Ran struct {
	ID  ulid.ULID
	Due time.Time // the time for which it was scheduled
}

// GetSchedule reads one schedule. The answer is a *ScheduleInfo.
type GetSchedule struct{ ID ulid.ULID }

// CancelSchedule removes one. The answer is its *ScheduleInfo.
type CancelSchedule struct{ ID ulid.ULID }

// ListSchedules reads schedules in the order in which they were made. The answer is *Schedules.
type ListSchedules struct {
	After ulid.ULID // exclusive; zero: from the first
	Limit int       // at least 1
}

// Schedules answers ListSchedules. Its items have no Data and no Meta.
type Schedules struct {
	Items []ScheduleInfo
	More  bool
}

// GetCached reads what the channel keeps for those who come. The answer is a *Cached, or nil if that is nothing.
type GetCached struct{}

// A Cached is the last event that was published with CacheFor.
type Cached struct {
	Event     string
	Data      []byte // one JSON value; nil: null
	ExpiresAt time.Time
}

// GetInfo reads who is there. The answer is *Info.
type GetInfo struct{}

// Info answers GetInfo.
type Info struct {
	Name          string
	Subscriptions int      // those that count
	Members       []Member // nil: not a presence channel
}
