// Package peers starts the servers that are measured, and knows how each is spoken to.
//
// A [Peer] is built, started on a core of its own and asked for its address; a [Server] is one such
// process, with the processor time and the memory that it has taken. Everything that a scenario says to it
// goes through the peer's [Dialect], so that one scenario measures all of them alike. What not every peer can do,
// such as [Presence] or [History], is an interface of its own beside it.
//
// There are the server itself, once for each of its protocols, and three small ones that mark the raw limit, what is
// left of the same work when nothing is done but the least that must be; and servers that people would choose, made as
// durable as it is. Another is a function of a file of its own in makers, and its name in the lists of
// [dormouse/bench/scenario] that say who can do what.
package peers
