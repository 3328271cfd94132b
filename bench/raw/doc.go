// Command raw is what is left of a channel server when it does nothing but the least that the work takes.
// The bench measures it beside the real one, on the same wire: the ratio says what all the rest costs.
//
// A client says in its URL which channel it is on and what for, and what it then sends goes to the
// channel's subscribers as it stands: there is no parsing, no naming, no order to keep but the socket's.
//
//   - -mode gws: every message is gws's own broadcast of one prepared frame.
//   - -mode joined: frames are joined by hand, one write for all that waits.
//   - -mode pebble: every message is stored first; many share one sync, then the sender's answers and the
//     subscribers' copies go out, joined.
//
// What a client sends that is there to get is a key, and it is answered with the entry from a map.
//
// The upgrade checks a token's signature in all modes, with the library that everybody would take.
package main
