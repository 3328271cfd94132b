// Package console holds the pages a Dormouse server shows to people.
//
// The console is for those who build with a server or run it: with a token it is a client of which every frame
// is seen, with an API key it shows channels, connections, schedules and dead letters, and draws what the
// server does.
//
// The demo is a game lobby that every open tab shares. Its settings are entries of channel storage, its chat
// line is a published event, its list of names is a presence channel, and a drawer shows each frame as it went
// over the wire.
//
// Both are plain ES modules and style sheets, embedded in the binary: no build step and nothing fetched from
// elsewhere.
//
//	console.go   Console: the handler, counts for its charts
//	ready.go     credentials that a development server makes for it
//	demo.go      Demo: the handler
//	session.go   GET /demo/session: who this tab is, and a fresh connect token
//	claims.go    DemoClaims: what such a token has to allow
//	files.go     files with their types and ETags
//	head.go      the head that pages have in common
//	headers.go   the headers every answer leaves with
//	page/        the console        demo/  the demo
//	shared/      what both use; client.js is a protocol client small enough to be copied
//
// The package knows nothing of channels or tokens beyond that: whoever mounts it passes functions that sign
// what DemoClaims returns, that know API keys, and that count.
//
// A page that draws other people's words must not run them. The policy sent with it forbids inline
// code and style, foreign hosts and framing, and requires trusted types while allowing none to be made,
// so that even a slip (innerHTML, say) fails in the browser instead of running.
package console
