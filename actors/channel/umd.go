package channel

import "dormouse/persistence"

// UpdateUMD gives a subscription another umd. What its connection does on the channel from here on carries
// it; what is stored already keeps the old one. Of several subscriptions of one uid this one is now the one
// that was set last, so that on a presence channel its umd is the member's: if that is another value than
// before, everybody reads KindMemberUpdated, the updater too, and backends hear of it. On any other channel,
// and of an equal value, nobody is told anything.
//
// Errors: ErrNotSubscribed, and then nothing is made; ErrPresenceCapacityReached, of a umd that makes the
// list of members longer; or a fault, on a presence channel. After any of them cmd.Spend is unspent.
// Source: Hotsock docs, Live User Metadata Updates.
func (c *Channel) UpdateUMD(_ Step, cmd *UpdateUMD, fx *Effects) error {
	old := c.byConnection[cmd.ConnectionID]
	if old == nil {
		return ErrNotSubscribed
	}
	if err := c.readMembers(); err != nil {
		return err
	}
	next := *old
	next.UMD = orNil(cmd.UMD)
	if c.members != nil && !c.members.fits(next.UID, next.UMD, c.o.MaxPresenceBytes) {
		return ErrPresenceCapacityReached
	}
	if cmd.Spend != nil {
		fx.Writes = append(fx.Writes, persistence.SpendID(cmd.Spend.App, cmd.Spend.ID, cmd.Spend.Until))
	}
	c.joins++
	next.Order = c.joins
	c.byConnection[next.ConnectionID] = &next
	c.roster = c.roster.Replace(old, &next)
	// The watchers still know the old one. That does no harm, for they only ask for its sink: who observes
	// what is the grant's business, and asking every grant again would make a umd that moves with a cursor
	// cost as much as a join.
	if c.members != nil {
		kind, m := c.members.replace(old, &next)
		c.note(c.members.byUID[next.UID], kind != 0, cmd.Full, fx)
		c.tellMembers(kind, m, c.roster, nil, fx)
	}
	return nil
}

// EqualUMD says whether two umds are the same value: they differ in the order of members or the escapes of
// strings at most. nil is null.
func EqualUMD(a, b []byte) bool { return equalJSON(a, b) }
