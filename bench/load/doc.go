// Package load drives many connections from one thread, and measures.
//
// A [Loop] waits for all its connections at once and calls their [Handler]s; what a handler sends is
// written, joined, when the loop comes round. How it lies on the wire is each connection's [Protocol]'s
// business: [WebSocket], [Redis], [NATS]. Nothing in here is locked, and nothing allocates per message:
// the generator shares a machine with what it measures, and every microsecond it spends late is added to
// a latency that it reports.
//
// Latencies are counted from when a message was meant to be sent, not from when the generator got round
// to it ([Pace]): a server that stalls for a second at 1,000 messages/s has delayed a thousand messages,
// not one.
package load
