package webhooks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dormouse/claims"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A desk is a scheduler with a clock that a test sets forth. Apps are looked up at once, and requests end when the test
// says so.
type desk struct {
	t      *testing.T
	s      *scheduler
	o      Options
	now    time.Time
	apps   map[string]*claims.App // by id
	away   error                  // what a look-up answers in their place
	n      int
	flying []*parcel
	sent   []string // target: names of events, of each attempt
	done   []string // occurrences that were settled
	told   []string // by the listener
	asked  int
}

func newDesk(t *testing.T, o Options, apps ...*claims.App) *desk {
	t.Helper()
	d := &desk{t: t, o: o, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), apps: map[string]*claims.App{}}
	for _, a := range apps {
		d.apps[a.ID] = a
	}
	note := func(format string, args ...any) { d.told = append(d.told, fmt.Sprintf(format, args...)) }
	d.o.Listener = Listener{
		Lost:   func(app, target string, n int, why Loss) { note("%s %s lost %d %s", app, target, n, why) },
		Calmed: func(app string, n int) { note("%s calmed %d", app, n) },
		Down: func(app, target string, down bool, reason string) {
			note("%s %s down %v %s", app, target, down, reason)
		},
	}
	d.o.EnsureDefaults()
	d.s = newScheduler(&d.o)
	return d
}

// hook is a webhook of these events, at http://name.
func hook(name string, types ...string) claims.Webhook {
	return claims.Webhook{URL: "http://" + name, EventTypes: types}
}

var all = claims.WebhookEvents[:]

func app(id string, delay time.Duration, hooks ...claims.Webhook) *claims.App {
	return &claims.App{ID: id, Key: id + "-key", Secret: id + "-secret", Enabled: true, WebhookDelay: delay, Webhooks: hooks}
}

// occur has something happen now. what is "name channel", and a user or the number of a client event behind it.
func (d *desk) occur(id, what string) {
	d.t.Helper()
	d.occurAt(id, what, d.now)
}

func (d *desk) occurAt(id, what string, at time.Time) {
	d.t.Helper()
	parts := append(strings.Split(what, " "), "")
	d.n++
	o := &occurrence{name: parts[0], channel: parts[1], at: at, data: []byte(what), settled: func() { d.done = append(d.done, id+": "+what) }}
	if parts[0] == "member_added" || parts[0] == "member_removed" {
		o.user = parts[2]
	}
	binary.BigEndian.PutUint64(o.id[8:], uint64(d.n))
	d.s.keep((&claims.App{ID: id}).Namespace(), o, d.now)
	d.work()
}

// work does what the scheduler has decided.
func (d *desk) work() {
	for {
		w := d.s.take()
		if len(w.settled)+len(w.asks)+len(w.launches) == 0 {
			return
		}
		for _, settled := range w.settled {
			settled()
		}
		for _, p := range w.launches {
			var events []string
			for _, it := range p.items {
				events = append(events, string(it.o.data))
			}
			d.sent = append(d.sent, strings.TrimPrefix(p.hook.URL, "http://")+": "+strings.Join(events, ", "))
			d.flying = append(d.flying, p)
		}
		for _, t := range w.asks {
			d.asked++
			app, err := d.apps[t.id], d.away
			if app == nil && err == nil {
				err = claims.ErrNoApp
			}
			if err != nil {
				app = nil
			}
			d.s.answered(t, app, err, d.now)
		}
	}
}

// pass lets time pass.
func (d *desk) pass(span time.Duration) {
	until := d.now.Add(span)
	for {
		next := d.s.next()
		if next.IsZero() || next.After(until) {
			d.now = until
			return
		}
		if next.After(d.now) {
			d.now = next
		}
		d.s.tick(d.now)
		d.work()
	}
}

var errStatus = errors.New("status 500")

// end ends the requests to a webhook that are on their way; "": to any.
func (d *desk) end(name string, x outcome) {
	flying := d.flying
	d.flying = nil
	for _, p := range flying {
		if name != "" && p.hook.URL != "http://"+name {
			d.flying = append(d.flying, p)
			continue
		}
		d.s.finished(p, x, d.now)
		d.work()
	}
}

func (d *desk) ok(name string)   { d.end(name, outcome{}) }
func (d *desk) fail(name string) { d.end(name, outcome{err: errStatus}) }

// drain lets everything arrive at once.
func (d *desk) drain() {
	for len(d.flying) > 0 {
		d.ok("")
	}
}

// want compares and forgets.
func (d *desk) want(what string, got *[]string, want ...string) {
	d.t.Helper()
	if !slices.Equal(*got, want) {
		d.t.Errorf("%s:\ngot  %q\nwant %q", what, *got, want)
	}
	*got = nil
}

// idle holds if nothing is left anywhere.
func (d *desk) idle() {
	d.t.Helper()
	s := d.s
	if st := s.stats(); st != (Stats{}) {
		d.t.Errorf("left: %+v", st)
	}
	if len(s.alarms) > 0 || len(s.piles.heap) > 0 || s.probes > 0 || s.lookups > 0 || len(s.asking) > 0 {
		d.t.Errorf("%d alarms, %d piles, %d probes, %d look-ups", len(s.alarms), len(s.piles.heap), s.probes, s.lookups)
	}
}
