package hotsock

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// Who calls for a backend shows an API key, which may do everything, or a JWT, whose claims say what: with
// scope publish where messages.*.publish and storage.*.set are true, with scope read where getInfo and
// storage.*.get are. The JWT's uid and umd are its messages' meta; retention and backend events are bounded
// by its directives, and what is scheduled by scheduleBefore. Both stand in Authorization: Bearer.
//
// The JWT is this server's own; Hotsock knows API keys only.

var errKeyRequired = channel.ErrUnauthorized.With("An API key is required: Authorization: Bearer <key>.")

// authorize finds out who calls, and whether they may use a route at all: with a key, or with a JWT of the
// scope, if there is one.
func (h *Handler) authorize(c *call, scope claims.Scope) error {
	shown := bearer(c.r)
	if h.o.Keys.Check(shown) {
		return nil
	}
	if scope == "" || strings.Count(shown, ".") != 2 {
		c.w.Header().Set("WWW-Authenticate", "Bearer")
		return errKeyRequired
	}
	by, err := h.o.engine.Authorize(h.o.App, shown, scope)
	if err != nil {
		c.w.Header().Set("WWW-Authenticate", "Bearer")
		return bearerRefusal(err, scope)
	}
	c.by, c.token = by, shown
	return nil
}

// bearerRefusal tells tokens that are no good from those that are not for this.
func bearerRefusal(err error, scope claims.Scope) error {
	reason := claims.ReasonOf(err)
	if reason == "" {
		return err
	}
	base := channel.ErrUnauthorized
	if reason.Forbidden() {
		base = channel.ErrInfoDenied
		if scope == claims.ScopePublish {
			base = channel.ErrPublishDenied
		}
	}
	detail := claims.ErrSpent.Error()
	var e *claims.Error
	if errors.As(err, &e) {
		detail = e.Detail
	}
	return base.With("The token is refused: %s.", detail)
}

// spend uses up a token that is for one call. settle gives it back if nothing came of that. Everything that may refuse
// the call without asking a channel comes before.
func (h *Handler) spend(c *call) (settle func(outcomes ...error), err error) {
	if c.by == nil || !c.by.SingleUse {
		return func(...error) {}, nil
	}
	if err := h.o.engine.Spend(h.o.App, c.by); err != nil {
		return nil, bearerRefusal(err, claims.ScopePublish)
	}
	return func(outcomes ...error) {
		if !slices.ContainsFunc(outcomes, happened) {
			h.o.engine.Refund(h.o.App, c.by)
		}
	}, nil
}

// happened says whether something was done, or may have been: only a channel that refuses has done nothing for sure.
func happened(err error) bool {
	var refused *channel.Error
	return err == nil || !errors.As(err, &refused)
}

// author returns who publishes, nil if it is a server with a key.
func (c *call) author() *actors.Author {
	if c.by == nil {
		return nil
	}
	return &actors.Author{UID: c.by.UID, UMD: c.by.UMD}
}

// grant returns what the caller's token says of a channel.
func (c *call) grant(name string) *claims.ChannelGrant {
	return claims.Layers{Connect: c.by}.Channel(name)
}

// mayPublish holds a message against the caller's token, and fills in what the body leaves to that.
func (c *call) mayPublish(b *body, name string, r *actors.PublishRequest) error {
	if c.by == nil {
		return nil
	}
	grant := c.grant(name).Event(r.Event)
	if !grant.MayPublish(true) {
		return channel.ErrPublishDenied
	}
	if b.values[publishStore].isNull() {
		r.Store = grant.Store
	}
	if b.values[publishEmit].isNull() {
		r.Emit = grant.EmitPubSubEvent == claims.True
	}
	return withinGrant(channel.ErrPublishDenied, r.Store, grant.Store, r.Emit, grant.EmitPubSubEvent == claims.True)
}

// maySet is mayPublish for a write.
func (c *call) maySet(b *body, name string, r *actors.SetStorageRequest) error {
	if c.by == nil {
		return nil
	}
	grant := c.grant(name).Key(r.Key)
	if !grant.Set {
		return channel.ErrStorageDenied.With("Not allowed to set this key.")
	}
	if b.values[publishStore].isNull() {
		r.Store = grant.Store
	}
	if b.values[publishEmit].isNull() {
		r.Emit = grant.EmitPubSubEvent
	}
	r.NotifyExpiry = grant.NotifyExpiry
	return withinGrant(channel.ErrStorageDenied, r.Store, grant.Store, r.Emit, grant.EmitPubSubEvent)
}

// scheduleBefore is until when the caller's token lets this be scheduled.
func (c *call) scheduleBefore(name string, p *publication) time.Time {
	if p.entries != nil {
		return c.grant(name).Key(p.entries[0].Key).ScheduleBefore
	}
	return c.grant(name).Event(p.event).ScheduleBefore
}

// scheduler names who schedules by a token: its user, or who has none, the token itself.
func (c *call) scheduler() string {
	if c.by.UID != "" {
		return "uid " + c.by.UID
	}
	sum := sha256.Sum256([]byte(c.token))
	return "token " + string(sum[:])
}

// withinGrant refuses what is kept longer, or told to more, than a token allows.
func withinGrant(refused *channel.Error, store, most int64, emit, mayEmit bool) error {
	switch {
	case most != -1 && (store == -1 || store > most):
		return refused.With("The token allows a store of at most %d.", most)
	case emit && !mayEmit:
		return refused.With("The token does not allow emitPubSubEvent.")
	}
	return nil
}
