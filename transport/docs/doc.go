// Package docs holds the documentation for people who build products with a Dormouse server.
//
// A page is a Markdown file in pages/, readable as it stands. [Handler] serves all of them as HTML, made on
// the first request, with one style sheet and nothing else: no script, nothing fetched from elsewhere. The
// Markdown itself is at the same address with .md behind it.
//
//	docs.go     Handler, Pages: which pages there are, in which order
//	render.go   Markdown to HTML: links between pages, headings, tables, transcripts
//	table.go    Keep: tables that tests beside their sources write, so that no page is behind the code
//	pages/      the pages
//
// # Blocks that a test runs
//
// Every fenced block is one of these; the test that plays them against a real server is cmd's.
//
//	json token=ann   the claims of a token; "$ann" stands for it, signed, in what follows on the page
//	frames           what goes over WebSockets
//	console          "$ " and a shell command, then what it prints; a \ or an open ' goes on with the next line
//	yaml             a configuration file
//	js               a program for Node.js with the libraries of Pusher's users; it goes on while the next ones run
//	printed          all that the programs since the last such block print
//	text             nothing that runs: a form, an address
//
// A line of a transcript is one of these; one that begins with a space goes on with the line before.
//
//	ann connects            with the token called ann
//	ann connects with eve   with another one
//	ann connects to app-key to the app with that key, by Pusher's protocol
//	ann > {…}               ann sends a frame
//	ann < {…}               it is the next that ann gets
//	ann leaves              with a closing handshake
//	ann is cut              without
//	ann is closed with N    by the server, with that code, and nothing before it
//
// In what is got and printed, "…" stands for any value or for a part of a text, a member called "…" for any
// others, and "$name" for one value wherever it stands: the first place gives it.
package docs
