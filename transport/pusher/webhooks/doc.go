// Package webhooks tells the backends of Pusher apps what happens in their channels. It takes occurrences from the
// outbox, as the [courier.Keeper], and delivers them to the webhooks of their app.
//
// # What holds
//
//   - At least once. An occurrence stays in the outbox until every webhook of its app that wants it has answered with
//     2xx, or was tried for [Options.RetryFor], or is gone. After a restart a receiver may hear it twice: the header
//     X-Webhook-Id is the same then, if the same occurrences are in the request.
//   - In order within a channel, for each webhook. While one is on its way, or waits to be tried again, no later one of
//     its channel is sent.
//   - Nobody waits for somebody else's receiver. Each webhook has a queue of its own, and of the requests that
//     may be on their way at once one that fails gets but one. What fails by itself holds up its channel only.
//   - Everything is bounded: a webhook's queue and all of them together, in events and bytes. Where a bound is reached the
//     oldest events of the longest queue are dropped and counted, so that an app can only lose what is its own.
//
// # The way of an occurrence
//
// It comes in and waits until its app is known, freshly: who has it, and under which secret, is what the app's record
// says then. News that somebody has left is held back for the app's WebhookDelay, and if they return meanwhile neither
// is told; it takes its place in the channel's order when that time is over, and delays nothing else. Then it is queued
// for each webhook whose event_types and filter let it pass, put together with others if batching is on, signed and sent.
//
// The scheduler decides all of this and is pure: it is told the time and what happened, and returns what is to be done.
// The [Dispatcher] does it: it asks the clock, looks apps up and sends.
//
//	dispatcher.go  Dispatcher: the keeper, and all goroutines     scheduler.go  what it is told, what is to be done
//	interest.go    what is to be written down at all              tenant.go     an app: its webhooks as they are now
//	request.go     body, headers, signature                       hold.go       who has left may return
//	target.go      HTTP and AWS Lambda                            queue.go      one webhook: events by channel, batches
//	listener.go    what metrics and logs hang on                  pump.go       what may be sent now
//	                                                              outcome.go    retries, webhooks that are down
//	                                                              piles.go      bounds      alarms.go  what is due
//
// Source: Pusher docs, Webhooks; soketi, Webhooks.
package webhooks
