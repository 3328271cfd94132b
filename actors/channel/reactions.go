package channel

import (
	"cmp"
	"slices"

	"github.com/oklog/ulid/v2"

	"dormouse/claims"
)

// reactionEvent is the event under which a token says who hears of reactions.
const reactionEvent = "hotsock.messageReaction"

// React adds a reaction to a stored message, or takes the author's own one back, and tells everybody
// subscribed: KindReactionAdded or KindReactionRemoved, the reacting connection only if its token says echo
// for hotsock.messageReaction. There is one reaction for each message, uid and value: adding it again does
// nothing, and neither does removing what is not there.
//
// A reaction keeps the umd that its author had. It lives as long as its message and vanishes with it, of
// which nobody is told. Backends hear of it if the author's token says emitPubSubEvent for the message's
// event or for hotsock.messageReaction and does not deny it for the latter; of a removal they hear if they
// heard of the reaction.
//
// A connection must be subscribed, with a uid, and see the message in its history; its token's react for
// the message's event says which reactions it may add and remove. The server may react to everything. The
// answer to an asker without a sink is *Published, with the reaction's id, zero if there is none.
//
// Errors, in this order: ErrNotSubscribed, ErrReactionUIDRequired, cmd.Fault, ErrInvalidReaction,
// ErrMessageNotFound, ErrReactionDenied, ErrReactionCapacityReached, or a fault.
// Source: Hotsock docs, Reactions.
func (c *Channel) React(s Step, cmd *React, fx *Effects) error {
	sub := c.byConnection[cmd.ConnectionID]
	if !cmd.Server && sub == nil {
		return ErrNotSubscribed
	}
	by := author(&cmd.Sender, sub, false)
	if err := cmd.Check(by.UID); err != nil {
		return err
	}
	target, err := c.visibleMessage(s, sub, cmd.MessageID, !cmd.Server)
	if err != nil {
		return err
	}
	allowed := rightsToReact(sub, target.event)
	if !cmd.Server && !allowed.react.Allows(cmd.Reaction) {
		return ErrReactionDenied
	}
	if cmd.Server {
		allowed.emit = cmd.Emit
	}
	key := reactionKey(cmd.MessageID, cmd.Reaction, by.UID)
	value, err := c.rd.Get(key)
	if err != nil {
		return c.fault("read a reaction", err)
	}
	if (value != nil) != cmd.Remove {
		return c.reactedBefore(cmd, value, fx)
	}
	counts, err := c.counts(cmd.MessageID)
	if err != nil {
		return err
	}
	row := reactionRow{origin: cmd.Sender.origin(&by)}
	if cmd.Remove {
		if row, err = decodeReaction(value); err != nil {
			return c.fault("read a reaction", err)
		}
		counts = counts.without(cmd.Reaction)
	} else if counts, err = counts.with(cmd.Reaction, &c.o); err != nil {
		return err
	}
	if _, err := c.lastID(); err != nil {
		return err
	}
	if err := c.readReplay(s); err != nil {
		return err
	}

	// From here on nothing fails.
	id := c.nextID(s)
	if cmd.Remove {
		fx.delete(key)
	} else {
		row.id = id
		if allowed.emit {
			row.flags |= flagEmit
		}
		fx.put(key, row.encode())
	}
	if len(counts) == 0 {
		fx.delete(countsKey(cmd.MessageID))
	} else {
		fx.put(countsKey(cmd.MessageID), counts.encode())
	}
	m := newMessage(KindReactionAdded)
	if cmd.Remove {
		m.Kind = KindReactionRemoved
	}
	m.ID, m.Channel, m.Seq, *m.Meta = id, c.name, s.Seq, by
	m.Data = appendReaction(nil, cmd)
	var except *Subscription
	if !allowed.echo {
		except = sub
	}
	c.tell(s, m, c.roster, except, fx)
	if row.flags&flagEmit != 0 {
		c.emitReaction(m.Kind, cmd, &row, target.expires, fx)
	}
	cmd.answer(row.id, s.Seq, fx)
	return nil
}

// Check refuses what no channel could do in the name of uid, whatever messages it has.
//
// Errors: ErrReactionUIDRequired, cmd.Fault, ErrInvalidReaction.
func (cmd *React) Check(uid string) error {
	if uid == "" {
		return ErrReactionUIDRequired
	}
	if cmd.Fault != nil {
		return cmd.Fault
	}
	if err := claims.CheckReaction(cmd.Reaction); err != nil {
		return ErrInvalidReaction.With("The reaction is invalid: %v.", err)
	}
	return nil
}

// reactedBefore answers a reaction that is there, or a removal of one that is not. value is its row.
func (c *Channel) reactedBefore(cmd *React, value []byte, fx *Effects) error {
	if value == nil {
		cmd.answer(ulid.ULID{}, 0, fx)
		return nil
	}
	row, err := decodeReaction(value)
	if err != nil {
		return c.fault("read a reaction", err)
	}
	cmd.answer(row.id, 0, fx)
	return nil
}

// answer answers an asker without a sink.
func (cmd *React) answer(id ulid.ULID, seq uint64, fx *Effects) {
	if cmd.Sink == nil {
		fx.Result = &Published{ID: id, Seq: seq}
	}
}

// visibleMessage reads a stored message. If bounded, it must be one that sub may see.
//
// Errors: ErrMessageNotFound, or a fault.
func (c *Channel) visibleMessage(s Step, sub *Subscription, id ulid.ULID, bounded bool) (messageRow, error) {
	key := messageKey(id)
	if bounded && key < sub.visibleFrom() {
		return messageRow{}, ErrMessageNotFound
	}
	value, err := c.rd.Get(key)
	if err != nil {
		return messageRow{}, c.fault("read a message", err)
	}
	if value == nil {
		return messageRow{}, ErrMessageNotFound
	}
	row, err := decodeMessage(value)
	if err != nil {
		return messageRow{}, c.fault("read a message", err)
	}
	if expired(row.expires, s.At) {
		return messageRow{}, ErrMessageNotFound
	}
	return row, nil
}

// reactionRights is what a token says about reactions to messages of one event.
type reactionRights struct {
	react      claims.React
	echo, emit bool
}

// rightsToReact returns none for the server, which needs none.
func rightsToReact(sub *Subscription, event string) (r reactionRights) {
	if sub == nil || sub.Grant == nil {
		return r
	}
	of, own := sub.Grant.Event(event), sub.Grant.Event(reactionEvent)
	r.react, r.echo = of.React, own.Echo
	r.emit = own.EmitPubSubEvent != claims.False && (own.EmitPubSubEvent == claims.True || of.EmitPubSubEvent == claims.True)
	return r
}

// ListReactions reads a message's reactions by the time at which they were added. A connection must be
// subscribed and see the message in its history; an asker without a connection sees every stored message.
//
// Errors: ErrNotSubscribed, ErrMessageNotFound, or a fault.
// Source: Hotsock docs, Client HTTP API, listReactions.
func (c *Channel) ListReactions(s Step, cmd *ListReactions, fx *Effects) error {
	sub := c.byConnection[cmd.ConnectionID]
	if cmd.ConnectionID != "" && sub == nil {
		return ErrNotSubscribed
	}
	if _, err := c.visibleMessage(s, sub, cmd.MessageID, cmd.ConnectionID != ""); err != nil {
		return err
	}
	all, err := c.reactions(cmd.MessageID)
	if err != nil {
		return err
	}
	fx.Result = &Reactions{Items: all}
	return nil
}

// reactions reads the reactions to one message, in the order of their ids.
func (c *Channel) reactions(id ulid.ULID) ([]Reaction, error) {
	var all []Reaction
	var bad error
	err := c.rd.Scan(reactionPrefix(id), reactionEnd(id), false, func(key string, value []byte) bool {
		var row reactionRow
		if row, bad = decodeReaction(value); bad != nil {
			return false
		}
		var reaction string
		if reaction, bad = splitReaction(key); bad != nil {
			return false
		}
		all = append(all, Reaction{ID: row.id, Reaction: reaction, UID: row.uid, UMD: row.umd})
		return true
	})
	if err = cmp.Or(err, bad); err != nil {
		return nil, c.fault("list the reactions", err)
	}
	slices.SortFunc(all, func(a, b Reaction) int { return a.ID.Compare(b.ID) })
	return all, nil
}

// addReactions adds to a page what was reacted to its messages. The reactions count as data: a page whose messages
// have more of them than there is room for ends earlier.
func (c *Channel) addReactions(page *Messages, cmd *ListMessages) error {
	if len(page.Items) == 0 {
		return nil
	}
	byID, err := c.pageCounts(page, cmd)
	if err != nil || len(byID) == 0 {
		return err
	}
	page.Reactions = make([][]ReactionCount, len(page.Items))
	size := 0
	for i, m := range page.Items {
		counts := byID[m.ID]
		size += len(m.Data) + counts.size()
		var all []Reaction
		if cmd.ExpandReactions && counts != nil {
			if all, err = c.reactions(m.ID); err != nil {
				return err
			}
			for i := range all {
				size += reactionItemSize + len(all[i].UID) + len(all[i].UMD)
			}
		}
		if i > 0 && cmd.Bytes > 0 && size > cmd.Bytes {
			page.Items, page.Reactions, page.More = page.Items[:i], page.Reactions[:i], true
			return nil
		}
		page.Reactions[i] = counts.list(all)
	}
	return nil
}

// pageCounts reads what the messages of a page have. They are neighbours unless cmd asks for one event: then
// others may lie between them, with any number of reactions.
func (c *Channel) pageCounts(page *Messages, cmd *ListMessages) (byID map[ulid.ULID]countsRow, err error) {
	byID = map[ulid.ULID]countsRow{}
	if cmd.Event != "" {
		for _, m := range page.Items {
			counts, err := c.counts(m.ID)
			if err != nil {
				return nil, err
			}
			if counts != nil {
				byID[m.ID] = counts
			}
		}
		return byID, nil
	}
	first, last := page.Items[0].ID, page.Items[len(page.Items)-1].ID
	if cmd.Reverse {
		first, last = last, first
	}
	var bad error
	err = c.rd.Scan(countsKey(first), countsKey(last)+"\x00", false, func(key string, value []byte) bool {
		var id ulid.ULID
		if id, bad = splitID(key, len(tableCounts)); bad == nil {
			byID[id], bad = decodeCounts(value)
		}
		return bad == nil
	})
	return byID, c.fault("count the reactions", cmp.Or(err, bad))
}

// reactionItemSize is what an expanded reaction measures besides its uid and umd, about.
const reactionItemSize = len(`{"uid":"","umd":},`)

// counts reads how many reactions of which kind a message has.
func (c *Channel) counts(id ulid.ULID) (countsRow, error) {
	value, err := c.rd.Get(countsKey(id))
	if err != nil || value == nil {
		return nil, c.fault("count the reactions", err)
	}
	counts, err := decodeCounts(value)
	return counts, c.fault("count the reactions", err)
}

// with returns the counts after one reaction more. r stays as it was.
func (r countsRow) with(reaction string, o *Options) (countsRow, error) {
	total := 0
	for i := range r {
		total += r[i].Count
	}
	if total >= o.MaxReactions {
		return nil, ErrReactionCapacityReached.With("The message has %d reactions; at most %d are allowed.", total, o.MaxReactions)
	}
	next := slices.Clone(r)
	if i := next.index(reaction); i >= 0 {
		next[i].Count++
		return next, nil
	}
	if len(r) >= o.MaxReactionKinds {
		return nil, ErrReactionCapacityReached.With("The message has %d different reactions; at most %d are allowed.", len(r), o.MaxReactionKinds)
	}
	return append(next, ReactionCount{Reaction: reaction, Count: 1}), nil
}

// without returns the counts after one reaction less. r stays as it was.
func (r countsRow) without(reaction string) countsRow {
	next := slices.Clone(r)
	i := next.index(reaction)
	if i < 0 {
		return next
	}
	if next[i].Count--; next[i].Count > 0 {
		return next
	}
	return slices.Delete(next, i, i+1)
}

func (r countsRow) index(reaction string) int {
	return slices.IndexFunc(r, func(k ReactionCount) bool { return k.Reaction == reaction })
}

func (r countsRow) size() (n int) {
	for i := range r {
		n += len(r[i].Reaction) + len(`"":{"count":1},`)
	}
	return n
}

// list returns the counts as a reader has them: with all, the reactions themselves, below their kinds.
func (r countsRow) list(all []Reaction) []ReactionCount {
	for _, x := range all {
		if i := r.index(x.Reaction); i >= 0 {
			r[i].By = append(r[i].By, Member{UID: x.UID, UMD: x.UMD})
		}
	}
	return r
}

// dropMessage removes a stored message with its reactions, of which it removes at most *left; false: there
// are more of them, and the message and whatever makes it expire must stay.
func (c *Channel) dropMessage(id ulid.ULID, event string, left *int, fx *Effects) (bool, error) {
	value, err := c.rd.Get(countsKey(id))
	if err != nil {
		return false, c.fault("remove the reactions", err)
	}
	if value != nil {
		more := false
		err := c.rd.Scan(reactionPrefix(id), reactionEnd(id), false, func(key string, _ []byte) bool {
			if more = *left == 0; more {
				return false
			}
			*left--
			fx.delete(key)
			return true
		})
		if err != nil {
			return false, c.fault("remove the reactions", err)
		}
		if more {
			return false, nil
		}
		fx.delete(countsKey(id))
	}
	fx.delete(messageKey(id))
	fx.delete(eventKey(event, id))
	return true, nil
}
