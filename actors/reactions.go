package actors

import (
	"context"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/channel"
)

// A ReactRequest is a backend's reaction, in the name of a user.
type ReactRequest struct {
	Channel             string
	MessageID, Reaction string
	Remove              bool
	UID                 string // whose reaction it is, never empty
	UMD                 []byte // one compact JSON value of at most 1 KiB; nil: null
	Emit                bool
	Origin              Origin
}

// React adds a user's reaction to a stored message, or takes it back, and returns once that is durable. The
// channel's name must have been checked, and so must UMD. The answer has the reaction's id, zero if there
// was nothing to take back.
//
// Errors: channel.ErrReactionUIDRequired, ErrInvalidReaction, ErrMessageNotFound, ErrReactionCapacityReached,
// any other *channel.Error, or ctx's: then it may have happened or not.
func (s *System) React(ctx context.Context, app string, r ReactRequest) (*channel.Published, error) {
	if s.tooBusy() {
		return nil, channel.ErrUnavailable
	}
	result, err := s.askAndWait(ctx, channelAddress(app, r.Channel), r.command(s))
	if err != nil {
		return nil, err
	}
	return result.(*channel.Published), nil
}

func (r *ReactRequest) target() string { return r.Channel }

// Check refuses what no channel could do, before anything is spent on it.
//
// Errors: channel.ErrReactionUIDRequired, ErrInvalidReaction, and ErrMessageNotFound for what is no id.
func (r *ReactRequest) Check() error {
	if err := (&channel.React{Reaction: r.Reaction}).Check(r.UID); err != nil {
		return err
	}
	if messageID(r.MessageID).IsZero() {
		return channel.ErrMessageNotFound
	}
	return nil
}

func (r *ReactRequest) command(*System) any {
	cmd := &channel.React{
		Sender:    r.Origin.sender(),
		MessageID: messageID(r.MessageID),
		Reaction:  r.Reaction,
		Remove:    r.Remove,
		Server:    true,
		Emit:      r.Emit,
	}
	cmd.UID, cmd.UMD = r.UID, r.UMD
	return cmd
}

// messageID reads a message's id; zero, which no message has, for a text that is none.
func messageID(text string) ulid.ULID {
	id, err := ulid.ParseStrict(text)
	if err != nil {
		return ulid.ULID{}
	}
	return id
}

// react hands a reaction to its channel, which alone knows the message and so what the token says of it.
func (a *connectionActor) react(c *React) {
	name, m, ok := a.named(c.Channel, c.Ref)
	if !ok {
		return
	}
	if m == nil {
		a.refuse(c.Channel, c.Ref, channel.ErrNotSubscribed)
		return
	}
	cmd := &channel.React{
		Sender:    a.sender(),
		MessageID: messageID(c.MessageID),
		Reaction:  c.Reaction,
		Remove:    c.Remove,
		Fault:     c.Fault,
	}
	cmd.RequestID = a.requestID() // whether backends are told of it, the channel will find
	if c.Schedule.Expression != "" {
		cmd.Fault = channel.ErrInvalidSchedule.With("A reaction cannot be scheduled; send it without scheduleExpression.")
	}
	if c.Ref != "" {
		cmd.Sink = nil // so that there is a result, whose id the acknowledgement carries
	}
	a.send(name, c.Channel, c.Ref, cmd)
}
