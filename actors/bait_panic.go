//go:build bait_panic

package actors

const panicPrefix = "panic."
