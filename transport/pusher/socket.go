package pusher

import (
	"sync/atomic"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/transport/ws"
)

// A wire is what a Socket uses of a *ws.Conn.
type wire interface {
	ws.Peer
	Deliver(frame []byte, bulk bool)
	Close(code int, reason string)
}

// A Socket is one client's connection: what it says goes to the engine, and what the engine says goes to it. The
// first side is called by the socket's one reader, the second from everywhere.
//
// What needs no channel is decided here, from what the reader knows of the client: names, signatures, sizes, rates and
// who is signed in. So the engine is told only of what may be, in the order in which the client said it.
type Socket struct {
	wire    wire
	guest   guest // the engine's end; set before the first Message
	present *presentApp
	count   count
	credit  *actors.Credit
	backlog ws.Backlog
	o       *Options

	// Of the reader.
	client  client
	spent   window
	strikes strikes

	closing  atomic.Bool
	proved   atomic.Bool // it has signed in, or is on a channel that needs a signature
	deadline *time.Timer // for that; nil: none
}

var (
	_ ws.BinaryHandler = (*Socket)(nil)
	_ channel.Sink     = (*Socket)(nil)
)

// newSocket returns a Socket without a guest yet.
func newSocket(w wire, p *presentApp, c client, o *Options) *Socket {
	return &Socket{wire: w, present: p, client: c, credit: actors.NewCredit(o.MaxPending), o: o}
}

// Binary takes a frame as Message does: some clients send their JSON so.
func (s *Socket) Binary(data []byte) { s.Message(data) }

// Message takes one frame of the client. It waits while MaxPending commands are unanswered, or while the client does
// not read the answers; nothing more is read meanwhile.
func (s *Socket) Message(data []byte) {
	s.count.received(len(data))
	s.backlog.Wait(s.wire, s.waitsForClient)
	s.client.app = s.present.record.Load()
	cmd, refused := decode(data)
	if refused != nil {
		s.malformed(refused)
		return
	}
	switch cmd := cmd.(type) {
	case ping:
		s.say(&channel.Message{Kind: channel.KindPong})
	case *subscribe:
		s.subscribe(cmd)
	case unsubscribe:
		if s.take() {
			s.guest.Unsubscribe(cmd.channel)
		}
	case *signin:
		s.signIn(cmd)
	case *clientEvent:
		s.clientEvent(cmd)
	case pong: // that the client lives is known to whoever watches the socket
	}
}

// malformed answers what is no command, and ends the connection of a client that sends little else.
func (s *Socket) malformed(refused *channel.Error) {
	if refused.Code == Refusals[refuseMessage].Name && s.strikes.add(s.o.now()) {
		s.end(refuseAbuse.error())
		return
	}
	s.refuse("", refused)
}

func (s *Socket) subscribe(cmd *subscribe) {
	member, refused := s.client.admit(cmd)
	if refused != nil {
		s.refuse(cmd.channel, refused)
		return
	}
	app, kind := s.client.app, kindOf(cmd.channel)
	join := actors.Join{
		Channel: cmd.channel,
		Member:  member,
		Cache:   kind.cached,
		Count:   app.EnableSubscriptionCount && !kind.members && !kind.user,
		Storage: app.EnableStorageEvents && !kind.user,
		Quiet:   kind.user,
	}
	if kind.members {
		join.MaxMembers = app.MaxPresenceMembersPerChannel
	}
	if kind.auth && s.deadline != nil {
		join.Outcome = s.joined
	}
	if s.take() && s.guest.Subscribe(join) != nil {
		s.credit.Give(1)
		s.refuse(cmd.channel, refuseChannels.error(number(float64(s.o.MaxChannels))))
	}
}

// joined hears how a subscribe was decided that was signed.
func (s *Socket) joined(err error) {
	if err == nil {
		s.proved.Store(true)
	}
}

func (s *Socket) signIn(cmd *signin) {
	u, warning, refused := s.client.signIn(cmd)
	if refused != nil {
		s.end(refused)
		return
	}
	if warning != nil {
		s.refuse("", warning)
	}
	if !s.take() {
		return
	}
	if s.guest.SignIn(actors.SignIn{User: u.id, UserData: cmd.data, Watchlist: u.watchlist}) != nil {
		s.credit.Give(1)
		s.end(refuseSignin.error())
		return
	}
	s.client.user = u
	s.proved.Store(true)
}

func (s *Socket) clientEvent(cmd *clientEvent) {
	if refused := s.client.judge(cmd, s.guest, &s.spent, s.o.now()); refused != nil {
		s.refuse(cmd.channel, refused)
		return
	}
	if s.take() {
		s.guest.ClientEvent(cmd.channel, cmd.event, cmd.data)
	}
}

// take takes a command's place among those that may be unanswered, and waits for one; false: the connection ended.
func (s *Socket) take() bool {
	if s.credit.TryTake() {
		return true
	}
	s.o.Listener.Waits(WaitsForAnswers, true)
	defer s.o.Listener.Waits(WaitsForAnswers, false)
	return s.credit.Take()
}

func (s *Socket) waitsForClient(waits bool) { s.o.Listener.Waits(WaitsForClient, waits) }

// refuse tells the client what is not done, and on which channel, "" for none.
func (s *Socket) refuse(name string, e *channel.Error) {
	s.o.Listener.Refused(e.Code)
	s.say(&channel.Message{Kind: channel.KindError, Channel: name, Err: e})
}

// end closes the connection by one of this package's refusals.
func (s *Socket) end(e *channel.Error) {
	c, _ := closeOf(e)
	s.o.Listener.Refused(e.Code)
	s.Close(c)
}

// say tells the client something outside of any channel.
func (s *Socket) say(m *channel.Message) { s.Deliver(s.o.codec.Append(nil, m), true) }

// expire ends the connection of a client that has not said in time who it is.
func (s *Socket) expire() {
	if !s.proved.Load() {
		s.end(refuseNoUser.error())
	}
}

// Closed tells the engine that the client is gone.
func (s *Socket) Closed(int, string) {
	s.credit.Close()
	if s.deadline != nil {
		s.deadline.Stop()
	}
	s.guest.Closed()
	s.present.tally.closed(&s.count)
	s.present.leave()
}

// Codec returns the protocol's codec.
func (s *Socket) Codec() channel.Codec { return s.o.codec }

// Deliver queues one frame for the client.
func (s *Socket) Deliver(frame []byte, bulk bool) {
	s.count.sent(len(frame))
	s.wire.Deliver(frame, !s.backlog.Counts(len(frame), bulk))
}

// Complete gives n answered commands' places to the next.
func (s *Socket) Complete(n int) { s.credit.Give(n) }

// Close ends the connection after what is queued, and after a frame that says why, which SDKs show to their users. What
// the client still says is not heard.
func (s *Socket) Close(c channel.Close) {
	if !s.closing.CompareAndSwap(false, true) {
		return
	}
	if c == channel.CloseGoingAway {
		c, _ = closeOf(refuseClosed.error()) // by which clients come back at once
	}
	s.credit.Close()
	if frame := appendClose(nil, c); frame != nil {
		s.Deliver(frame, true)
	}
	s.wire.Close(c.Code, c.Reason)
}
