// Package sql reads apps from a table of PostgreSQL, or of MySQL or MariaDB, in soketi's schema: [Open] gives a source
// for the cache of package apps. It reads only.
//
// # The table
//
// An app is one row, and its columns' names are those of apps.Decode; [Schema] prints a table that has all of them.
// What a table lacks has its default, what it has besides is ignored, and how wide its columns are does not matter. A
// row becomes a record with its columns' names and the values of the driver, untouched.
//
// # What is asked
//
//	select * from apps where id = ?
//	select * from apps where key = ?
//
// all rows for a listing, which no server asks for, and, once in a source's life, whether the column key has an index: soketi's own tables have none, so that each
// lookup by key reads the whole table. The log says so then.
//
// Databases compare as their collations say, without regard to case and to spaces at the end in most of MySQL's. A row
// counts only if its id, or key, has the very bytes that were asked for.
//
// # Trouble
//
// A lookup has 2.5 s in all, a second of them for each connection that has to be made. It is tried up to three times
// where the connection failed, once where the server has answered. Every error but apps.ErrNoRecord means that nobody
// knows whether the app is there. Connections live for five minutes, so that a name that leads to another server soon
// does.
package sql
