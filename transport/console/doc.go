// Package console holds the pages a Dormouse server shows to people.
//
// There is one so far: the demo, a game lobby that every open tab shares. Its settings are entries of
// channel storage, its chat line is a published event, its list of names is a presence channel, and a
// drawer shows each frame as it went over the wire. It is made of the files in demo/, embedded in the
// binary: plain ES modules and one style sheet, no build step and nothing fetched from elsewhere.
//
//	demo.go      Demo: the handler, its files and the headers they leave with
//	session.go   GET /demo/session: who this tab is, and a fresh connect token
//	claims.go    DemoClaims: what such a token has to allow
//	demo/        the page; client.js is a protocol client small enough to be copied
//
// The package knows nothing of channels or tokens beyond that: whoever mounts it passes a function
// that signs what DemoClaims returns.
//
// A page that draws other people's words must not run them. The policy sent with it forbids inline
// code and style, foreign hosts and framing, and requires trusted types while allowing none to be made,
// so that even a slip (innerHTML, say) fails in the browser instead of running.
package console
