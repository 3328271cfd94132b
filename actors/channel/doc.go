// Package channel decides what happens on one channel: who is subscribed, who reads what, what is stored,
// and what expires. It is the core of the server, and a pure state machine: a command and a [Step] go in,
// [Effects] come out. It owns no clock, goroutine, socket or disk, so that a conversation in testdata is a
// test, and a seed repeats a run.
//
// # One command
//
//	err := c.SetStorage(step, cmd, fx)
//
// Whoever runs a [Channel] gives it one command at a time. If the answer is an [*Error], the command was
// refused; any other error is a fault. In both cases nothing has happened. Otherwise the Channel has changed
// already, and fx says what follows from it:
//
//   - Writes are to be applied to the channel's rows before its next command, as one change, and made
//     durable;
//   - Deliveries, Events and Result may leave once that is done, in their order. All that a channel says to
//     one subscriber leaves by this one road, so "subscribed", then the entries, then what changes,
//     arrive in this order;
//   - Due says when the channel wants to be called again.
//
// What a command may do is decided before it comes here: the [dormouse/claims.ChannelGrant] that a
// subscription carries is asked only for what it observes, how far back it may look, and how it may react to
// messages, whose events the channel alone knows.
//
// # What lives where
//
// Subscriptions live in memory and die with their connections. Everything else lives in rows, which the
// [Reader] shows as earlier commands left them. A Channel keeps no copy of them: it can be forgotten when
// it is [Channel.Idle] and made again by [New], at no cost, and when a panic has cost its value, [Restore]
// makes it again with the subscriptions it had. rows.go has the table of rows. Deadlines are rows too, in
// order of time, so there is no heap to rebuild; what has expired is invisible at once, and [Channel.Due]
// frees its room later.
//
// What is read once stays: the last message id, the first deadline, and who observes the keys that are
// being written (observers.go). The audience of a delivery is a [Roster], an immutable list, so that a
// delivery which waits for the disk keeps the audience of the moment it was decided.
//
// # Coming back
//
// A client that asks reads a number with all that it is told, and can come back with the last one after its
// connection was cut; see [Resumption]. What the channel keeps for that lives in memory while it is awake,
// and in one row while it sleeps (replay.go, seal.go).
//
// # Channels of the Pusher protocol
//
// They are the same machine with other habits, which [Pusher] puts into its Options: who is a member by another name,
// of whose subscriptions the first gives its umd, what backends hear (occurrences.go), and that they hear of those who
// a process that died had there (ledger.go). What a subscriber may want besides comes with its command: the event that
// is kept for those who come (cached.go), and how many they are (count.go).
//
// # The files
//
// The seam: channel.go, commands.go, effects.go, message.go, roster.go, sink.go, errors.go, options.go.
// The decisions, each about one noun: subscribe.go, presence.go, presence_grace.go, presence_here.go, umd.go,
// publish.go, replay.go, seal.go, resume.go, history.go, reactions.go, storage.go, schedule.go, observers.go,
// expiry.go, ids.go, equal.go, events.go, cached.go, count.go, occurrences.go, ledger.go. What is on disk: rows.go, schedule_rows.go and encoding.go.
package channel
