package ws

import (
	"errors"
	"net"
	"sync"
	"time"
)

const (
	// chunkSize is what one read of a plain socket takes. An idle socket holds no chunk: it is taken
	// from the pool when bytes are there, and given back when gws has them all.
	chunkSize = 8 << 10
	// rawReadBuffer is bufio's minimum: frames' headers pass through it, everything else past it.
	rawReadBuffer = 16
	// wrappedReadBuffer is for connections that are read without a chunk, TLS above all.
	wrappedReadBuffer = 512
)

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

var (
	errEnded = errors.New("ws: connection ended")
	errFault = errors.New("ws: frame refused")
)

// A stream is the net.Conn that gws is given. It hands incoming bytes past the guard, and takes what gws
// writes, which after the handshake is nothing but a close frame, as gws's verdict on the connection: gws
// would write it into the middle of our frames, and would wait for a peer that does not read. Its
// Close does nothing, since the socket is ours to close.
type stream struct {
	c     *Conn
	guard guard

	chunk    *[chunkSize]byte // nil: empty
	from, to int              // what of chunk is still to be passed on

	target []byte // of the read under way
	got    int
	err    error
	onRead func(fd uintptr) bool // s.readReady, made once

	response []byte // the 101 response, which leaves with the first frames
	upgraded bool   // it is there
	stop     fault  // the guard's
	failure  error  // of the socket
	verdict  int    // the code of the close frame that gws would send
	farewell *fault // the peer's close frame
}

// Read passes bytes on to gws. It ends with errEnded once the connection has, so that messages which came
// before the end and were not yet read are dropped.
func (s *stream) Read(p []byte) (int, error) {
	if s.c.over.Load() {
		return 0, errEnded
	}
	if s.stop.code != 0 {
		return 0, errFault
	}
	n, err := s.fill(p)
	if err != nil {
		s.failure = err
		return 0, err
	}
	n, s.stop = s.guard.scan(p[:n], s.c.bounds())
	s.c.watch(s.guard.midway())
	if n == 0 && s.stop.code != 0 {
		return 0, errFault
	}
	return n, nil
}

// fill reads at least one byte: from the chunk, else from the socket.
func (s *stream) fill(p []byte) (int, error) {
	if s.chunk != nil {
		n := copy(p, s.chunk[s.from:s.to])
		if s.from += n; s.from == s.to {
			s.release()
		}
		return n, nil
	}
	defer s.c.hear()
	if s.c.raw == nil {
		return s.c.net.Read(p)
	}
	s.target = p
	err := s.c.raw.Read(s.onRead)
	s.target = nil
	if err == nil {
		err = s.err
	}
	return s.got, err
}

// readReady is called when the socket may have bytes, and says whether the wait is over. The pooled chunk
// is taken here, so that nothing is held while there are none.
func (s *stream) readReady(fd uintptr) bool {
	var again bool
	s.got, s.err = 0, nil
	if len(s.target) >= chunkSize {
		s.got, again, s.err = tryRead(fd, s.target)
		return !again
	}
	chunk := chunks.Get().(*[chunkSize]byte)
	n, again, err := tryRead(fd, chunk[:])
	if again || err != nil {
		chunks.Put(chunk)
		s.err = err
		return !again
	}
	s.got = copy(s.target, chunk[:n])
	if s.got == n {
		chunks.Put(chunk)
	} else {
		s.chunk, s.from, s.to = chunk, s.got, n
	}
	return true
}

// preload puts bytes that came with the request in front of the socket's.
func (s *stream) preload(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	if len(p) > chunkSize {
		return false
	}
	s.chunk = chunks.Get().(*[chunkSize]byte)
	s.from, s.to = 0, copy(s.chunk[:], p)
	return true
}

func (s *stream) release() {
	if s.chunk != nil {
		chunks.Put(s.chunk)
		s.chunk = nil
	}
}

// Write keeps the 101 response, or sends it if writes may wait; later it takes a close frame and sends nothing.
func (s *stream) Write(p []byte) (int, error) {
	if !s.upgraded {
		if s.c.raw == nil {
			return s.c.net.Write(p)
		}
		s.response = append(s.response, p...)
		return len(p), nil
	}
	if len(p) >= 4 && p[0] == 0x80|opClose {
		s.verdict = int(p[2])<<8 | int(p[3])
	}
	return len(p), nil
}

func (s *stream) Close() error                       { return nil }
func (s *stream) LocalAddr() net.Addr                { return s.c.net.LocalAddr() }
func (s *stream) RemoteAddr() net.Addr               { return s.c.net.RemoteAddr() }
func (s *stream) SetDeadline(t time.Time) error      { return s.c.net.SetDeadline(t) }
func (s *stream) SetReadDeadline(t time.Time) error  { return s.c.net.SetReadDeadline(t) }
func (s *stream) SetWriteDeadline(t time.Time) error { return s.c.net.SetWriteDeadline(t) }
