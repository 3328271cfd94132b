package peers

import "dormouse/bench/load"

// Rights are what a client may do on its channel.
type Rights uint8

// The rights; a client has any of them.
const (
	Subscribe Rights = 1 << iota // and observe every key
	Publish
	Set
	Get
	Visit // subscribe, not at once
	Store // what is published is kept
	Emit  // backends are told of what is published
)

// A Client is a connection to be.
type Client struct {
	UID     string
	Channel string // a name, or a pattern with * for clients that do not subscribe
	Rights  Rights
}

// A Kind is what a frame from a server means to a scenario.
type Kind uint8

// The kinds of frames.
const (
	Other      Kind = iota
	Connected       // the first, once the client is known
	Subscribed      // everything published or set from now on will come
	Message         // published or set by somebody
	Ack             // a set is durable, and on its way to everyone
	Answer          // to a get
	Membership      // a member came or went, as Presence tells
	Refusal         // an error
)

// A Dialect is how a peer is spoken to. The appending methods write one message of the protocol into dst; data
// is one JSON value. Names must need no escapes in JSON or in a URL, and are words with dots between them.
type Dialect interface {
	// Protocol is what c connects with: a new one each time.
	Protocol(c Client) load.Protocol
	// Subscribe adds nothing if c is subscribed as soon as it is connected.
	Subscribe(dst []byte, channel string) []byte
	Publish(dst []byte, channel string, data []byte) []byte
	// Set stores data; the peer acknowledges it, in the order in which one client sets.
	Set(dst []byte, channel, key string, data []byte) []byte
	Get(dst []byte, channel, key string) []byte
	Kind(frame []byte) Kind
}
