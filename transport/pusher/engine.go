package pusher

import (
	"context"
	"time"

	"dormouse/actors/channel"
)

// An Engine is what the HTTP API asks of the rest of the server. A namespace is one of [claims.App.Namespace]: it
// comes from the record of an app whose signature was good, never from a request. Names have been checked.
//
// All methods may be called from many goroutines at once. Their errors are a *channel.Error for what is refused,
// ctx's if it ends first, or a fault.
type Engine interface {
	// Publish sends events to their channels in this order, and returns once every channel has accepted its own.
	// It returns the counts of the channel after each, for those with Count; the others' are zero. An event for a
	// channel that nobody is on, and that keeps nothing, is dropped.
	Publish(ctx context.Context, namespace string, events []Event) ([]Counts, error)
	// SendToUser sends an event to all connections that are signed in as user, subscribed to anything or not. The
	// event's Channel is what they read in its place.
	SendToUser(ctx context.Context, namespace, user string, e Event) error
	// Channels lists up to limit occupied channels whose names begin with prefix and are greater than after, in
	// byte order; more says that there are others. It wakes none of them.
	Channels(ctx context.Context, namespace, prefix, after string, limit int) (page []Occupied, more bool, err error)
	// Counts says who is on one channel, zero if nobody ever was. It wakes nothing.
	Counts(ctx context.Context, namespace, name string) (Counts, error)
	// Members lists a presence channel's members in the order in which they came.
	Members(ctx context.Context, namespace, name string) ([]channel.Member, error)
	// Cached returns what a cache channel keeps, nil if that is nothing.
	Cached(ctx context.Context, namespace, name string) (*Cached, error)
	// Terminate closes all connections that are signed in as user; with members, also those that are a member of
	// any presence channel with that id. It succeeds if there are none.
	Terminate(ctx context.Context, namespace, user string, members bool) error
}

// An Event is one event for one channel.
type Event struct {
	Channel, Name string
	Data          []byte // one JSON value, which is told byte for byte
	Except        string // the socket id of a connection that does not read it; "": all do
	// CacheFor is for how long the channel keeps it for those who come; 0: not at all.
	CacheFor time.Duration
	Count    bool // the answer says who is there
}

// Counts says how many are on a channel.
type Counts struct {
	Subscriptions int // connections
	Members       int // different users; 0 unless it is a presence channel
}

// An Occupied channel is one with a subscription.
type Occupied struct {
	Name string
	Counts
}

// A Cached event is the last one that was published to a cache channel.
type Cached struct {
	Event string
	Data  []byte // one JSON value
	Until time.Time
}
