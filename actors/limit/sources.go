package limit

import (
	"net/netip"
	"time"
)

// Sources are buckets by where clients come from. A nil one lets everybody through.
type Sources struct{ buckets *Buckets }

// NewSources returns Sources by which each may try perSecond times a second in the long run, and burst times at once;
// nil for perSecond 0: any number of times. forgot is that of [NewBuckets].
func NewSources(perSecond float64, burst int, forgot func()) *Sources {
	if perSecond == 0 {
		return nil
	}
	return &Sources{NewBuckets(perSecond, burst, forgot)}
}

// Take says whether somebody at this address, without a port, may try at that time. An IPv6 address stands for its /64,
// which is what one customer has to choose from.
func (s *Sources) Take(ip string, at time.Time) bool {
	return s == nil || s.buckets.Take(source(ip), 1, at)
}

// source is what counts as one.
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
