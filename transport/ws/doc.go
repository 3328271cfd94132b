// Package ws carries WebSocket connections (RFC 6455) for every protocol that rides on them, and knows none
// of those. It takes frames of text in and out, and decides when a connection is too slow, too silent or
// too hostile to be kept.
//
// An [Acceptor] upgrades requests; a protocol gives it a [Handler] for each, and holds the [Conn].
//
//	err := acceptor.Accept(w, r, func(c *ws.Conn) ws.Handler {
//		c.Deliver(connected, false) // the first frame
//		return newSocket(c)
//	})
//	var refused *ws.HandshakeError
//	if errors.As(err, &refused) {
//		answer(w, refused) // nothing has been written yet
//	}
//
// # The ways in
//
// gws reads the frames, in a goroutine of ours, outside the HTTP handler whose buffers are thereby free. It
// gets a [net.Conn] that is not the socket but a stream before it (stream.go): bytes pass a guard
// (guard.go) that stops what gws would stumble over, and what gws writes is taken as a verdict, not
// written. Messages go to the Handler one at a time. A Handler that blocks pushes back on its peer.
//
// # The ways out
//
// [Conn.Deliver] puts a frame into a bounded outbox (outbox.go) and never waits. Flushers (flusher.go), one
// per processor, take what is there, join small frames, and write what the socket takes at once; a socket
// that takes no more gets a goroutine of its own until it does. A slow peer delays nobody, and over the
// bound it is closed with 4002, or cut where a close frame cannot be put between two frames any more.
//
// # The end
//
// A connection ends once and for one reason: the peer's close frame, ours, a fault, a panic, silence, a
// full outbox or a dead socket. Its Handler is told at once, the socket follows when the closing
// handshake is done or its time is over (reader.go, conn.go). One goroutine sweeps all connections for
// silence and half-sent messages (sweep.go).
//
// # Figures
//
// On two cores: an idle connection costs 7.1 KB of resident memory, 4 KB of it its goroutine's stack
// (BenchmarkIdle). A delivery costs its caller 10 ns (BenchmarkPush) and no allocation, and 7.4 us of
// processor with its write to a peer in another process (BenchmarkFanout); with 64 frames in flight it
// takes 0.02 writes (BenchmarkDeliver1000).
package ws
