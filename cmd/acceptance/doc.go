// Package acceptance tells what the program promises to those who see it only from outside, and has no code
// of its own: its tests build the program, run it, speak to it over its sockets, and end it as people and
// machines do. No test here reaches into the server, and nothing in here is a stand-in for anything.
//
// The chapters:
//
//	build_test.go       the program, built once for all tests; wrong builds that a test must catch
//	settings_test.go    configuration files, and the keys and tokens that go with them
//	server_test.go      one process: start, kill, restart, stop; its log
//	client_test.go      one connection: send, expect, expect nothing, expect a close
//	scene_test.go       scripts of several clients, in the notation of the case table
//	hotsock_*_test.go   the protocol's acceptance cases, by number
//	transcript_*_test.go  conversations in testdata, byte by byte; documented/ has the examples of Hotsock's pages
//	page_*_test.go      a client that behaves as those for browsers do, and what it takes for granted
//	matrix_*_test.go    every command with every kind of rights, against an oracle
//	kill_*_test.go      kill -9 at random moments: what was told stays true
//	events_*_test.go    ... and no event is lost on its way to backends
//	hooks_test.go       who hears of events: a receiver of webhooks, bus_test.go: a NATS server
//	schedules_test.go   ... and what is scheduled is done once
//	clock_kill_test.go  ... and time goes on as it did
//	snapshot_test.go    a snapshot, then every later value once
//	resume*_test.go     cut and come back: what was missed, once and in order
//	hostile_*_test.go   frames, tokens and bodies of people who mean harm
//	badinput_test.go    configurations and folders that cannot work, and what people are told
//	drain_test.go       an orderly end under load
//	pusher_*_test.go    the Pusher protocol's cases of the whole program: tables that stop, webhooks, kills, signals
//	node_test.go        programs on Node.js, with the libraries that applications have
//	isolation_test.go   one channel's flood or panics, another channel's round trips
//
// Scripts name their clients. A line is one frame, sent or expected, or silence:
//
//	A > sub c
//	A < subscribed c
//	B > {"event":"chat","channel":"c","data":1}
//	A < {"id":"<ulid>","event":"chat","channel":"c","data":1,"meta":{"uid":null,"umd":null}}
//	B ∅
//
// In an expected frame "<any>" stands for any value, "<string>" for any string, "<ulid>" for a message's id,
// and "$x" for a value that must be the same wherever x is written.
//
// Waiting is real here, and bounded: [patience] for what must come, [quiet] for what must not. Nothing
// asserts how fast the machine is; figures are logged.
package acceptance
