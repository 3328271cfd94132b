// Package courier takes backend events from the store's outbox to the endpoints that want them: webhooks,
// NATS, whatever is an [Emitter].
//
// # What holds
//
//   - At least once. An event is a row of the outbox, written in the commit of what it tells of, and stays
//     until every endpoint that wants it has said that it has it. A crash may make an endpoint hear twice,
//     with the same id.
//   - In order within a channel, and within a connection. Each endpoint has a lane for each of them, and a
//     lane has one event on its way: the next one waits until that one has arrived or is given up. While
//     the receiver is away nothing passes anything. Only an event that fails by itself, again and again,
//     while the receiver takes others, is put aside after some attempts, so that one that cannot be
//     digested does not hold up its channel for a day.
//   - Nobody waits for a receiver but its own lanes. An endpoint holds a bounded part of the backlog in
//     memory, reads on from disk as that gets less, and has a bounded number of events on their way.
//   - Nothing is dropped unseen. What an endpoint has not taken within [Options.RetryFor] becomes a dead
//     letter, which can be listed, replayed and deleted; a backlog over its bound is told of, and kept.
//
// # Occurrences
//
// What happens in the channels of tenants, whose webhooks are no endpoints of the server's, goes to one [Keeper],
// which is given all of it at once and says of each when it is done with it. All the above but at-least-once is the
// keeper's own affair.
//
// # An endpoint's life
//
// One goroutine owns an endpoint's lanes: it reads, starts attempts, and hears how they ended, so none of
// that needs a lock. What endpoints must know of each other, how far each has come, is the courier's, since
// the last of them removes the row.
//
// After some failures in a row an endpoint is down: one event at a time is tried, ever less often, instead
// of one of each lane. The first that arrives lets all go again.
package courier
