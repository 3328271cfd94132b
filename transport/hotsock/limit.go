package hotsock

import (
	"time"

	"golang.org/x/time/rate"
)

// A frameLimit is one connection's token bucket. It belongs to the connection's reader.
type frameLimit struct {
	bucket  *rate.Limiter
	max     int // refusals within rateRefusalWindow
	refused int
	since   time.Time // when the window began
}

// newFrameLimit returns nil if there is no limit.
func newFrameLimit(o *Options) *frameLimit {
	if o.FrameRate == 0 {
		return nil
	}
	return &frameLimit{bucket: rate.NewLimiter(rate.Limit(o.FrameRate), o.FrameBurst), max: o.MaxRateRefusals}
}

// take says whether a frame at that time is within the limit, and if it is not, whether the client has now
// been told so often that it must be taken for deaf.
func (l *frameLimit) take(at time.Time) (ok, abuse bool) {
	if l.bucket.AllowN(at, 1) {
		return true, false
	}
	if at.Sub(l.since) > rateRefusalWindow {
		l.since, l.refused = at, 0
	}
	l.refused++
	return false, l.refused > l.max
}
