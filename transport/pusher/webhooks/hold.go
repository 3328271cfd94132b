package webhooks

import (
	"container/list"
	"time"
)

// News that somebody has left is held back by the name of what would take it back.
var (
	backAs = map[string]string{"channel_vacated": "channel_occupied", "member_removed": "member_added"}
	gone   = map[string]string{"channel_occupied": "channel_vacated", "member_added": "member_removed"}
)

// A hold has those who have left and may return, in the order in which they left.
type hold struct {
	by    map[leaver]*list.Element
	order *list.List // of *holding
	alarm alarm
}

// A leaver is a channel, or one of its members.
type leaver struct{ left, channel, user string }

type holding struct {
	leaver
	o     *occurrence
	until time.Time
}

func (h *hold) init() { h.by, h.order = map[leaver]*list.Element{}, list.New() }

func (h *hold) first() *holding { return h.order.Front().Value.(*holding) }

// lateHold is how long who has left before the server was started is held at least, or until a courier that lags has
// read on: their return may be the next thing that it reads.
const lateHold = time.Second

// pass lets an occurrence go on, unless it is held, or takes another one back.
func (t *tenant) pass(o *occurrence, now time.Time) {
	left, returns := gone[o.name]
	if !returns {
		if left = backAs[o.name]; left == "" {
			t.fan(o, now)
			return
		}
		left = o.name
	}
	who, d := leaver{left, o.channel, o.user}, t.app.WebhookDelay
	if e := t.hold.by[who]; e != nil {
		h := e.Value.(*holding)
		t.unhold(h)
		switch {
		case !returns: // they have left twice, as the return has not been told; only the last time counts
			t.forget(h.o)
			t.s.o.Listener.Calmed(t.id, 1)
		case o.at.Sub(h.o.at) <= d:
			t.forget(h.o)
			t.forget(o)
			t.s.o.Listener.Calmed(t.id, 2)
			return
		default:
			t.fan(h.o, now)
		}
	}
	if returns || d <= 0 {
		t.fan(o, now)
		return
	}
	until := o.at.Add(d)
	if least := now.Add(min(d, lateHold)); until.Before(least) {
		until = least
	}
	if most := now.Add(d); until.After(most) { // the clock was put back
		until = most
	}
	if t.hold.order.Len() >= t.s.o.QueueEvents {
		first := t.hold.first()
		t.fan(t.unhold(first), now) // it is told early rather than not at all
	}
	t.hold.by[who] = t.hold.order.PushBack(&holding{who, o, until})
	t.s.held++
	t.setHold()
}

// unhold takes one out.
func (t *tenant) unhold(h *holding) *occurrence {
	t.hold.order.Remove(t.hold.by[h.leaver])
	delete(t.hold.by, h.leaver)
	t.s.held--
	t.setHold()
	return h.o
}

// setHold has the first one released when it has been away for long enough. Others wait for it, if the app's delay has
// become less meanwhile.
func (t *tenant) setHold() {
	var at time.Time
	if t.hold.order.Len() > 0 {
		at = t.hold.first().until
	}
	t.s.alarms.set(&t.hold.alarm, at)
}

// release lets those go on who have been away for long enough.
func (t *tenant) release(now time.Time) {
	if t.hold.order.Len() == 0 || now.Before(t.hold.first().until) {
		t.setHold()
		return
	}
	if !t.isFresh(now) {
		t.ask(now) // and its answer comes here
		return
	}
	for t.hold.order.Len() > 0 && !now.Before(t.hold.first().until) {
		t.fan(t.unhold(t.hold.first()), now)
	}
	for _, q := range t.queues {
		q.pump(now)
	}
}
