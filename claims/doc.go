// Package claims knows who may do what. It turns a signed token into rights, and answers what those
// rights allow on one channel, one event, one storage key. It keeps no state but its keys, asks no
// clock, and touches no disk or network once its keys are read.
//
// # From token to answer
//
// An application's backend signs a JSON Web Token for its user; the user's client presents it. A
// [Verifier] holds the installation's keys and takes the token apart:
//
//	form → algorithm → key → signature → exp, nbf → aud → iss → scope → every claim → binding
//
// The first fault is the answer, an [*Error] with a [Reason]. What comes out is a [*Claims]: the
// user's uid and umd, the scopes, and the channels claim, compiled. The caller does the two steps
// that need more than the token: [Claims.Bind] compares it with the connection on which it was
// presented, and a [Ledger] lets a single-use token through once.
//
// Rights do not end with the token. A connect token's last as long as the connection, a subscribe
// token's as long as the subscription. Both together are [Layers]:
//
//	channel, alias := layers.Resolve(name)     // what the client called it, and what it is
//	grant := layers.Channel(channel)           // everything said about that channel
//	grant.Subscribe()                          // the channel's own directives
//	grant.Event("chat").MayPublish(subscribed) // one event
//	grant.Key("cursor.ann").Observe            // one storage key
//
// # How directives resolve
//
// Keys of channels, messages and storage are a [Pattern] each: exact, wildcard or #regex:. All keys
// that match a name take part, in whatever order they were written, and rules under messages and
// storage are joined across every channel key that matches.
//
//   - Booleans: an explicit false anywhere in the token wins, else a true, else it is not said.
//   - Other directives: the most specific key that has one wins. Exact before wildcard, more literal
//     characters before fewer, wildcard before expression.
//   - Two tokens: whatever the subscribe token says stands; of what it does not say, the connect token
//     speaks. Its false does not veto the other's true. autoSubscribe and broadcast count in connect
//     tokens only.
//
// # Apps
//
// Clients of the Pusher surface bring no token: their backends sign single channels with the secret of an [App].
// What an app may do stands here; where it is looked up is an [Apps], which package persistence/apps implements.
//
// # What the code may rely on
//
// Tokens come from strangers. Until the signature was found good, only the header is parsed. No JSON
// is decoded before scan has passed it: one object, valid UTF-8, no name twice however it is escaped,
// bounded in depth and number of values; so the code that walks it may trust its form. A key is fixed
// to one algorithm when it is parsed, and the header can only choose among keys. Each cap is a field
// of [Limits] that names the abuse it stops. Unknown claims and directives are ignored, known ones
// with a wrong type refuse the token, null included, except where null is a value (uid, umd).
//
// Everything that comes out is immutable and safe for concurrent use. Compiled channels claims and
// expressions are shared between tokens with the same text.
//
// One token with typical claims takes a core about 10 µs under HS, 40 to 80 µs under RS, PS, ES256 and
// EdDSA. ES384 takes ten times as long and ES512 forty, for anybody who sends a token with such a
// header: configure those two only where they are needed.
package claims
