//go:build !bait_panic

package actors

// panicPrefix is a wrong build: every command to a channel whose name begins with it panics, so that a
// suite outside the process can see what that costs others. Empty: none does.
const panicPrefix = ""
