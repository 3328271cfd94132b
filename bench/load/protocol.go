package load

// A Protocol is how one connection says what it says: a wire format with what must be said first and what
// is answered without asking anybody. Each connection has one of its own. [WebSocket], [Redis] and [NATS]
// are protocols.
//
// Read is called once for each read from the socket, not once for each message, so that a protocol costs
// its connection one call through an interface for as many messages as have come together.
type Protocol interface {
	// Begin appends what the client says as soon as it is connected to host, such as 127.0.0.1:8080.
	Begin(dst []byte, host string) []byte
	// Read takes what is whole at the beginning of b, read at a time as of [Now], and returns its size. It
	// calls c.Begun once, when the server has accepted the connection, and then c.Deliver for each message.
	// Either may end c, and Read must return then. An error ends c too.
	Read(c *Conn, b []byte, at int64) (size int, err error)
	// Append appends one message.
	Append(dst, message []byte) []byte
}
