package channel

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A pusherModel is a channel of Pusher's as a beginner would write it, what its subscribers have made of what they
// read, and what backends have made of what they heard.
type pusherModel struct {
	w    *world
	subs []*pusherSub // by joining

	cached string
	until  time.Time // of cached

	occupied bool // as backends have it
	users    map[string]bool
	lost     time.Time // when a process died; zero: what backends have is true
}

type pusherSub struct {
	conn, uid, info string
	roster          []string
	count           int
}

// roster is what a newcomer reads: each uid with the info of its first subscription.
func (r *pusherModel) roster() []string {
	list := []string{}
	for _, s := range r.subs {
		if !slices.ContainsFunc(list, func(m string) bool { return strings.HasPrefix(m, s.uid+"=") }) {
			list = append(list, s.uid+"="+s.info)
		}
	}
	// In the order of the first subscription that there was, which may have gone since.
	slices.SortFunc(list, func(a, b string) int {
		return int(r.since(a)) - int(r.since(b))
	})
	return list
}

func (r *pusherModel) since(m string) uint64 {
	uid, _, _ := strings.Cut(m, "=")
	return r.w.c.members.byUID[uid].since
}

// TestPusherModel gives random commands to a channel of Pusher's, and lets processes die. Subscribers must know who is
// there, and backends must in the end.
func TestPusherModel(t *testing.T) {
	for _, name := range []string{"cache-c", "presence-cache-c"} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			r := &pusherModel{w: newWorld(name, Pusher(name, Options{})), users: map[string]bool{}}
			t.Repeat(map[string]func(*rapid.T){
				"":              r.check,
				"subscribe":     r.subscribe,
				"subscribe too": r.subscribe,
				"unsubscribe":   r.unsubscribe,
				"publish":       r.publish,
				"pass time":     r.pass,
				"due":           r.due,
				"delete":        r.delete,
				"kill":          r.kill,
				"restart":       func(*rapid.T) { r.w.restart() },
			})
			// Whatever happened, it is true in the end what backends have.
			r.due(t)
			r.w.at = r.w.at.Add(time.Minute)
			r.due(t)
			if !r.lost.IsZero() {
				t.Fatalf("backends were not told of a death at %v", r.lost)
			}
			r.check(t)
		}))
	}
}

func (r *pusherModel) presence() bool { return r.w.c.members != nil }

func (r *pusherModel) sub(conn string) *pusherSub {
	i := slices.IndexFunc(r.subs, func(s *pusherSub) bool { return s.conn == conn })
	if i < 0 {
		return nil
	}
	return r.subs[i]
}

const pusherMembers = 2

func (r *pusherModel) subscribe(t *rapid.T) {
	s := &pusherSub{
		conn: someConnection.Draw(t, "connection"),
		uid:  someUID.Draw(t, "uid"),
		info: fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "info")),
	}
	if !r.presence() {
		s.uid, s.info = "", ""
	}
	sender := Sender{ConnectionID: s.conn, Sink: &reader{name: s.conn}}
	cmd := &Subscribe{Sender: sender, UID: s.uid, UMD: []byte(s.info), MaxMembers: pusherMembers, Again: true, Cache: true, Count: true}
	err := do(r.w, r.w.c.Subscribe, cmd)
	old := r.sub(s.conn)
	before := r.roster()
	if err != nil {
		known := slices.ContainsFunc(before, func(m string) bool { return strings.HasPrefix(m, s.uid+"=") })
		if err != ErrPresenceCapacityReached || len(before) < pusherMembers || known || old != nil {
			t.Fatal(err, before)
		}
		return
	}
	if old == nil {
		r.subs = append(r.subs, s)
	}
	// Success and what is kept come first, whatever else there is.
	ds := r.w.fx.Deliveries
	if len(ds) < 2 || ds[0].Message.Kind != KindSubscribed || ds[0].To.(*reader).name != s.conn || ds[1].To.(*reader).name != s.conn {
		t.Fatalf("%+v", ds)
	}
	if got := string(ds[1].Message.Data); r.w.at.Before(r.until) != (ds[1].Message.Kind == KindPublished) || r.w.at.Before(r.until) && got != r.cached {
		t.Fatalf("told %v %s, it keeps %s until %v", ds[1].Message.Kind, got, r.cached, r.until)
	}
	if old != nil && len(ds)+len(r.w.fx.Events) > 2 {
		t.Fatalf("it was subscribed, and others heard %+v %+v", ds, r.w.fx.Events)
	}
	r.read(t)
}

func (r *pusherModel) unsubscribe(t *rapid.T) {
	conn := someConnection.Draw(t, "connection")
	full := rapid.IntRange(0, 4).Draw(t, "full") == 0
	err := do(r.w, r.w.c.Unsubscribe, &Unsubscribe{Sender: Sender{ConnectionID: conn}, Gone: true, Full: full})
	s := r.sub(conn)
	if (s == nil) != (err == ErrNotSubscribed) || s != nil && err != nil {
		t.Fatal(err)
	}
	if s == nil {
		return
	}
	if full {
		r.lost = r.w.at // what is in rows is not so
	}
	r.subs = slices.DeleteFunc(r.subs, func(x *pusherSub) bool { return x == s })
	r.read(t)
}

func (r *pusherModel) publish(t *rapid.T) {
	cmd := &Publish{Event: "e", Data: []byte(fmt.Sprint(rapid.IntRange(0, 99).Draw(t, "data"))), Server: true, CacheFor: time.Second}
	if rapid.Bool().Draw(t, "keep") {
		cmd.CacheFor = time.Minute
	}
	if err := do(r.w, r.w.c.Publish, cmd); err != nil {
		t.Fatal(err)
	}
	r.cached, r.until = string(cmd.Data), r.w.at.Add(cmd.CacheFor)
	r.read(t)
}

func (r *pusherModel) pass(t *rapid.T) {
	r.w.at = r.w.at.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 11 * time.Second}).Draw(t, "time"))
}

// due does what is due; a channel that is listed has a Due at each start.
func (r *pusherModel) due(t *rapid.T) {
	n := 0
	for !r.w.due.IsZero() && !r.w.due.After(r.w.at) {
		if n++; n > 10 {
			t.Fatal("it is due for ever")
		}
		if err := r.w.expire(); err != nil {
			t.Fatal(err)
		}
		r.read(t)
	}
	if err := r.w.c.readLedger(); err != nil {
		t.Fatal(err)
	}
	if r.w.c.ledger.unsettled {
		if err := r.w.expire(); err != nil {
			t.Fatal(err)
		}
		r.read(t)
	}
	if !r.lost.IsZero() && r.w.c.ledger.until == 0 {
		r.lost = time.Time{}
	}
	if first, err := r.w.c.FirstDue(); err != nil || !first.IsZero() && (r.w.due.IsZero() || r.w.due.After(first)) {
		t.Fatalf("the first row is due at %v, the channel asked for %v, %v", first, r.w.due, err)
	}
}

func (r *pusherModel) delete(t *rapid.T) {
	if !r.lost.IsZero() {
		return // those who are missed are deleted with all else, and nobody is told
	}
	if err := do(r.w, r.w.c.Delete, &Delete{}); err != nil {
		t.Fatal(err)
	}
	r.until = time.Time{}
	r.read(t)
	r.due(t)
}

// kill lets the process die. The next start finds the channel if it is listed.
func (r *pusherModel) kill(t *rapid.T) {
	r.w.c = New("app", r.w.name, &r.w.rows, r.w.o)
	r.w.c.joins = uint64(r.w.random) & 0xffff
	r.subs = nil
	listed := r.w.occupied[r.w.c.occupiedListing()]
	if r.occupied && !listed {
		t.Fatal("it was occupied, and is not listed")
	}
	if r.occupied {
		r.lost = r.w.at
	}
	if rapid.Bool().Draw(t, "found") {
		r.due(t)
	}
}

var userID = regexp.MustCompile(`"user_id":"(\w+)"`)

// read lets everybody take note of what the last command told.
func (r *pusherModel) read(t *rapid.T) {
	for _, d := range r.w.fx.Deliveries {
		for _, conn := range readers(d) {
			s := r.sub(conn)
			if s == nil {
				t.Fatalf("%s is not subscribed, and reads %+v", conn, d.Message)
			}
			s.read(t, d.Message)
		}
	}
	for _, e := range r.w.fx.Events {
		uid := ""
		if m := userID.FindSubmatch(e.Data); m != nil {
			uid = string(m[1])
		}
		if e.Metadata["user_id"] != uid {
			t.Fatalf("%v, and %s", e.Metadata, e.Data)
		}
		switch e.Type {
		case OccurChannelOccupied, OccurChannelVacated:
			now := e.Type == OccurChannelOccupied
			if r.occupied == now {
				t.Fatalf("%s, and it was so", e.Type)
			}
			r.occupied = now
		case OccurMemberAdded, OccurMemberRemoved:
			now := e.Type == OccurMemberAdded
			if r.users[uid] == now {
				t.Fatalf("%s %s, and it was so", e.Type, uid)
			}
			r.users[uid] = now
		}
	}
}

func (s *pusherSub) read(t *rapid.T, m *Message) {
	named := func(x Member) string { return x.UID + "=" + string(x.UMD) }
	same := func(a string) func(string) bool {
		uid, _, _ := strings.Cut(a, "=")
		return func(b string) bool { return strings.HasPrefix(b, uid+"=") }
	}
	switch m.Kind {
	case KindSubscribed:
		s.roster = nil
		for _, x := range m.Members {
			s.roster = append(s.roster, named(x))
		}
	case KindMemberAdded:
		if slices.ContainsFunc(s.roster, same(named(m.Member))) {
			t.Fatalf("%s reads twice of %s", s.conn, named(m.Member))
		}
		s.roster = append(s.roster, named(m.Member))
	case KindMemberRemoved:
		n := len(s.roster)
		if s.roster = slices.DeleteFunc(s.roster, same(named(m.Member))); len(s.roster) != n-1 {
			t.Fatalf("%s did not know of %s", s.conn, named(m.Member))
		}
	case KindSubscriptionCount:
		s.count = m.Count
	}
}

func (r *pusherModel) check(t *rapid.T) {
	uids := func(list []string) (all []string) {
		for _, m := range list {
			uid, _, _ := strings.Cut(m, "=")
			all = append(all, uid)
		}
		return all
	}
	here := map[string]bool{}
	if r.presence() {
		now := r.roster()
		for _, uid := range uids(now) {
			here[uid] = true
		}
		var got []string
		for _, m := range r.w.c.members.all() {
			got = append(got, m.UID+"="+string(m.UMD))
		}
		if diff := cmp.Diff(slices.Clip(now), append([]string{}, got...)); diff != "" {
			t.Fatal(diff)
		}
		for _, s := range r.subs {
			if diff := cmp.Diff(uids(now), uids(s.roster)); diff != "" {
				t.Fatalf("%s: %s", s.conn, diff)
			}
		}
	} else {
		for _, s := range r.subs {
			if s.count != len(r.subs) {
				t.Fatalf("%s believes in %d, there are %d", s.conn, s.count, len(r.subs))
			}
		}
	}
	if !r.lost.IsZero() {
		return
	}
	maps.DeleteFunc(r.users, func(_ string, here bool) bool { return !here })
	if r.occupied != (len(r.subs) > 0) || !maps.Equal(r.users, here) {
		t.Fatalf("backends believe in %v %v, there are %v", r.occupied, r.users, here)
	}
	if r.w.occupied[r.w.c.occupiedListing()] != r.occupied {
		t.Fatalf("it is listed: %v, occupied: %v", !r.occupied, r.occupied)
	}
}

// TestAFaultChangesNothingForGuests is TestAFaultChangesNothing for what Pusher's channels do besides.
func TestAFaultChangesNothingForGuests(t *testing.T) {
	sender := func(name string) Sender {
		return Sender{ConnectionID: name, Sink: &reader{name: name}, UID: name}
	}
	subscribe := func(name string) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.Subscribe, &Subscribe{Sender: sender(name), UID: name, MaxMembers: 2, Again: true, Cache: true, Count: true})
		}
	}
	leave := func(name string) func(*world) error {
		return func(w *world) error { return do(w, w.c.Unsubscribe, &Unsubscribe{Sender: sender(name), Gone: true}) }
	}
	publish := func(w *world) error {
		return do(w, w.c.Publish, &Publish{Sender: sender("a"), Event: "m", Data: []byte("1"), Server: true, CacheFor: time.Minute})
	}
	due := func(w *world) error { return w.expire() }
	cached := func(w *world) error { return do(w, w.c.GetCached, &GetCached{}) }
	die := func(w *world) error {
		w.c = New("app", w.name, &w.rows, w.o)
		return nil
	}
	restart := func(w *world) error { w.restart(); return nil }
	pass := func(w *world) error { w.at = w.at.Add(time.Minute); return nil }
	erase := func(w *world) error { return do(w, w.c.Delete, &Delete{}) }
	steps := []func(*world) error{
		subscribe("a"), subscribe("a"), publish, restart, subscribe("b"), restart, leave("a"), subscribe("a"), publish, cached, die,
		subscribe("a"), publish, restart, leave("a"), due, die, due, pass, due, due, cached, subscribe("a"), subscribe("b"), die, due, subscribe("b"),
		pass, due, restart, erase, due, restart, publish, die, due, pass, due, due,
	}
	for _, name := range []string{"cache-c", "presence-cache-c"} {
		failEverywhere(t, name, Pusher(name, Options{}), steps)
	}
}

// TestManyAreCountedOnceInAWhile: case S13.
func TestManyAreCountedOnceInAWhile(t *testing.T) {
	w := newWorld("c", Pusher("c", Options{}))
	var told []int
	var at []time.Duration
	note := func() {
		for _, d := range w.fx.Deliveries {
			if d.Message.Kind == KindSubscriptionCount {
				told, at = append(told, d.Message.Count), append(at, w.at.Sub(start))
			}
		}
		if again := w.fx.Again(); !again.IsZero() {
			w.due = again
		}
	}
	join := func(n int) {
		conn := fmt.Sprint(n)
		if err := do(w, w.c.Subscribe, &Subscribe{Sender: Sender{ConnectionID: conn, Sink: &reader{name: conn}}, Count: true}); err != nil {
			t.Fatal(err)
		}
		note()
	}
	leave := func(n int) {
		if err := do(w, w.c.Unsubscribe, &Unsubscribe{Sender: Sender{ConnectionID: fmt.Sprint(n)}, Gone: true}); err != nil {
			t.Fatal(err)
		}
		note()
	}
	later := func(d time.Duration) {
		for until := w.at.Add(d); ; {
			if w.due.IsZero() || w.due.After(until) {
				w.at = until
				return
			}
			w.at, w.due = w.due, time.Time{}
			if err := w.expire(); err != nil {
				t.Fatal(err)
			}
			note()
		}
	}
	for n := range 150 {
		join(n)
		if n == 120 {
			w.restart() // what was to be told later still is
		}
		later(10 * time.Millisecond)
	}
	if len(told) != countedFew || told[99] != 100 {
		t.Fatalf("told %v", told)
	}
	later(time.Minute)
	if len(told) != 101 || told[100] != 150 || at[100] != 990*time.Millisecond+countedOnce {
		t.Fatalf("told %v at %v", told[100:], at[100:])
	}
	// A change long after the last one is told at once, the next one 5 s later, whatever it is by then.
	leave(0)
	leave(1)
	join(0)
	later(time.Minute)
	if want := []int{149, 149}; !slices.Equal(told[101:], want) || at[102]-at[101] != countedOnce {
		t.Fatalf("told %v at %v", told[101:], at[101:])
	}
	// Few are told at once, and then nothing is left to be told.
	for n := 2; n < 51; n++ {
		leave(n)
	}
	later(time.Minute)
	if last := told[len(told)-1]; last != 100 || len(told) != 105 {
		t.Fatalf("told %v at %v", told[103:], at[103:])
	}
}
