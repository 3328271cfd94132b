// Package actors is what happens, in which order: the engine round the pure cores in the folders below.
//
// A durable actor is named by app, kind and name. It has a mailbox, rows in the store, a turn, a gate and
// sleep; see [System] for the door to it from outside. What it decides is the business of its kind: package
// channel decides for channels.
//
// # A command's way
//
//	socket ── Command ──▶ connection actor ── ask ──▶ durable actor ── Effects ──▶ rows, gate
//	  ▲                   rights, names, uid          one at a time                  │      │
//	  │                                                                             ▼      │
//	  └───────────────── Sink.Deliver ◀── hub: encode once ◀── when durable ◀── committer ◀─┘
//
// The connection actor (connection_actor.go) knows what a client's tokens allow and stamps who is speaking.
// The router finds the channel's incarnation (directory.go, handle.go) or begins one. The durable actor
// (durable_actor.go) lets its machine decide, applies what it writes, and hands a whole turn of commands to
// the store as one entry. The gate (gate.go) holds everything that was said until that entry is on disk,
// and then the hub (hub.go) pushes frames straight into the subscribers' sinks: delivery passes no mailbox.
//
// # Tenants
//
// The apps of the Pusher protocol are [Tenant] each: their connections have no tokens, and so no actor. A [Guest]
// (guest.go) gives its commands to the channels itself and remembers only where it is, so that it leaves. What belongs
// to no channel, such as who is signed in (users.go) and which channels are occupied (rolls.go), is the tenant's
// (tenants.go), under a lock: it decides nothing that must be durable.
//
// # What holds
//
//   - Nothing leaves before what it tells of is durable, and everything a channel says to one subscriber
//     leaves in the order in which it was decided.
//   - Nobody waits inside an actor: not for the disk, not for a socket, not for another actor.
//   - A panic costs its command. A failed commit ends the process, since nobody can say any more what is on
//     disk.
//   - An actor that nobody needs leaves no goroutine, timer or heap behind. Nobody can tell from outside.
package actors
