package hotsock

import (
	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/transport/ws"
)

// A wire is what a Socket uses of a *ws.Conn.
type wire interface {
	Deliver(frame []byte, bulk bool)
	Close(code int, reason string)
	Done() <-chan struct{}
	Outbox() (frames, bytes int)
}

// A Socket is one client's connection: what it says goes to the engine, and what the engine says goes to
// it. The first side is called by the socket's one reader, the second from everywhere.
type Socket struct {
	wire    wire
	client  connection // the engine's end; set before the first Message
	credit  *actors.Credit
	backlog ws.Backlog
	limit   *frameLimit // nil: none
	o       *Options
}

var (
	_ ws.Handler   = (*Socket)(nil)
	_ channel.Sink = (*Socket)(nil)
)

// newSocket returns a Socket without a client yet.
func newSocket(w wire, o *Options) *Socket {
	return &Socket{wire: w, credit: actors.NewCredit(o.MaxPending), limit: newFrameLimit(o), o: o}
}

// Message takes one text frame of the client. It waits while MaxPending commands are unanswered, or while
// the client does not read the answers; nothing more is read meanwhile.
func (s *Socket) Message(data []byte) {
	s.backlog.Wait(s.wire, func(waits bool) { s.o.Listener.Waits(WaitsForClient, waits) })
	if !s.credit.TryTake() {
		s.o.Listener.Waits(WaitsForAnswers, true)
		taken := s.credit.Take()
		s.o.Listener.Waits(WaitsForAnswers, false)
		if !taken {
			return
		}
	}
	if s.limit != nil {
		if ok, abuse := s.limit.take(s.o.now()); !ok {
			s.overRate(data, abuse)
			return
		}
	}
	cmd, refused := decode(data, s.o.MaxData)
	switch {
	case refused != nil:
		s.refuse(refused)
	case cmd == nil:
		s.credit.Give(1)
	default:
		s.client.Send(cmd)
	}
}

// refuse answers a frame that is no command. It takes all the places there are first: when it has them,
// every frame before this one has its answer.
func (s *Socket) refuse(r *refusal) {
	for n := 1; n < s.o.MaxPending; n++ {
		if !s.credit.Take() {
			return
		}
	}
	m := &channel.Message{Kind: channel.KindError, Channel: r.channel, Err: r.err, Ref: r.ref}
	s.Deliver(Codec{}.Append(nil, m), true)
	s.o.Listener.Refused(r.err.Code)
	s.credit.Give(s.o.MaxPending)
}

// overRate answers a frame over the rate, or ends the connection of a client that goes on regardless.
func (s *Socket) overRate(data []byte, abuse bool) {
	if abuse {
		s.Close(channel.Close{Code: ws.ClosePolicy, Reason: "sent too fast for too long"})
		return
	}
	name, ref := peekRef(data)
	s.refuse(&refusal{channel.ErrRateLimited, name, ref})
}

// Closed tells the engine that the client is gone.
func (s *Socket) Closed(int, string) {
	s.credit.Close()
	s.client.Closed()
}

// Codec returns the protocol's codec.
func (s *Socket) Codec() channel.Codec { return Codec{} }

// Deliver queues one frame for the client.
func (s *Socket) Deliver(frame []byte, bulk bool) {
	s.wire.Deliver(frame, !s.backlog.Counts(len(frame), bulk))
}

// Complete gives n answered commands' places to the next.
func (s *Socket) Complete(n int) { s.credit.Give(n) }

// Close ends the connection after what is queued. What the client still says is not heard.
func (s *Socket) Close(c channel.Close) {
	s.credit.Close()
	s.wire.Close(c.Code, c.Reason)
}
