package channel

import (
	"slices"

	"dormouse/persistence"
)

// Subscribe adds a subscription. The joiner reads KindSubscribed first, then one KindStorageUpdated for
// each entry that it observes, in order of their keys, and then whatever happens from here on: there is
// no gap and nothing twice. Of more entries than Options.SnapshotEntries, fx.Next tells the rest, and what happens
// meanwhile comes in between, an entry that is changed as it was before its change. With cmd.Numbered KindSubscribed
// has a Resumption, and with cmd.After it reads, in the place of the entries, what it missed, if that can be told for
// sure. On a presence channel the others read KindMemberAdded if the uid is new, and everybody KindMemberUpdated if
// its umd is now another one. Backends hear of the subscription, of the count and of the member.
//
// With cmd.Cache, KindPublished or KindCacheMiss follows KindSubscribed at once. With cmd.Count everybody reads
// KindSubscriptionCount when their number changes, as count.go says. With cmd.Again a connection that is subscribed
// reads KindSubscribed once more, and what the channel keeps.
//
// Errors: ErrAlreadySubscribed, ErrPresenceUIDRequired, ErrPresenceCapacityReached, or a fault. After any
// of them cmd.Spend is unspent.
// Source: Hotsock docs, Subscriptions and Presence Channels.
func (c *Channel) Subscribe(s Step, cmd *Subscribe, fx *Effects) error {
	if old := c.byConnection[cmd.ConnectionID]; old != nil {
		if cmd.Again {
			return c.subscribeAgain(s, cmd, old, fx)
		}
		return ErrAlreadySubscribed
	}
	sub := &Subscription{
		ConnectionID: cmd.ConnectionID,
		Sink:         cmd.Sink,
		UID:          cmd.UID,
		UMD:          orNil(cmd.UMD),
		Alias:        cmd.Alias,
		Grant:        cmd.Grant,
		Counted:      cmd.Grant == nil || !cmd.Grant.OmitFromSubCount(),
		Join:         c.joins + 1,
		Order:        c.joins + 1,
		Numbered:     cmd.Numbered,
	}
	if c.members != nil {
		if err := c.readMembers(); err != nil {
			return err
		}
		sub.Join, sub.Order = c.joins+1, c.joins+1
		if sub.UID == "" {
			return ErrPresenceUIDRequired
		}
		if !c.members.fits(sub.UID, sub.UMD, c.o.MaxPresenceBytes) || !c.members.hasRoom(sub.UID, cmd.MaxMembers) {
			return ErrPresenceCapacityReached
		}
		sub.since = c.members.since(sub.UID, sub.Join)
		if c.members.unsettled {
			if err := c.readDue(); err != nil {
				return err
			}
		}
	}
	if err := c.readLedger(); err != nil {
		return err
	}
	if c.ledger.unsettled {
		if err := c.readDue(); err != nil {
			return err
		}
	}
	start, err := c.lastID()
	if err != nil {
		return err
	}
	sub.StartID = start
	var cached *cachedRow
	if cmd.Cache {
		if cached, err = c.readCached(); err != nil {
			return err
		}
	}

	told := &Message{Kind: KindSubscribed, Channel: c.name, Alias: sub.Alias, Auto: cmd.Auto, Meta: sub.meta()}
	var items []replayed
	var read epoch
	recovered := false
	if cmd.Numbered {
		if err := c.readReplay(s); err != nil {
			return err
		}
		if items, read, recovered = c.missed(cmd.After, sub); recovered {
			sub.stream = read.stream
		}
	}
	before := *fx
	fx.answer(told, sub.Sink)
	shown := 0
	more := false
	var rest snapshot
	if recovered {
		shown = sub.replay(items, fx)
	} else if rest, shown, more, err = c.begin(s, sub, cmd.Numbered, fx); err != nil {
		fx.forget(before)
		return err
	}

	// From here on nothing fails.
	if cmd.Numbered {
		told.Resume = c.resumption(s, cmd.After, read, recovered, sub)
		if recovered {
			told.Resume.Missed = shown
		} else {
			told.Resume.Snapshot = shown
		}
	}
	if more {
		c.snapshots = append(slices.Clip(c.snapshots), rest)
		fx.Next = &ShowRest{Sink: sub.Sink, connection: sub.ConnectionID, join: sub.Join}
	}
	c.joins++
	c.byConnection[sub.ConnectionID] = sub
	c.roster = c.roster.With(sub)
	c.watchers.changed(sub)
	if cmd.Spend != nil {
		fx.Writes = append(fx.Writes, persistence.SpendID(cmd.Spend.App, cmd.Spend.ID, cmd.Spend.Until))
	}
	if cmd.Cache {
		c.showCached(s, cached, sub, fx)
	}
	c.emitSubscription("hotsock.subscribed", sub, fx)
	c.count(sub, 1, fx)
	c.occupy(s, cmd.Full, fx)
	if c.members != nil {
		if !cmd.Full {
			c.settle(s, sub.UID, fx)
		}
		kind, m := c.members.join(sub)
		c.note(c.members.byUID[sub.UID], kind != 0, cmd.Full, fx)
		told.Members = c.members.all()
		var except *Subscription
		if kind == KindMemberAdded {
			except = sub
		}
		c.tellMembers(kind, m, c.roster, except, fx)
		c.occupyMember(kind, sub.UID, cmd.Full, fx)
	}
	if cmd.Cache && !cached.isThere(s.At) {
		c.occur(OccurCacheMiss, "", fx)
	}
	c.counter.on = cmd.Count
	c.tellCount(s, fx)
	return nil
}

// subscribeAgain tells a connection once more that it is subscribed, as it was the first time. Nobody else hears of
// it, and nothing changes.
func (c *Channel) subscribeAgain(s Step, cmd *Subscribe, sub *Subscription, fx *Effects) error {
	if err := c.readMembers(); err != nil {
		return err
	}
	var cached *cachedRow
	if cmd.Cache {
		var err error
		if cached, err = c.readCached(); err != nil {
			return err
		}
	}
	fx.answer(&Message{Kind: KindSubscribed, Channel: c.name, Alias: sub.Alias, Meta: sub.meta(), Members: c.members.all()}, sub.Sink)
	if cmd.Cache {
		c.showCached(s, cached, sub, fx)
	}
	return nil
}

// Unsubscribe ends a subscription. Its connection reads KindUnsubscribed, unless it is gone. On a presence
// channel the others read KindMemberRemoved if this was the uid's last subscription, with the umd that it
// had, or KindMemberUpdated if the umd falls back to that of another one. A member whose last subscription was
// Lost, or died with a process, stays for Options.LeaveGrace; Due tells that it has left, unless it came back.
//
// Errors: ErrNotSubscribed, or a fault, on a presence channel.
// Source: Hotsock docs, Subscriptions and Presence Channels.
func (c *Channel) Unsubscribe(s Step, cmd *Unsubscribe, fx *Effects) error {
	sub := c.byConnection[cmd.ConnectionID]
	if sub == nil {
		return ErrNotSubscribed
	}
	if err := c.readMembers(); err != nil {
		return err
	}
	if err := c.readLedger(); err != nil {
		return err
	}
	kept := c.keepsMember(cmd, sub)
	if kept || c.ledger.unsettled {
		if err := c.readDue(); err != nil {
			return err
		}
	}

	// From here on nothing fails.
	delete(c.byConnection, sub.ConnectionID)
	c.endSnapshot(sub.ConnectionID)
	c.roster = c.roster.Without(sub)
	c.watchers.changed(sub)
	if sub.Numbered {
		c.unask(s)
	}
	if !cmd.Gone {
		fx.answer(&Message{Kind: KindUnsubscribed, Channel: c.name, Alias: sub.Alias, Meta: sub.meta()}, sub.Sink)
	}
	c.emitSubscription("hotsock.unsubscribed", sub, fx)
	c.count(sub, -1, fx)
	switch {
	case kept:
		c.keepMember(s, sub, fx)
	case c.members != nil:
		c.leave(cmd, sub, fx)
	}
	c.tellCount(s, fx)
	c.vacate(s, cmd.Full, fx)
	return nil
}

// leave takes a subscription from its member, and tells what that changes.
func (c *Channel) leave(cmd *Unsubscribe, sub *Subscription, fx *Effects) {
	m := c.members.byUID[sub.UID]
	kind, told := c.members.leave(sub)
	switch {
	case kind == KindMemberUpdated:
		c.note(m, true, cmd.Full, fx)
	case kind == KindMemberRemoved && !cmd.Full:
		c.dropGrace(m, fx)
		c.unnote(m, fx)
	case kind == KindMemberRemoved && (m.here || m.until != 0):
		if m.here {
			c.members.here--
		}
		c.members.ghosts, c.members.unsettled = append(slices.Clone(c.members.ghosts), m.UID), true // a Mark has the old ones
	}
	c.tellMembers(kind, told, c.roster, nil, fx)
	c.occupyMember(kind, sub.UID, cmd.Full, fx)
}

// GetInfo reads who is subscribed. On a presence channel, a member who was cut off counts until it has left.
//
// Errors: a fault, on a presence channel.
func (c *Channel) GetInfo(_ Step, _ *GetInfo, fx *Effects) error {
	if err := c.readMembers(); err != nil {
		return err
	}
	fx.Result = &Info{Name: c.name, Subscriptions: c.counted, Members: c.members.all()}
	return nil
}

// count adds n to subscriptionsCount and tells backends, if sub is part of it.
func (c *Channel) count(sub *Subscription, n int, fx *Effects) {
	if sub.Counted {
		c.counted += n
		c.emitCount(fx)
	}
}

func (s *Subscription) meta() *Meta { return &Meta{UID: s.UID, UMD: s.UMD} }

// observes says whether the subscription is told of changes to key.
func (s *Subscription) observes(key string) bool { return s.observesAny() && s.Grant.Key(key).Observe }

func (s *Subscription) observesAny() bool { return s.Grant != nil && s.Grant.ObservesAny() }
