// Package transport is how the world reaches us, and we it.
//
// A [Server] is one listener. Every protocol is an [net/http.Handler] mounted on it by a pattern: the
// WebSocket protocols (hotsock, pusher, party), which upgrade through package ws, their HTTP APIs, the
// console and the metrics. The server knows none of them; cmd wires them together.
//
// It sets what net/http leaves open: the four timeouts, the bounds on headers and bodies, TLS 1.2 and a
// certificate that is read again when its files change. It refuses to speak plain HTTP where others could
// listen, unless told that a proxy in front ends TLS.
//
// # Going away
//
// A shutdown has an order. First [Server.Draining] turns true, and upgrades are answered with 503 and
// Retry-After. Then the open WebSockets are closed with 1001, spread over a window, since their clients
// reconnect at once and would all arrive at the next server in one moment. Requests are served meanwhile.
// Last the listener closes, requests under way finish, and what is left at the deadline is cut.
package transport
