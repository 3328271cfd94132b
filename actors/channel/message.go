package channel

import (
	"time"

	"github.com/oklog/ulid/v2"
)

// A Kind says what a [Message] is.
type Kind uint8

// The kinds of message. A codec gives each its protocol's name.
const (
	KindPublished         Kind = iota + 1 // ID, Event, Channel, Data; Meta unless the server published it
	KindStorageUpdated                    // Channel, Key, Data, Meta; Data nil when cleared
	KindStorageData                       // Channel, Key, Data, Meta; both nil when the key is unset
	KindSubscribed                        // Channel, Meta, Alias, Auto, Members on presence channels
	KindUnsubscribed                      // Channel, Meta, Alias
	KindMemberAdded                       // Channel, Member; Members after the change, unless Options.MemberDeltas
	KindMemberUpdated                     // the same
	KindMemberRemoved                     // the same, Members without Member
	KindReactionAdded                     // ID, Channel, Data {"messageId","reaction","action"}, Meta
	KindReactionRemoved                   // the same
	KindError                             // Err; Channel as the client wrote it, Ref
	KindAck                               // Ref; ID, Seq where the command had them, Key the id of a schedule
	KindConnected                         // Connection, Meta
	KindPong                              //
	KindKeepAlive                         //
	KindCacheMiss                         // Channel: it keeps no event for those who come
	KindSubscriptionCount                 // Channel, Count
	KindSignedIn                          // Data: what the user said of itself, as it was written
	KindWatchlist                         // Watched
)

// A Message is what a subscriber reads, before any codec has given it a form. It is shared by all who
// read it and never changes once it is in a [Delivery].
type Message struct {
	Kind    Kind
	Auto    bool      // subscribed without being asked
	ID      ulid.ULID // zero: none
	Event   string
	Channel string // the real name, except in KindError
	Alias   string // the subscription's alias, in KindSubscribed and KindUnsubscribed
	Key     string
	Data    []byte // one compact JSON value; nil reads as null
	Meta    *Meta
	Member  Member
	Members []Member // nil: not a presence channel, or MemberDeltas. An empty one is not nil
	Err     *Error
	Ref     string
	Seq     uint64          // the number of the change in its channel; zero: it changed nothing durable
	Number  uint64          // its place in what the channel told; zero: it has none. See Resumption
	Written *StorageWritten // in KindAck, of WriteStorage
	Resume  *Resumption     // in KindSubscribed, of those who read numbers
	Conn    *ConnectionInfo
	Count   int      // of subscriptions
	Watched *Watched // in KindWatchlist
}

// Meta says who did something.
type Meta struct {
	UID string // empty: none, null on the wire
	UMD []byte // one compact JSON value of at most 1 KiB; nil: null
}

// A Member is one uid of a presence channel.
type Member struct {
	UID string
	UMD []byte // nil: null
}

// Watched says of users whom somebody watches whether they are there.
type Watched struct{ Online, Offline []string }

// ConnectionInfo is what a client learns of its own connection.
type ConnectionInfo struct {
	ID        string    // 16 characters, URL-safe base64 of 11 random bytes with its padding
	Secret    string    // 20 alphanumerics
	ExpiresAt time.Time // zero: unlimited, null on the wire
}
