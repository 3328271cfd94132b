package ws

import "encoding/binary"

// A guard reads the headers of incoming frames as their bytes pass to gws, and stops the stream where gws
// would do harm. It judges only what gws does not, or judges too late:
//
//   - a length with its top bit set (RFC 6455 section 5.2 forbids it) is a negative int to gws, passes
//     its limit and panics;
//   - gws allocates each fragment's claimed length before it adds the message up, so fragments together
//     may claim the limit many times over;
//   - gws counts no fragments, so a message of empty ones never ends.
//
// Masking, reserved bits and opcodes, control frames, UTF-8 and close codes are gws's.
//
// It keeps no payload: 40 bytes a connection, and one step per frame.
type guard struct {
	header [10]byte // of the frame under way, without its mask
	have   uint8    // how many bytes of header are here
	mask   uint8    // how many bytes of the mask are still to come
	inside bool     // the header is complete and payload may follow
	open   bool     // a fragmented message has begun
	closed bool     // a close frame has begun
	frags  int32    // frames of the message under way
	size   int      // bytes that they claim
	left   int      // bytes of this frame's payload still to come
}

// A fault is why a stream must end: a close code and its reason. The zero fault is none.
type fault struct {
	code   int
	reason string
}

// midway says that a message or frame has begun and not ended.
func (g *guard) midway() bool { return g.have > 0 || g.inside || g.open }

// bounds are what a guard lets pass: bytes of a message and of one of its frames, and frames of a message.
type bounds struct{ message, frame, fragments int }

func (c *Conn) bounds() bounds {
	o := &c.a.opts
	if c.limit > 0 && c.limit < o.MaxMessage {
		return bounds{c.limit, min(c.limit, o.MaxFrame), o.MaxFragments}
	}
	return bounds{o.MaxMessage, o.MaxFrame, o.MaxFragments}
}

// scan follows p and returns how much of it may be passed on, all of it unless there is a fault.
func (g *guard) scan(p []byte, b bounds) (int, fault) {
	for i := 0; i < len(p); {
		if g.inside {
			n := min(g.left, len(p)-i)
			g.left -= n
			i += n
			if g.left == 0 {
				g.endFrame()
			}
			continue
		}
		if g.mask > 0 {
			i++
			if g.mask--; g.mask == 0 {
				g.enter()
			}
			continue
		}
		g.header[g.have] = p[i]
		g.have++
		i++
		if g.have < 2 || int(g.have) < 2+g.extended() {
			continue
		}
		if f := g.judge(b); f.code != 0 {
			return i - 1, f
		}
		if g.header[1]&0x80 != 0 {
			g.mask = 4
		} else {
			g.enter()
		}
	}
	return len(p), fault{}
}

// extended is the size of the extended length.
func (g *guard) extended() int {
	switch g.header[1] & 0x7F {
	case 126:
		return 2
	case 127:
		return 8
	}
	return 0
}

// judge looks at a complete header, and adds its frame to the message.
func (g *guard) judge(b bounds) fault {
	var n uint64
	switch g.extended() {
	case 0:
		n = uint64(g.header[1] & 0x7F)
	case 2:
		n = uint64(binary.BigEndian.Uint16(g.header[2:]))
	case 8:
		n = binary.BigEndian.Uint64(g.header[2:])
	}
	if n>>63 != 0 {
		return fault{CloseProtocol, "frame length has its top bit set"}
	}
	op := g.header[0] & 0x0F
	if op >= opClose {
		if op == opClose {
			g.closed = true
		}
		if n > 125 {
			return fault{CloseProtocol, "control frame too long"} // RFC 6455 section 5.5
		}
		g.left = int(n)
		return fault{}
	}
	if n > uint64(b.message) {
		return fault{CloseTooBig, "message too big"}
	}
	if n > uint64(b.frame) {
		return fault{CloseTooBig, "frame too big"}
	}
	g.left = int(n)
	g.size += int(n)
	if g.size > b.message {
		return fault{CloseTooBig, "message too big"}
	}
	if g.frags++; int(g.frags) > b.fragments {
		return fault{ClosePolicy, "too many fragments"}
	}
	if g.open = g.header[0]&0x80 == 0; !g.open {
		g.frags, g.size = 0, 0
	}
	return fault{}
}

func (g *guard) enter() {
	g.inside = true
	if g.left == 0 {
		g.endFrame()
	}
}

func (g *guard) endFrame() { g.inside, g.have = false, 0 }
