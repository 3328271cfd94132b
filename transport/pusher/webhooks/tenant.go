package webhooks

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"dormouse/claims"
)

const (
	// fresh is how old an app's record may be when something is sorted or sent by it. [claims.Apps] may serve older
	// ones, so this is how often it is asked.
	fresh = time.Second
	// askAgain is how long a store of apps that does not answer is left alone.
	askAgain = 2 * time.Second
	// confirmGone is how long an app must be unknown before what it has waiting is dropped.
	confirmGone = 5 * time.Second
)

// A tenant is an app that has something waiting.
type tenant struct {
	s             *scheduler
	namespace, id string

	app    *claims.App // nil: not known yet
	asOf   time.Time   // when it was so
	absent time.Time   // since when it is unknown; zero: it is not
	asking bool
	askAt  time.Time // not before; zero: any time
	again  alarm

	incoming []*occurrence // until the app is known freshly
	hold     hold
	pile     pile // of incoming and hold
	queues   []*queue
	leaving  int // queues of webhooks that are no more, with requests on their way
}

func newTenant(s *scheduler, namespace, id string) *tenant {
	t := &tenant{s: s, namespace: namespace, id: id}
	t.hold.init()
	t.again.ring, t.pile.drop = t.ask, t.dropOldest
	t.hold.alarm.ring = func(now time.Time) {
		t.release(now)
		t.sweep()
	}
	return t
}

// admit takes an occurrence in.
func (t *tenant) admit(o *occurrence, now time.Time) {
	t.incoming = append(t.incoming, o)
	o.waits++
	t.s.piles.add(&t.pile, 1, o.size())
	if len(t.incoming) > t.s.o.QueueEvents || t.pile.bytes > t.s.o.QueueBytes {
		t.dropOldest()
	}
	t.sort(now)
}

// dropOldest makes room.
func (t *tenant) dropOldest() bool {
	var o *occurrence
	switch {
	case len(t.incoming) > 0:
		o = t.incoming[0]
		t.incoming = t.incoming[1:]
	case t.hold.order.Len() > 0:
		o = t.unhold(t.hold.first())
	default:
		return false
	}
	t.forget(o)
	t.s.o.Listener.Lost(t.id, "", 1, LostFull)
	return true
}

// forget says that an occurrence is neither incoming nor held any more.
func (t *tenant) forget(o *occurrence) {
	t.s.piles.add(&t.pile, -1, o.size())
	t.s.let(o)
}

// ask has the app looked up, unless that is under way or was in vain just now.
func (t *tenant) ask(now time.Time) {
	if !t.asking && !now.Before(t.askAt) && !t.s.closed {
		t.asking = true
		t.s.ask(t)
	}
}

func (t *tenant) isFresh(now time.Time) bool { return t.app != nil && now.Sub(t.asOf) < fresh }

// answered takes the answer of a look-up.
func (t *tenant) answered(app *claims.App, err error, now time.Time) {
	t.asking = false
	switch {
	case err == nil:
		t.asOf, t.absent, t.askAt = now, time.Time{}, time.Time{}
		t.s.alarms.set(&t.again, time.Time{})
		if app != t.app {
			t.become(app, now)
		}
		t.sort(now)
		t.release(now)
		for _, q := range t.queues {
			q.pump(now)
		}
		return
	case !errors.Is(err, claims.ErrNoApp):
		t.askAt = now.Add(askAgain)
	case t.absent.IsZero():
		t.absent = now
		t.askAt = now.Add(confirmGone)
	case now.Sub(t.absent) >= confirmGone:
		t.vanish()
		return
	default:
		t.askAt = t.absent.Add(confirmGone)
	}
	t.s.alarms.set(&t.again, t.askAt)
}

// sort passes on what has come in, if the app is known freshly.
func (t *tenant) sort(now time.Time) {
	if len(t.incoming) == 0 {
		return
	}
	if !t.isFresh(now) {
		t.ask(now)
		return
	}
	list := t.incoming
	t.incoming = nil
	for _, o := range list {
		t.pass(o, now)
	}
	for _, q := range t.queues {
		q.pump(now)
	}
}

// fan queues an occurrence for every webhook that wants it.
func (t *tenant) fan(o *occurrence, now time.Time) {
	for _, q := range t.queues {
		if wants(&q.hook, o.name, o.channel) {
			q.add(o, now)
		}
	}
	t.forget(o)
}

// wants says whether a webhook is told of such occurrences.
func wants(w *claims.Webhook, name, channel string) bool {
	return slices.Contains(w.EventTypes, name) && matches(w, channel)
}

// become makes the app's record anew what counts. A webhook keeps its queue as long as it is sent to the same place;
// one that is new where another is gone has been given a new address, and takes over what that one has waiting.
func (t *tenant) become(app *claims.App, now time.Time) {
	t.app = app
	old, names := t.queues, targets(app.Webhooks)
	t.queues = make([]*queue, len(names))
	for i, name := range names {
		if j := slices.IndexFunc(old, func(q *queue) bool { return q != nil && q.target == name }); j >= 0 {
			t.queues[i], old[j] = old[j], nil
		}
	}
	for i, name := range names {
		q := t.queues[i]
		switch {
		case q != nil:
		case i < len(old) && old[i] != nil:
			q, old[i] = old[i], nil
			q.startAnew(now)
		default:
			q = newQueue(t)
		}
		q.target, t.queues[i] = name, q
		q.redefine(&app.Webhooks[i])
	}
	for _, q := range old {
		if q != nil {
			q.close(LostRemoved)
		}
	}
}

// targets tells webhooks apart by where they lead, and by their order where that is the same.
func targets(hooks []claims.Webhook) []string {
	names := make([]string, len(hooks))
	seen := map[string]int{}
	for i := range hooks {
		name := hooks[i].URL
		if l := hooks[i].Lambda; l != nil && name == "" {
			name = fmt.Sprintf("lambda %s %s %s", l.Region, l.Endpoint, l.Function)
		}
		seen[name]++
		names[i] = fmt.Sprintf("%d %s", seen[name], name)
	}
	return names
}

// vanish drops all that an app has waiting which is no more.
func (t *tenant) vanish() {
	n := 0
	for ; len(t.incoming) > 0; n++ {
		o := t.incoming[0]
		t.incoming = t.incoming[1:]
		t.forget(o)
	}
	for ; t.hold.order.Len() > 0; n++ {
		t.forget(t.unhold(t.hold.first()))
	}
	if n > 0 {
		t.s.o.Listener.Lost(t.id, "", n, LostGone)
	}
	for _, q := range t.queues {
		q.close(LostGone)
	}
	t.app, t.queues = nil, nil
	t.s.alarms.set(&t.hold.alarm, time.Time{})
}

// sweep ends a tenant that has nothing waiting. It knows nothing that could not be looked up again.
func (t *tenant) sweep() {
	if t.asking || t.pile.events > 0 || t.leaving > 0 {
		return
	}
	for _, q := range t.queues {
		if q.pile.events > 0 {
			return
		}
	}
	for _, q := range t.queues {
		q.close("")
	}
	t.s.alarms.set(&t.again, time.Time{})
	t.s.alarms.set(&t.hold.alarm, time.Time{})
	if t.s.tenants[t.namespace] == t {
		delete(t.s.tenants, t.namespace)
	}
}
