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
// # Reactions and user metadata
//
// A reaction's data is judged in the channel, after the subscription and the uid: what is wrong with it
// travels along as the command's fault (reactions.go). Where the docs are silent: the frame that tells of a
// removal has an id of its own, so that ids rise from frame to frame; what cannot be added because the
// message has as many reactions as it may have is REACTION_CAPACITY_REACHED. A umd update has no answer
// unless it has a ref; one that is propagated is refused for each channel that has no room, by the channel's
// name, while the others change.
//
//	> {"event":"hotsock.messageReaction","channel":"c","data":{"messageId":"…","reaction":"👍","action":"add"}}
//	< {"id":"…","event":"hotsock.messageReactionAdded","channel":"c","data":{"messageId":"…","reaction":"👍","action":"add"},"meta":{…}}
//	> {"event":"hotsock.umdUpdate","channel":"presence.c","data":{"token":"…"}}
//	< {"event":"hotsock.memberUpdated","channel":"presence.c","data":{"member":{…},"members":[…]}}
//
// # Coming back
//
// Beyond Hotsock: a subscribe with data {"resume":true} reads numbers, and one with
// {"after":{"epoch":"…","seq":N}} brings them back after its connection was cut. Clients that do not ask
// see no difference; theirs are other frames (codec_numbered.go), made only if somebody asked.
//
//	> {"event":"hotsock.subscribe","channel":"c","data":{"resume":true}}
//	< {"event":"hotsock.subscribed","channel":"c","data":{"epoch":"EPOCH","seq":16,"snapshot":1},"meta":{…}}
//	< {"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":1,"meta":{…},"version":9}
//	< {"id":"…","event":"chat","channel":"c","data":"hi","seq":17}
//	… the connection is cut, and another one is opened …
//	> {"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":"EPOCH","seq":17}}}
//	< {"event":"hotsock.subscribed","channel":"c","data":{"epoch":"EPOCH","seq":17,"recovered":true,"missed":2},"meta":{…}}
//	< … the two, numbered, and then what happens from here on
//
// A client's position is the epoch and the greatest seq that it read; the seq of hotsock.subscribed itself
// counts once the snapshot frames that it announces have come. With recovered false something may be
// missing, always after a crash or a restore: the frames of a snapshot follow, as for a newcomer. seq rises
// and has holes where something was told that this subscription does not hear. The epoch is good for the
// same uid and the same right to observe; it is opaque. Channels that a token joins by itself have no seq;
// they may be left and joined again. Presence is not replayed: hotsock.subscribed has all members.
//
// # HTTP
//
// Handler routes by a table (handler.go) on the escaped path, so that a channel's name may hold a slash.
// Each call checks its credentials, reads its body by the same scanner as frames, and asks the engine:
// publish_api.go, batch_api.go and admin_api.go for backends with an API key ([Keys]) or a JWT (bearer.go),
// manage_api.go, tokens_api.go and tail_api.go for those who run the server, client_api.go for the applications
// of connected clients. invoke_api.go lets backends publish by AWS Lambda's Invoke, with an access key (package
// sigv4). Refusals have one form and one table from their codes to statuses (errors.go).
//
// Tokens, secrets and keys appear in no log line and no error text.
//
// Source: Hotsock docs; pages are named where a rule comes from one.
package hotsock
