package channel

import (
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/claims"
)

// Reader is what a channel may read: its own rows, in byte order of their keys, with everything that
// earlier commands wrote, durable or not. What it returns never changes afterwards.
type Reader interface {
	// Get returns a row's value, nil if there is none.
	Get(key string) ([]byte, error)
	// Scan visits the rows with from <= key < to until visit returns false; to == "" is the end of
	// from's table, which is its first byte. reverse begins at the end.
	Scan(from, to string, reverse bool, visit func(key string, value []byte) bool) error
}

// A Channel decides what happens on one channel. Its subscriptions live in memory, and nowhere else;
// everything else lives in its rows, so that forgetting a Channel that is Idle and making it again with
// New changes nothing.
//
// Every command is a method that takes the Step it is decided in and the Effects it adds to. Its error
// is an *Error if the command is refused, and any other error is a fault: of the Reader, or of a row that
// cannot be read. Either way nothing has changed and nothing was added to the Effects. A command that
// succeeds has changed the Channel at once, so its Writes must be applied before the next command.
//
// A Channel is for one goroutine at a time, and it never waits for anything but its Reader.
type Channel struct {
	app, name string
	rd        Reader
	o         Options

	roster       Roster
	byConnection map[string]*Subscription
	joins        uint64   // the last Join or Order that was given
	counted      int      // subscriptions with Counted
	members      *members // nil: not a presence channel
	// membersAreRead: members has those who are away, too.
	membersAreRead bool

	ids ids
	// lastSchedule is the last schedule's id that was given out since the channel woke.
	lastSchedule ulid.ULID
	watchers     watchers
	snapshots    []snapshot // that are not whole yet; never changed but by a copy
	due          int64      // no timer is due before, in unix ms; 0: there is none
	dueIsRead    bool       // due is known

	counter counter // of what subscribers are told of their number
	ledger  ledger

	replay       *replay // nil: nobody has asked
	replayIsRead bool    // replay and staleSeal are known
	staleSeal    bool    // there is a seal that proves nothing
}

// New returns the channel of that name in app, without subscriptions. It reads nothing yet.
func New(app, name string, rd Reader, o Options) *Channel {
	o.EnsureDefaults()
	c := &Channel{app: app, name: name, rd: rd, o: o, byConnection: map[string]*Subscription{}}
	if o.Presence == PresenceAlways || o.Presence == PresenceByName && claims.IsPresence(name) {
		c.members = newMembers()
		c.members.firstUMD = o.FirstUMD
	}
	return c
}

// A Mark is what a Channel was at some moment and rows do not hold, for Restore.
type Mark struct {
	roster                  Roster
	last, lastSchedule      ulid.ULID
	replay                  *replay
	was                     replay
	replayIsRead, staleSeal bool
	ghosts                  []string
	snapshots               []snapshot
	counter                 counter
}

// Mark may be called before each command: it is cheap.
func (c *Channel) Mark() Mark {
	m := Mark{roster: c.roster, last: c.ids.last, lastSchedule: c.lastSchedule, replay: c.replay, replayIsRead: c.replayIsRead, staleSeal: c.staleSeal, snapshots: c.snapshots, counter: c.counter}
	if c.replay != nil {
		m.was = *c.replay
	}
	if c.members != nil {
		m.ghosts = c.members.ghosts
	}
	return m
}

// Restore returns the channel as it was at a Mark, with its subscriptions, when a command that was decided
// since was lost, to a panic or because its writes were refused. Nobody is told anything.
func Restore(app, name string, rd Reader, o Options, m Mark) *Channel {
	c := New(app, name, rd, o)
	r := m.roster
	c.roster = r
	c.ids.last, c.lastSchedule, c.snapshots = m.last, m.lastSchedule, m.snapshots
	c.counter = m.counter
	c.untell(&m)
	if c.members != nil {
		c.members.ghosts = m.ghosts
	}
	for sub := range r.All() {
		c.byConnection[sub.ConnectionID] = sub
		c.joins = max(c.joins, sub.Join, sub.Order)
		if sub.Counted {
			c.counted++
		}
		if c.members != nil {
			c.members.join(sub)
		}
	}
	return c
}

// Name returns the channel's name.
func (c *Channel) Name() string { return c.name }

// Subscriptions returns how many connections are subscribed, counted or not.
func (c *Channel) Subscriptions() int { return c.roster.Len() }

// Members returns how many members are on a presence channel, those that are away among them; 0 on any other.
func (c *Channel) Members() int {
	if c.members == nil {
		return 0
	}
	return len(c.members.order)
}

// Idle says that nothing would be lost if the Channel were forgotten: it has no subscriptions. Members that are
// away have rows.
func (c *Channel) Idle() bool { return c.roster.Len() == 0 }

// fault says where a fault of the Reader, or of a row, was met.
func (c *Channel) fault(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("channel %s: %s: %w", c.name, doing, err)
}

// unixMilli returns the time in a row, zero for 0.
func unixMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
