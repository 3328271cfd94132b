// Package dynamodb reads apps from a DynamoDB table in soketi's schema: [Open] gives a source for the cache of
// package apps. It reads only; nobody's table is made, described or written here.
//
// # The table
//
// An app is one item. AppId (a string) is the table's hash key, and there is no range key. A global secondary index,
// [Index], has AppKey (a string) as its hash key and projects everything. [Schema] prints both in the form that the
// aws command takes. What else an item may hold, and in which of DynamoDB's types, is told by apps.Decode, which
// reads it; here an item becomes a record with its own names and types, untouched.
//
// # What is asked
//
// An id is one GetItem, a key is one Query of the index; both are eventually consistent, so half the price. An index
// that leaves out AppSecret costs one GetItem more for each key. The rights that this needs are dynamodb:GetItem on
// the table and dynamodb:Query on the index, no others; a listing of all apps, which no server asks for, needs
// dynamodb:Scan on the table. The index follows the table within seconds at most: an app
// just made may be missing by its key for a moment.
//
// # Trouble
//
// A lookup has 2.5 s in all, for at most three attempts of a second each. Every error but apps.ErrNoRecord means that
// nobody knows whether the app is there: the network, the credentials, the rights, a table or index that is not there.
package dynamodb
