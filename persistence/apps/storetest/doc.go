// Package storetest starts the databases that apps are read from, for tests: [Dynalite], which speaks DynamoDB's
// protocol, [Postgres] and [MariaDB]. Each is the real program in a folder of its own, on a free port of 127.0.0.1,
// and ends with the tests.
//
// A test that needs one is named after it, TestOnDynalite..., TestOnPostgres... or TestOnMariaDB..., by which
// cmd/check leaves it out where the program cannot be had. It installs them: PostgreSQL and MariaDB from Debian's
// packages, while dynalite is installed by npm at its first start, into a folder of the user's cache, from the
// package-lock.json here.
package storetest
