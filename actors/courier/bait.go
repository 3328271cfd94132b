//go:build !bait_settle_before_sending

package courier

// settleBeforeSending is a wrong build: an event leaves the outbox when it is sent, and not when it has
// arrived. The suite that kills must find it out, or it proves nothing.
const settleBeforeSending = false
