package actors

import "dormouse/actors/channel"

// deliver hands a message to all who read it: encoded once for each codec among them, once
// more if some of them read numbers, and then pushed into
// one sink after the other, with no message to any actor in between. It returns how many sinks got it.
func deliver(d *channel.Delivery) int {
	if d.To != nil {
		codec := d.To.Codec()
		if frame := codec.Append(nil, d.Message); len(frame) > 0 {
			if d.Numbered {
				frame = numbered(codec, frame, d.Message)
			}
			d.To.Deliver(frame, d.Bulk)
			return 1
		}
		return 0
	}
	var frames [channel.MaxCodecs][]byte
	var encoded [channel.MaxCodecs]bool
	var withNumber [channel.MaxCodecs][]byte // made only if somebody reads numbers
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
		frame := frames[id]
		if len(frame) == 0 {
			continue
		}
		if s.Numbered {
			if withNumber[id] == nil {
				withNumber[id] = numbered(codec, frame, d.Message)
			}
			frame = withNumber[id]
		}
		s.Sink.Deliver(frame, d.Bulk)
		n++
	}
	return n
}

// numbered returns the frame for those who read numbers.
func numbered(c channel.Codec, frame []byte, m *channel.Message) []byte {
	if n, ok := c.(channel.NumberedCodec); ok {
		return n.AppendNumbered(frame, m)
	}
	return frame
}
