package actors

import "dormouse/actors/channel"

// deliver hands a message to all who read it: encoded once for each codec among them, and then pushed into
// one sink after the other, with no message to any actor in between. It returns how many sinks got it.
func deliver(d *channel.Delivery) int {
	if d.To != nil {
		if frame := d.To.Codec().Append(nil, d.Message); len(frame) > 0 {
			d.To.Deliver(frame, d.Bulk)
			return 1
		}
		return 0
	}
	var frames [channel.MaxCodecs][]byte
	var encoded [channel.MaxCodecs]bool
	n := 0
	for s := range d.Among.All() {
		if s == d.Except {
			continue
		}
		codec := s.Sink.Codec()
		id := codec.ID()
		if !encoded[id] {
			frames[id], encoded[id] = codec.Append(nil, d.Message), true
		}
		if len(frames[id]) > 0 {
			s.Sink.Deliver(frames[id], d.Bulk)
			n++
		}
	}
	return n
}
