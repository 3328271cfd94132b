package actors

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"dormouse/actors/channel"
)

// tooManyTails refuses a tail: each makes its channel encode once more, and is meant for a person who looks.
func (s *System) tooManyTails() *channel.Error {
	s.stats.tailsRefused.Add(1)
	return channel.ErrUnavailable.With("Too many tails: at most %d on a channel and %d on a server.",
		s.options.MaxChannelTails, s.options.MaxTails)
}

// TailOptions say what a [Tail] gets.
type TailOptions struct {
	Codec channel.Codec
	// Every leaves only each Every-th frame. 0, 1: all.
	Every int
	// Rate is how many frames a second it gets at most. 0: Options.TailRate.
	Rate float64
}

// A Tail reads what a channel tells its subscribers, without being one: it is not counted, no member, and
// nobody is told. What it has no room for is dropped and counted.
type Tail struct {
	// Frames is never closed. Who takes one calls Done with it.
	Frames <-chan []byte

	system  *System
	address Address
	frames  chan []byte
	codec   channel.Codec
	every   uint64
	seen    uint64 // of the actor alone
	bucket  *rate.Limiter
	waits   atomic.Int64 // bytes of frames
	dropped atomic.Uint64
	ended   atomic.Bool
}

// Tail begins to read a channel. Close ends it.
//
// Errors: channel.ErrUnavailable if there are too many, or ctx's.
func (s *System) Tail(ctx context.Context, app, name string, o TailOptions) (*Tail, error) {
	setDefault(&o.Rate, s.options.TailRate)
	frames := make(chan []byte, s.options.TailQueue)
	t := &Tail{
		Frames: frames, system: s, address: channelAddress(app, name), frames: frames, codec: o.Codec,
		every: uint64(max(o.Every, 1)), bucket: rate.NewLimiter(rate.Limit(o.Rate), max(1, int(o.Rate))),
	}
	if s.tails.Add(1) > int32(s.options.MaxTails) {
		s.tails.Add(-1)
		return nil, s.tooManyTails()
	}
	if _, err := s.askAndWait(ctx, t.address, beginTail{t}); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Done says that a frame of Frames was taken, so that there is room for others.
func (t *Tail) Done(frame []byte) { t.waits.Add(-int64(len(frame))) }

// Dropped returns how many frames there was no room for so far.
func (t *Tail) Dropped() uint64 { return t.dropped.Load() }

// Close ends the tail. Closing twice does nothing.
func (t *Tail) Close() {
	if !t.ended.Swap(true) {
		t.system.tails.Add(-1)
		t.system.router.tell(t.address, &ask{cmd: endTail{t}})
	}
}

// What a durable actor is told of its tails.
type (
	beginTail struct{ t *Tail }
	endTail   struct{ t *Tail }
)

// tails are those of one actor, nil almost always.
type tails []*Tail

func (ts tails) begin(t *Tail) (tails, error) {
	if len(ts) >= t.system.options.MaxChannelTails {
		return ts, t.system.tooManyTails()
	}
	return append(ts, t), nil
}

func (ts tails) end(t *Tail) tails {
	if ts = slices.DeleteFunc(ts, func(other *Tail) bool { return other == t }); len(ts) == 0 {
		return nil
	}
	return ts
}

// hear hands on what was told to all subscribers; answers to one of them are not the channel's news.
func (ts tails) hear(d *channel.Delivery, at time.Time) {
	if d.To != nil || d.Message == nil {
		return
	}
	for _, t := range ts {
		t.hear(d.Message, at)
	}
}

func (t *Tail) hear(m *channel.Message, at time.Time) {
	if t.seen++; t.seen%t.every != 0 {
		return
	}
	if !t.bucket.AllowN(at, 1) {
		t.drop()
		return
	}
	frame := t.codec.Append(nil, m)
	if len(frame) == 0 {
		return
	}
	// The actor alone adds, so that the sum never passes the bound; a frame that is longer is taken if none waits.
	size := int64(len(frame))
	if waits := t.waits.Load(); waits > 0 && waits+size > int64(t.system.options.TailQueueBytes) {
		t.drop()
		return
	}
	t.waits.Add(size)
	select {
	case t.frames <- frame:
	default:
		t.waits.Add(-size)
		t.drop()
	}
}

func (t *Tail) drop() {
	t.dropped.Add(1)
	t.system.stats.tailDropped.Add(1)
}
