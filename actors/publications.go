package actors

import (
	"context"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// A Publication is one of a backend's requests to a channel: a *PublishRequest or a *SetStorageRequest.
type Publication interface {
	// target is the channel's name, and command what it is told.
	target() string
	command(s *System) any
}

func (r *PublishRequest) target() string    { return r.Channel }
func (r *SetStorageRequest) target() string { return r.Channel }

func (r *PublishRequest) command(*System) any {
	cmd := &channel.Publish{
		Sender:          r.By.sender(r.Origin),
		Event:           r.Event,
		Data:            r.Data,
		Emit:            r.Emit,
		Store:           r.Store,
		Server:          r.By == nil,
		DeduplicationID: r.DeduplicationID,
	}
	if r.Schedule.Expression == "" {
		return cmd
	}
	return r.Schedule.later(&channel.Schedule{Publish: cmd, EagerID: r.EagerID}, r.Recurs)
}

func (r *SetStorageRequest) command(s *System) any {
	cmd := &channel.SetStorage{
		Sender: r.By.sender(r.Origin),
		Key:    r.Key,
		Data:   r.Data,
		Store:  r.Store,
		Emit:   r.Emit,
		Server: r.By == nil,

		NotifyExpiry: r.NotifyExpiry.Or(s.notifyExpiry),
	}
	if r.Schedule.Expression == "" {
		return cmd
	}
	return r.Schedule.later(&channel.Schedule{Set: cmd}, r.Recurs)
}

func (by *Author) sender(from Origin) channel.Sender {
	s := from.sender()
	if by != nil {
		s.UID, s.UMD = by.UID, by.UMD
	}
	return s
}

// An Outcome is what became of one Publication.
type Outcome struct {
	Published *channel.Published // nil: it was refused, or scheduled, or was no message
	Scheduled *channel.Scheduled // nil: it was not scheduled
	Err       error              // *channel.Error, or the context's: then it may have happened or not
}

// PublishBatch is Publish and SetStorage for many at once, to any channels. Those to one channel are decided
// in the order of items; the others wait for nobody. It returns when all are durable, as far as they are
// stored, or when ctx ends, with an outcome for each. The names must have been checked.
func (s *System) PublishBatch(ctx context.Context, app string, items []Publication) []Outcome {
	outcomes := make([]Outcome, len(items))
	if s.tooBusy() {
		for i := range outcomes {
			outcomes[i].Err = channel.ErrUnavailable
		}
		return outcomes
	}
	type answer struct {
		i      int
		result any
		err    error
	}
	answers := make(chan answer, len(items))
	for i, item := range items {
		s.router.tell(channelAddress(app, item.target()), &ask{
			cmd:   item.command(s),
			reply: func(result any, err error) { answers <- answer{i, result, err} },
		})
	}
	answered := make([]bool, len(items))
	for range items {
		select {
		case a := <-answers:
			answered[a.i] = true
			outcomes[a.i].Published, _ = a.result.(*channel.Published)
			outcomes[a.i].Scheduled, _ = a.result.(*channel.Scheduled)
			outcomes[a.i].Err = a.err
		case <-ctx.Done():
			for i := range outcomes {
				if !answered[i] {
					outcomes[i].Err = ctx.Err()
				}
			}
			return outcomes
		}
	}
	return outcomes
}

// Authorize verifies a token that stands in an API key's place, for use publish or read. A token for single
// use is good until [System.Spend].
//
// Errors: *claims.Error.
func (s *System) Authorize(app, token string, use claims.Scope) (*claims.Claims, error) {
	return s.verify(app, token, use)
}

// Spend uses up a token with SingleUse: it returns nil once, and then that is durable. A caller has made sure
// before that what it is spent for is not wrong in itself, and gives it back by [System.Refund] if nothing came of
// that. Should the process die in between, the token is used up.
//
// Errors: claims.ErrSpent, channel.ErrUnavailable while all are told to come again, or a fault of the store.
func (s *System) Spend(app string, c *claims.Claims) error {
	if s.tooBusy() {
		return channel.ErrUnavailable
	}
	spend := c.Spend(app)
	ledger := s.options.Ledger
	if err := ledger.Reserve(spend); err != nil {
		return err
	}
	if err := ledger.Spend(spend); err != nil {
		ledger.Release(spend)
		return err
	}
	return nil
}

// Refund gives a token back that Spend has used up for nothing. If the store cannot, that is logged, and the token
// stays used up.
func (s *System) Refund(app string, c *claims.Claims) {
	if err := s.options.Ledger.Refund(c.Spend(app)); err != nil {
		s.options.Logger.Error("a token for single use could not be given back", "app", app, "jti", c.ID, "error", err)
	}
}
