//go:build bait_settle_before_sending

package courier

const settleBeforeSending = true
