// Package pushertest brings the libraries that applications use with Pusher's protocol, unmodified and at the versions of
// package-lock.json, for tests: pusher-js and Laravel Echo for clients, the server library of Node.js for backends. What
// is done with them is the test's business.
package pushertest
