//go:build !bait_ack_before_commit

package actors

// ackBeforeCommit is a wrong build: what a turn said leaves before what it wrote is on disk. The crash
// suite must find it out, or it proves nothing.
const ackBeforeCommit = false
