package ws

// A Handler is a protocol's side of one connection. Its methods are called one at a time, by the goroutine
// that reads the socket, and never after Closed. A panic in any of them costs that connection only.
type Handler interface {
	// Message takes one text message, valid UTF-8 of at most MaxMessage bytes. data is valid only until
	// it returns. It may block: then nothing more is read and the peer's TCP window fills, which is how a
	// protocol pushes back. It must return by itself, for nothing is told to it meanwhile; [Conn.Done]
	// says when the connection has ended.
	Message(data []byte)
	// Closed says that the connection ended: by the peer's close frame, then with its code (1005 if it had
	// none), by ours, then with ours, or by neither, then with 1006. It is called exactly once for
	// every Handler that was returned to an Acceptor, whatever happened.
	Closed(code int, reason string)
}

// A BinaryHandler takes binary messages too. A connection whose Handler is none is closed with 1003 by the
// first binary message.
type BinaryHandler interface {
	Handler
	// Binary takes one binary message, under the same rules as Message.
	Binary(data []byte)
}

// Close codes, RFC 6455 section 7.4, and those of the range that is left to applications.
const (
	CloseNormal      = 1000
	CloseGoingAway   = 1001
	CloseProtocol    = 1002
	CloseUnsupported = 1003
	CloseNoStatus    = 1005 // never sent: the peer's close frame had no code
	CloseAbnormal    = 1006 // never sent: there was no close frame
	CloseBadData     = 1007
	ClosePolicy      = 1008
	CloseTooBig      = 1009
	CloseInternal    = 1011
	CloseSlow        = 4002 // the peer does not read
)
