package courier

import (
	"slices"
	"time"

	"dormouse/persistence"
)

// Progress is how far one of those who take events has come. But for the name it is the courier's, under its lock,
// since the last of them to be done with an event removes it.
type progress struct {
	name string
	pos  uint64           // read up to here
	open map[uint64]int64 // read and not settled, with the time when it was queued
}

func newProgress(name string, pos uint64) progress {
	return progress{name: name, pos: pos, open: map[uint64]int64{}}
}

// sort reads what the outbox has listed, notes that p has come so far, and returns what is for p: the events that
// it wants, of those that are not for another one alone. What nobody can read becomes a dead letter.
func (c *Courier) sort(p *progress, list []persistence.Event, wants func(*Event) bool) []*parcel {
	var open []*parcel
	var rest, unreadable []uint64
	var letters []persistence.DeadLetter
	for i := range list {
		x := &list[i]
		event, err := decodeEvent(x.Value)
		if err != nil {
			unreadable = append(unreadable, x.ID)
			letters = append(letters, persistence.DeadLetter{
				ID: x.ID, Endpoint: p.name, App: x.App, Key: x.Key, Value: x.Value, Reason: err.Error(), At: time.Now(),
			})
			continue
		}
		event.App, event.server = x.App, c.o.Version
		if slices.Contains(x.Taken, p.name) || event.to != "" && event.to != p.name || event.to == "" && !wants(event) {
			rest = append(rest, x.ID)
			continue
		}
		open = append(open, &parcel{id: x.ID, event: event, app: x.App, key: x.Key, size: len(x.Value)})
	}
	c.passed(p, list[len(list)-1].ID, open, rest)
	c.settle(p, unreadable, letters)
	return open
}

// passed notes that p has read up to pos: what it has to hand over is open, the rest does not concern it.
func (c *Courier) passed(p *progress, pos uint64, open []*parcel, rest []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.pos = pos
	for _, x := range open {
		p.open[x.id] = x.event.queued
	}
	var done []uint64
	for _, id := range rest {
		if c.settled(id) {
			done = append(done, id)
		}
	}
	c.outbox.Settle(persistence.Settlement{Names: c.names, Done: done})
}

// settle notes that p has these events, or has given them up. The last one to settle an event removes it.
func (c *Courier) settle(p *progress, ids []uint64, dead []persistence.DeadLetter) {
	if len(ids) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := persistence.Settlement{Names: c.names, Dead: dead}
	for _, id := range ids {
		delete(p.open, id)
		if c.settled(id) {
			x.Done = append(x.Done, id)
		} else {
			x.Taken = append(x.Taken, persistence.Taken{ID: id, Endpoint: p.name})
		}
	}
	c.outbox.Settle(x)
}

// settled says that nobody has anything to do with an event any more.
func (c *Courier) settled(id uint64) bool {
	for _, p := range c.takers {
		if _, open := p.open[id]; open || p.pos < id {
			return false
		}
	}
	return true
}
