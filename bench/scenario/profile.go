package scenario

import (
	"context"
	"time"
)

// longestProfile bounds a profile of processor time: what a server does in half a minute it does in an hour.
const longestProfile = 30 * time.Second

// Kinds of profiles, as in [Sample.Profiles].
const (
	cpuProfile  = "cpu"
	heapProfile = "heap"
)

// profile begins a profile of the server's processor time over the next d, if one is wanted: whole seconds, one at least
// and longestProfile at most.
func (s *Stand) profile(ctx context.Context, d time.Duration) chan []byte {
	if !s.Size.Profile {
		return nil
	}
	done := make(chan []byte, 1)
	go func() {
		p, err := s.server.Profile(ctx, max(int(min(d, longestProfile)/time.Second), 1))
		if err != nil {
			p = nil // a profile is an extra
		}
		done <- p
	}()
	return done
}

// keep waits for a profile that was begun, and puts it in the sample.
func (s *Stand) keep(profile chan []byte) {
	if profile != nil {
		s.keepAs(cpuProfile, <-profile)
	}
}

// keepHeap puts in the sample what the server's heap holds after a collection, if profiles are wanted.
func (s *Stand) keepHeap(ctx context.Context) {
	if !s.Size.Profile {
		return
	}
	if p, err := s.server.HeapProfile(ctx); err == nil { // it is an extra
		s.keepAs(heapProfile, p)
	}
}

func (s *Stand) keepAs(kind string, profile []byte) {
	if len(profile) == 0 {
		return
	}
	if s.Sample.Profiles == nil {
		s.Sample.Profiles = map[string][]byte{}
	}
	s.Sample.Profiles[kind] = profile
}
