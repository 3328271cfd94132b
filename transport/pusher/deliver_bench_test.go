package pusher

import (
	"testing"

	"dormouse/actors/channel"
)

// deaf is a wire on which nothing is heard.
type deaf struct{ wire }

func (deaf) Deliver([]byte, bool) {}

// manySinks are the sockets of one app that are on a channel.
func manySinks(tb testing.TB, n int) []channel.Sink {
	first, _, _ := newTestSocket(tb, testApp())
	all := make([]channel.Sink, n)
	for i := range all {
		s := newSocket(deaf{}, first.present, client{}, first.o)
		s.present.tally.established(&s.count)
		all[i] = s
	}
	return all
}

// tell delivers as the engine does, but for what the frame is made of.
func tell(all []channel.Sink, frame []byte) {
	for _, s := range all {
		if s.Codec().ID() == CodecID {
			s.Deliver(frame, false)
		}
	}
}

// BenchmarkDeliver1000 is what this package costs a delivery to 1,000 sockets; of processors=all each processor has a
// channel of its own, in one app.
func BenchmarkDeliver1000(b *testing.B) {
	frame := make([]byte, 263)
	b.Run("processors=1", func(b *testing.B) {
		all := manySinks(b, 1000)
		b.ReportAllocs()
		for b.Loop() {
			tell(all, frame)
		}
	})
	b.Run("processors=all", func(b *testing.B) {
		first, _, _ := newTestSocket(b, testApp())
		b.RunParallel(func(pb *testing.PB) {
			all := make([]channel.Sink, 1000)
			for i := range all {
				all[i] = newSocket(deaf{}, first.present, client{}, first.o)
			}
			for pb.Next() {
				tell(all, frame)
			}
		})
	})
}
