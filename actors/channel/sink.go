package channel

// A Sink is this node's end of one subscriber: where its deliveries go. The core keeps sinks in
// subscriptions and hands them back in [Delivery] values; it never calls one. Transports implement it.
//
// Every method may be called from many goroutines at once, and none of them blocks: a sink that cannot
// keep up closes its own connection and counts it.
type Sink interface {
	// Codec is the wire form this subscriber reads. It is the same for the sink's whole life.
	Codec() Codec
	// Deliver queues one encoded frame. The bytes are shared between sinks and never change afterwards.
	// bulk marks frames that do not count against the outbox's bound: snapshots and answers to the
	// subscriber's own commands, which have bounds of their own. On a closed sink it does nothing.
	Deliver(frame []byte, bulk bool)
	// Complete says that n commands of this connection are answered, so that its reader may go on.
	Complete(n int)
	// Close ends the connection with a code and a reason, after what is queued, as far as it still
	// can be written. Closing twice does nothing.
	Close(c Close)
}

// A Codec turns messages into one protocol's frames. It is stateless: one value serves every sink of its
// protocol, and a message is encoded once for all of them.
type Codec interface {
	// ID is a small number, 0 to MaxCodecs-1, its own for each codec of the program.
	ID() int
	// Append appends m's frame to dst. A codec that has no frame for a kind of message returns dst
	// unchanged, and nothing is delivered. The frame shares no memory with m, which may change afterwards.
	Append(dst []byte, m *Message) []byte
}

// A NumberedCodec is a Codec that can also say a message's Number and version. Subscriptions read them only
// through one.
type NumberedCodec interface {
	Codec
	// AppendNumbered returns the frame of m for those who read numbers. frame is what Append made of m;
	// it is shared and must not be changed, but may be returned.
	AppendNumbered(frame []byte, m *Message) []byte
}

// MaxCodecs bounds how many wire forms one program has.
const MaxCodecs = 8

// A Close is why a connection ends, as the protocol tells the client.
type Close struct {
	Code   int    // WebSocket close code, RFC 6455 section 7.4
	Reason string // at most 123 bytes of UTF-8
}

// The closes that the engine itself asks for. Transports add those of their own layer.
var (
	CloseGoingAway = Close{1001, "going away"}                    // maximum age, or the server stops
	CloseInternal  = Close{1011, "internal error"}                // the connection's own state was lost
	CloseHeartbeat = Close{4001, "heartbeat missed"}              // heartbeatTimeout ran out
	CloseSlow      = Close{4002, "too slow: outbound queue full"} // the subscriber does not read
	CloseRevoked   = Close{4003, "token revoked"}
	CloseKicked    = Close{4003, "closed by an administrator"}
)
