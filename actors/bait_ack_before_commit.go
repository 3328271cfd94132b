//go:build bait_ack_before_commit

package actors

const ackBeforeCommit = true
