package actors

import (
	"testing"

	"dormouse/actors/channel"
)

// countingCodec counts its work.
type countingCodec struct{ plain, numbered *int }

func (countingCodec) ID() int { return 0 }

func (c countingCodec) Append(dst []byte, _ *channel.Message) []byte {
	*c.plain++
	return append(dst, "frame"...)
}

func (c countingCodec) AppendNumbered(frame []byte, _ *channel.Message) []byte {
	*c.numbered++
	return append(append([]byte{}, frame...), " 7"...)
}

// lastFrame is a sink that keeps what it got last.
type lastFrame struct {
	codec countingCodec
	frame string
}

func (s *lastFrame) Codec() channel.Codec         { return s.codec }
func (s *lastFrame) Deliver(frame []byte, _ bool) { s.frame = string(frame) }
func (s *lastFrame) Complete(int)                 {}
func (s *lastFrame) Close(channel.Close)          {}

// TestAFrameIsEncodedOnceInEachForm, and in the numbered one only if somebody reads numbers.
func TestAFrameIsEncodedOnceInEachForm(t *testing.T) {
	for _, numbered := range []int{0, 1, 500} {
		var codec countingCodec
		codec.plain, codec.numbered = new(int), new(int)
		var among channel.Roster
		sinks := make([]lastFrame, 1000)
		for i := range sinks {
			sinks[i].codec = codec
			among = among.With(&channel.Subscription{Sink: &sinks[i], Join: uint64(i + 1), Numbered: i < numbered})
		}
		if n := deliver(&channel.Delivery{Message: &channel.Message{Number: 7}, Among: among}); n != 1000 {
			t.Errorf("%d were told", n)
		}
		if *codec.plain != 1 || *codec.numbered != min(numbered, 1) {
			t.Errorf("%d plain and %d numbered encodings for %d who read numbers", *codec.plain, *codec.numbered, numbered)
		}
		for i := range sinks {
			want := "frame"
			if i < numbered {
				want = "frame 7"
			}
			if sinks[i].frame != want {
				t.Fatalf("%d got %q", i, sinks[i].frame)
			}
		}
	}
}
