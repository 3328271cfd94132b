// Package emit hands backend events over to the world: by webhook, and by NATS. Each endpoint is a
// [courier.Emitter]; the courier decides what is sent when, and how often.
//
// Webhooks are signed as Standard Webhooks says. A receiver checks the signature over id, timestamp and
// body, refuses timestamps that are too old, and remembers ids to hear each event once.
//
// A webhook's address is chosen by somebody who may write the configuration, and the server may reach what
// that person may not. So addresses of private networks are refused, when the name has been resolved and
// the connection is about to be made: a name that points elsewhere the second time gains nothing. No
// redirect is followed, and no proxy of the environment is used.
package emit
