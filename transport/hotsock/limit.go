package hotsock

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"dormouse/actors/limit"
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

// A connectLimit has a token bucket for each address.
type connectLimit struct{ buckets *limit.Buckets }

// newConnectLimit returns nil if there is no limit.
func newConnectLimit(o *Options) *connectLimit {
	if o.ConnectRate == 0 {
		return nil
	}
	return &connectLimit{limit.NewBuckets(o.ConnectRate, o.ConnectBurst, o.Listener.SourcesForgotten)}
}

// take says whether a connect from ip at that time is within the limit.
func (l *connectLimit) take(ip string, at time.Time) bool { return l.buckets.Take(source(ip), 1, at) }

// source is what counts as one: an IPv4 address, or the /64 of an IPv6 address, which is what one customer
// has to choose from.
func source(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64) // fails only for other sizes
	return prefix.String()
}
