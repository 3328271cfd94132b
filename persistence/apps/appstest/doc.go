// Package appstest is what every source of apps must pass: [Run] for what it finds in a table, [RunLive] for what
// happens when the table changes, dies and comes back.
//
// A source's test writes the suite's items into a table of its own kind, in that kind's spelling ([Pascal],
// [Snake]) and with its own types, and opens the source over it. Items have only what soketi's own schema can hold:
// its eighteen attributes, integers up to 127 (MySQL's tinyint), text, booleans, and webhooks as a list of maps,
// which tables keep as JSON or natively. An empty secret stands for one
// that is absent, where a table can do that.
package appstest
