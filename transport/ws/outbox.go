package ws

// An item is one frame that waits to be written. data is shared between connections and never changes.
type item struct {
	data []byte
	op   byte // or opResponse
	free bool // does not count against the bound
}

// opResponse marks what is no frame: the 101 response, which waits for the first frames to leave with it. It is the
// first item of a connection's life, and free.
const opResponse = 0x10

// header is how many bytes come before the data.
func (it *item) header() int {
	if it.op == opResponse {
		return 0
	}
	return headerSize(len(it.data))
}

// An outbox is what waits for one peer, oldest first. Its owner's mutex guards it. An idle one holds no
// memory: its slice is kept for the next frame, and dropped by the sweep that finds it unused.
type outbox struct {
	queue []item
	head  int  // queue[:head] has been taken
	used  bool // since the last sweep

	// What counts, queued or in a batch that is not written yet: a peer that stops reading cannot gain
	// room by having one batch in flight.
	frames int
	bytes  int
}

func (o *outbox) push(it item) {
	if !it.free {
		o.frames++
		o.bytes += len(it.data)
	}
	if o.head > 0 && len(o.queue) == cap(o.queue) {
		n := copy(o.queue, o.queue[o.head:])
		clear(o.queue[n:])
		o.queue, o.head = o.queue[:n], 0
	}
	o.queue = append(o.queue, it)
	o.used = true
}

func (o *outbox) empty() bool { return o.head == len(o.queue) }

// clear drops the frames that are queued. What is in a batch still counts, until it is settled.
func (o *outbox) clear() {
	queue := o.queue[o.head:]
	o.queue, o.head = nil, 0
	if len(queue) > 0 && queue[0].op == opResponse {
		o.queue, queue = []item{queue[0]}, queue[1:]
	}
	for _, it := range queue {
		if !it.free {
			o.frames--
			o.bytes -= len(it.data)
		}
	}
}

// shrink drops the queue's memory if it was not used since the last call.
func (o *outbox) shrink() {
	if !o.used && o.empty() {
		o.queue, o.head = nil, 0
	}
	o.used = false
}

const (
	// writeBufferSize is how much leaves by one write: small frames are joined up to it, which is worth
	// 5 to 20 times a write for each.
	writeBufferSize = 64 << 10
	// largeFrame is the size from which a frame is written from its own bytes rather than copied.
	largeFrame = 16 << 10
)

// A batch is what one write takes from an outbox: frames for the buffer, the last of which may be a large
// one that follows it.
type batch struct {
	buf    []byte // headers and small frames; capacity writeBufferSize and a header
	tail   []byte // the large frame's payload
	count  int    // frames
	frames int    // counted ones among them, to be settled
	bytes  int
	wire   int  // bytes, headers with them
	closed bool // the close frame is the last

	response int // bytes of the 101 response, in front of the frames
}

func newBatch() *batch { return &batch{buf: make([]byte, 0, writeBufferSize+maxHeader)} }

func (b *batch) reset() { *b = batch{buf: b.buf[:0]} }

// take moves frames from o to items, as many as one write takes, and counts them in b. Copying their
// bytes is left to fill, which needs no lock.
func (o *outbox) take(b *batch, items []item) []item {
	room := writeBufferSize
	for o.head < len(o.queue) && b.tail == nil {
		it := o.queue[o.head]
		need := it.header() + len(it.data)
		switch {
		case need <= room:
			room -= need
		case len(it.data) >= largeFrame && room >= maxHeader:
			b.tail = it.data
		default:
			return items
		}
		o.queue[o.head] = item{}
		o.head++
		items = append(items, it)
		if it.op == opResponse {
			b.response = len(it.data)
			continue
		}
		b.count++
		if !it.free {
			b.frames++
			b.bytes += len(it.data)
		}
		b.closed = it.op == opClose
	}
	if o.empty() {
		o.queue, o.head = o.queue[:0], 0
	}
	return items
}

// fill copies the items' frames into b.
func (b *batch) fill(items []item) {
	for i, it := range items {
		if it.op != opResponse {
			b.buf = appendHeader(b.buf, it.op, len(it.data))
		}
		if b.tail == nil || i < len(items)-1 {
			b.buf = append(b.buf, it.data...)
		}
	}
	b.wire = len(b.buf) + len(b.tail) - b.response
}

// settle gives the batch's room back to o.
func (o *outbox) settle(b *batch) {
	o.frames -= b.frames
	o.bytes -= b.bytes
}
