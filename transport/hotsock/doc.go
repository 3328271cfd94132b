// Package hotsock speaks the Hotsock protocol: its WebSocket frames, its Client HTTP API, its publish API
// and its Channels API, all on the engine of package actors and all on one [Handler].
//
// # A connection
//
// A client opens GET /, /v1 or /v1/ as a WebSocket, with its connect token in the query (door.go). Whatever
// can be refused is refused there, by an HTTP status before the upgrade: clients take an open socket for
// success and would come back at once, for ever, if it were closed on them instead. What is admitted
// becomes a [Socket] (socket.go), which is two things: the handler of a ws.Conn, for what the client says,
// and a channel.Sink, for what it hears.
//
// # A frame in
//
// Socket.Message takes a place of the connection's credit, and waits for one if too many commands are
// unanswered: nothing more is read then, and the client's own TCP window tells it. decode (decode.go) makes
// one pass over the frame (scan.go), strict where JSON decoders are lax: doubled names, bad UTF-8, lone
// surrogates, depth. data is kept as its bytes and never as a tree, so that a client gets back what another
// one sent, digit for digit. The result is a command for the connection's actor, which knows aliases and
// grants; a frame that cannot be one is answered here, in its turn.
//
// # A frame out
//
// The engine hands messages to [Codec] (codec.go), once for all who read them, and the bytes to each sink.
// Nothing in a delivered frame is per connection.
//
// # HTTP
//
// Handler routes by a table (handler.go) on the escaped path, so that a channel's name may hold a slash.
// Each call checks its credentials, reads its body by the same scanner as frames, and asks the engine:
// publish_api.go and admin_api.go for backends with an API key ([Keys]), client_api.go for the applications
// of connected clients. Refusals have one form and one table from their codes to statuses (errors.go).
//
// Tokens, secrets and keys appear in no log line and no error text.
//
// Source: Hotsock docs; pages are named where a rule comes from one.
package hotsock
