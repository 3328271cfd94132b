// Package pusher speaks the Pusher protocol, version 7, and the HTTP API that goes with it, as pusher-js, Laravel
// Echo and the Pusher server SDKs know them.
//
// An app ([dormouse/claims.App]) is one tenant. Its id stands in the paths of the HTTP API, its key in the address
// of its WebSocket, and its secret signs everything: which socket may join which channel, who a user is, and every
// call of a backend. Nothing of two apps ever meets; whatever is asked of the rest of the server names the app's
// namespace, which comes from its record.
//
// # In
//
// [Handler] takes every request (routes.go). door.go lets WebSockets in: it finds the app by its key, upgrades, and then
// greets the client or tells it why not, since browsers see nothing of an HTTP status. present.go has the apps that
// somebody is connected to, and what becomes of their connections when a record changes.
//
// [Socket] is one connection. decode.go reads a client's frame into a command, by scan.go, without reflection.
// admission.go judges it as far as that can be done without the channel, with names.go for what a channel's name says
// of it and auth.go for signatures; what may be goes to the engine (engine.go).
//
// Of the HTTP API, call.go has the app prove itself by call_auth.go, publication.go reads what is to be published,
// and events_api.go and reads_api.go ask the engine.
//
// Those who run the server look on by manage_api.go, with an API key in the place of a signature: which apps there are,
// and who is in them (manage_apps.go).
//
// # Out
//
// [Codec] writes messages as frames. What the protocol says itself has data that is a string with JSON in it; what
// was published keeps its bytes, so that big integers, the order of members and escapes arrive as they were sent.
//
// # No
//
// errors.go is one table of every refusal: its code, its text and its form. Texts are byte for byte those of the
// servers whose users come here. A malformed frame is told to its sender and has no other effect; one who sends more
// than twenty of them within ten seconds is closed. Every close is told by a frame, for people, and by its code, which
// says to SDKs whether to come back, and when.
//
// # Limits
//
// An app's limits come with its record, and are counted in the units in which they were written down: names in
// UTF-16 units, as JavaScript counts; sizes in bytes, over 1,024; rates in windows of one second (limits.go) that
// begin with their first use. A refused call uses nothing up.
package pusher
