// Package cases tells what clients and backends of the Pusher protocol may expect, one numbered case after the other, and
// has no code of its own: its tests run the engine on a store in memory with a [dormouse/transport/pusher.Handler] in
// front, look apps up in a list through the cache that every source has, and speak over real sockets.
//
//	server_test.go    one server: its apps, signed calls
//	client_test.go    one connection: send, expect, expect a close; a peer that sends any bytes
//	c_connection_test.go, s_channels_test.go, …  the cases, by letter and number
//	sdk_test.go       the libraries of Node.js do what applications do with them: suite/, scene by scene
//	sdk_go_test.go    and the server library for Go
//
// Frames are compared byte by byte. That nothing comes is shown by what comes instead: a marker that was sent behind it.
package cases
