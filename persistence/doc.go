// Package persistence is what outlives the process: every durable actor's rows, the times at which actors
// are due, the events that backends have not been told yet, the single-use ids that were spent, and listings
// of what actors have. It is one Pebble store in one folder.
//
// # Life of a turn
//
// An actor is a name, [Address]. While it is awake, its [Rows] are its state: an ordered map that its turn
// reads and writes without waiting. A turn is any number of commands; each may read with Get and Scan,
// and makes its writes with one Apply, which numbers them: 1, 2, 3, without holes. At the end of the turn
// Commit seals everything into one commit and hands it over. The turn does not wait: the next one runs,
// and sees what this one wrote, while a goroutine of the store joins the turns of all actors into one
// batch, writes that to the log with one sync, and then calls back.
//
// What is on disk before what is said: done runs when the commit is as durable as its [Durability] promises,
// and nothing that depends on it may leave the server before: no answer, no delivery, no read that shows
// it, no event. The outbox keeps that order by itself; for the rest the actor has its gate. If a commit
// fails, the process ends before anything is said.
//
// # Two kinds of rows
//
// The first byte of a row's key is its table. Rows of tables below [Direct] are logged: a change goes into
// the turn's write-ahead entry, many changes in one value, and the row itself is written at the next
// checkpoint, once for many changes. That is for state that is small and often changed. Rows from Direct
// on are written to their place at once: for what is big, or written once (messages by ULID, pages of a
// database). Reading sees no difference.
//
// # Waking and sleeping
//
// An actor that sleeps costs nothing but its rows on disk. [Store.Rows] wakes it with one look-up and one
// stretch of reading: its meta, the entries since its last checkpoint, and, if they are small, its logged
// rows. Rows of a big actor are read when they are asked for. Closing writes a
// checkpoint if there is much to be read instead, and else nothing.
//
// # Order of things on disk
//
// The layout is one table, in keys.go. An actor is one contiguous range led by its id, so that it can be
// exported, moved and removed as one. A batch is atomic: rows, entries, due time, events and spent ids of
// a turn are there together or not at all. seq says how far an actor has come, and epoch which history
// that number belongs to: another one after [Store.Checkpoint] and [Restore], or after DeleteAll.
//
// # Trouble
//
// A write or sync that fails is never tried again, since nobody can say what the disk then holds:
// [Options.Fatal] ends the process, and Open replays the log. Before the disk is full the store refuses
// new writes with [ErrReadOnly], and takes them again when there is room. A hole or a bad checksum in what
// an actor left is [ErrCorrupt], for that actor alone; [Verify] finds all of them.
package persistence
