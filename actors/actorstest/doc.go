// Package actorstest is the vocabulary of tests that drive an engine as clients do: start, connect, send,
// expect, expect none, expect close.
//
// It runs in a testing/synctest bubble, on a disk in memory: hours pass in no time, and "nothing comes" is a
// fact and not a guess, because Expect and ExpectNone first wait until every goroutine of the bubble is
// blocked. Frames are readable lines, see [Text].
package actorstest
