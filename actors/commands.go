package actors

import (
	"dormouse/actors/channel"
	"dormouse/claims"
)

// A Command is what a client asks of its connection. Names are as the client wrote them: an alias stays an
// alias until the connection actor resolves it. Data is one compact JSON value, nil for null, and belongs
// to the command: its bytes must not change after Send.
//
// Every command ends with exactly one Sink.Complete, after its answer if it has one.
type Command interface{ command() }

// Every command, in one block. Ref, if not empty, comes back in the answer: in the refusal, or in a KindAck
// message if the command has no answer of its own.
type (
	// Subscribe joins a channel, with the rights of the connect token and, if Token is not empty, of that
	// subscribe token.
	Subscribe struct {
		Channel, Token, Ref string
		Resume              bool              // it reads numbers; see channel.Resumption
		After               *channel.Position // where it left off; implies Resume. nil: it was not here
	}

	// Unsubscribe leaves a channel.
	Unsubscribe struct{ Channel, Ref string }

	// Publish sends an event to a channel's subscribers.
	Publish struct {
		Channel, Event string
		Data           []byte
		Schedule       Schedule
		EagerID        bool // of a scheduled message: its id is told now
		Ref            string
	}

	// SetStorage writes one entry of a channel's storage; nil, null and {} clear it.
	SetStorage struct {
		Channel, Key string
		Data         []byte
		Schedule     Schedule
		Ref          string
	}

	// WriteStorage writes entries together, if conditions hold. Of each write, Key, Data, Increment and
	// IfVersion are the client's; the rest is filled in by its rights.
	WriteStorage struct {
		Channel  string
		Writes   []channel.StorageWrite
		Schedule Schedule
		Ref      string
	}

	// GetStorage reads one entry; the answer is a KindStorageData message, with Version one that says the
	// entry's version.
	GetStorage struct {
		Channel, Key, Ref string
		Version           bool
	}

	// React adds a reaction to a stored message, or takes it back. It cannot be scheduled. MessageID may be
	// any text. Fault, if not nil, is what is wrong with the request in itself: the answer to those who may
	// react at all.
	React struct {
		Channel             string
		MessageID, Reaction string
		Remove              bool
		Fault               *channel.Error
		Schedule            Schedule
		Ref                 string
	}

	// UpdateUMD changes the umd of a subscription, or the connection's own if Channel is empty, to what a
	// umd token says. It cannot be scheduled.
	UpdateUMD struct {
		Channel, Token string
		Schedule       Schedule
		Ref            string
	}

	// Heartbeat restarts the connection's heartbeat timeout.
	Heartbeat struct{ Ref string }

	// Ping is answered with KindPong.
	Ping struct{ Ref string }
)

func (*Subscribe) command()    {}
func (*Unsubscribe) command()  {}
func (*Publish) command()      {}
func (*SetStorage) command()   {}
func (*WriteStorage) command() {}
func (*GetStorage) command()   {}
func (*React) command()        {}
func (*UpdateUMD) command()    {}
func (*Heartbeat) command()    {}
func (*Ping) command()         {}

// PublishRequest is what a backend publishes: by an API key, with no connection.
type PublishRequest struct {
	Channel, Event  string
	Data            []byte
	Store           int64 // seconds of retention; 0: not stored; -1: for ever
	Emit            bool
	DeduplicationID string
	By              *Author // nil: the server, which has no meta on the wire
	Origin          Origin

	// Schedule delays the message; Recurs lets that be a rate() or a cron(). EagerID gives a message that is
	// delayed its id now, by the time at which it is due; what recurs takes none.
	Schedule Schedule
	Recurs   bool
	EagerID  bool
}

// SetStorageRequest is a backend's write to a channel's storage.
type SetStorageRequest struct {
	Channel, Key string
	Data         []byte
	Store        int64 // seconds of retention, never 0; -1: for ever
	Emit         bool
	NotifyExpiry claims.Flag // observers are told when the entry expires; Unset: as the server has it
	By           *Author     // nil: the server
	Origin       Origin
	Schedule     Schedule // as in PublishRequest
	Recurs       bool
}

// An Author is who a backend speaks for, by a token instead of an API key.
type Author struct {
	UID string
	UMD []byte // nil: null
}

// WriteStorageRequest is a backend's write of several entries, or one, if conditions hold. NotifyExpiry of
// each is filled in, from the request's where that has it.
type WriteStorageRequest struct {
	Channel string
	Writes  []channel.StorageWrite
	// NotifyExpiry is of each of Writes what it is in SetStorageRequest; nil: Unset of all.
	NotifyExpiry []claims.Flag
	By           *Author // nil: the server
	Origin       Origin
}

// ListStorageRequest reads a page of a channel's storage, in key order.
type ListStorageRequest struct {
	Channel string
	Keys    []string // at most 100; nil: all
	After   string
	Limit   int // 1 to 100; 0: 100
	// Allow leaves out keys that the asker may not get; nil: none. It may be called on any goroutine.
	Allow func(key string) bool
	// Within is where the allowed keys are, as [claims.ChannelGrant.GetRanges] says; nil: anywhere.
	Within []claims.KeyRange
}

// Origin says where a request came from, for backend events and stored messages.
type Origin struct {
	Trigger             channel.Trigger
	SourceIP, UserAgent string
	RequestID           string
}
