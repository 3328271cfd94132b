package load

import "time"

var began = time.Now()

// Now is nanoseconds of a clock that never goes back. It starts somewhere near zero.
func Now() int64 { return int64(time.Since(began)) }
