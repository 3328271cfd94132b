package channel

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"dormouse/claims"
)

// A model is a channel as a beginner would write it, and what each subscriber has made of what it read.
type model struct {
	entries  map[string]modelEntry
	messages []modelMessage
	copies   map[string]modelCopy
	subs     []*modelSub // by joining
	order    []string    // uids by first join
	last     ulid.ULID
	later    []modelSchedule // by due, then by id
	sets     int             // of umd
	graces   map[string]modelGrace
}

type modelEntry struct {
	value   int // index into values
	data    string
	meta    Member
	expires time.Time
	notify  bool
	emit    bool
}

type modelMessage struct {
	id      ulid.ULID
	event   string
	data    string
	expires time.Time

	reactions []modelReaction // by the time at which they were added
}

type modelReaction struct {
	id       ulid.ULID
	reaction string
	by       Member
}

type modelCopy struct {
	id       ulid.ULID
	until    time.Time
	schedule ulid.ULID
}

type modelSub struct {
	conn, uid, umd string
	set            int // when its umd was set, in the order of such things
	grant          string
	start          ulid.ULID // the last id when it began
	entries        map[string]string
	owed           map[string]owedEntry // of its snapshot
	members        []Member
}

// An owedEntry is what a subscriber is still to be told. Of one that has silently expired it is told in vain.
type owedEntry struct {
	data string
	gone bool
}

// values are grouped: those of one group are equal to each other and to no other.
var values = [][]string{
	{`null`, `{}`, ``},
	{`1`},
	{`1.0`},
	{`"a"`, `"\u0061"`},
	{`{"a":1,"b":[{"c":2,"d":3}]}`, `{"b":[{"d":3,"c":2}],"a":1}`},
	{`{"a":1,"b":[{"c":3,"d":2}]}`},
	{`[1,2]`},
	{`[2,1]`},
}

var directives = map[string]string{
	"all":    `{"storage":{"*":{"observe":true}},"historyStart":0,"messages":{"m":{"react":true},"hotsock.*":{"echo":true}}}`,
	"some":   `{"storage":{"pub.*":{"observe":true}},"messages":{"*":{"react":["x"]}}}`,
	"none":   `{}`,
	"hidden": `{"storage":{"*":{"observe":true}},"omitFromSubCount":true,"messages":{"*":{"react":true}}}`,
}

func (s *modelSub) observes(key string) bool {
	return s.grant == "all" || s.grant == "hidden" || s.grant == "some" && strings.HasPrefix(key, "pub.")
}

// members returns the member list: each uid with the umd that was set last.
func (m *model) members() []Member {
	list := []Member{}
	for _, uid := range m.order {
		var last *modelSub
		for _, s := range m.subs {
			if s.uid == uid && (last == nil || s.set > last.set) {
				last = s
			}
		}
		if last == nil {
			list = append(list, Member{UID: uid, UMD: orNil([]byte(m.graces[uid].umd))})
			continue
		}
		list = append(list, Member{UID: uid, UMD: orNil([]byte(last.umd))})
	}
	return list
}

// set gives a subscription its umd.
func (m *model) set(s *modelSub, umd string) {
	m.sets++
	s.umd, s.set = umd, m.sets
}

func (m *model) sub(conn string) *modelSub {
	i := slices.IndexFunc(m.subs, func(s *modelSub) bool { return s.conn == conn })
	if i < 0 {
		return nil
	}
	return m.subs[i]
}

// expire forgets what has expired. Who is not told sees it vanish by itself.
func (m *model) expire(at time.Time, all bool) {
	gone := func(expires time.Time) bool { return !expires.IsZero() && !at.Before(expires) }
	for key, e := range m.entries {
		if !gone(e.expires) {
			continue
		}
		delete(m.entries, key)
		for _, s := range m.subs {
			if !all && !e.notify {
				delete(s.entries, key)
				if owed, ok := s.owed[key]; ok {
					s.owed[key] = owedEntry{owed.data, true}
				}
			}
		}
	}
	m.messages = slices.DeleteFunc(m.messages, func(x modelMessage) bool { return gone(x.expires) })
	maps.DeleteFunc(m.copies, func(_ string, c modelCopy) bool { return gone(c.until) })
}

// memberRoom is the size of a list that not everybody fits into.
const memberRoom = 120

// TestModel gives random commands to a channel and to a model of it, which must agree on every answer, on
// who reads what, and in the end on everything that is stored. The channel is sometimes made again from
// its rows; the clock stands or leaps.
func TestModel(t *testing.T) {
	for _, name := range []string{"c", "presence.c"} {
		for _, extras := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s extras=%v", name, extras), rapid.MakeCheck(func(t *rapid.T) {
				o := Options{MaxPresenceBytes: memberRoom, MaxSchedules: scheduleRoom, MaxReactions: modelReactions, MaxReactionKinds: modelKinds}
				o.SnapshotEntries = rapid.IntRange(0, 2).Draw(t, "entries at once") // 0: all
				if extras {
					o.NotifyExpiry, o.LeaveGrace, o.MemberDeltas = true, modelGraceTime, true
				}
				r := &modelRun{w: newWorld(name, o), grants: grants[name]}
				r.m = &model{entries: map[string]modelEntry{}, copies: map[string]modelCopy{}, graces: map[string]modelGrace{}}
				t.Repeat(map[string]func(*rapid.T){
					"":            r.check,
					"subscribe":   r.subscribe,
					"unsubscribe": r.unsubscribe,
					"update umd":  r.updateUMD,
					"publish":     r.publish,
					"react":       r.react,
					"react again": r.react,
					"set":         r.set,
					"set again":   r.set,
					"schedule":    r.schedule,
					"cancel":      r.cancel,
					"delete one":  r.deleteMessage,
					"delete":      r.delete,
					"go on":       r.goOn,
					"pass time":   r.pass,
					"due":         r.due,
					"restart":     func(*rapid.T) { r.w.restart() },
					"crash":       func(*rapid.T) { r.w.restart(); r.w.leap() },
					"kill":        r.kill,
				})
			}))
		}
	}
}

// grants are made once: making one costs a signature.
var grants map[string]map[string]*claims.ChannelGrant

func TestMain(m *testing.M) {
	grants = map[string]map[string]*claims.ChannelGrant{}
	for _, name := range []string{"c", "presence.c"} {
		grants[name] = map[string]*claims.ChannelGrant{}
		for word, d := range directives {
			grants[name][word] = mustGrant(name, d)
		}
	}
	m.Run()
}

type modelRun struct {
	w      *world
	m      *model
	grants map[string]*claims.ChannelGrant
}

var (
	someConnection = rapid.SampledFrom([]string{"a", "b", "c", "d"})
	someUID        = rapid.SampledFrom([]string{"ann", "bob", "cid"})
	someUMD        = rapid.SampledFrom([]string{"", `1`, `{"x":1,"y":2}`})
	someKey        = rapid.SampledFrom([]string{"k", "pub.a", "pub.b", "z"})
	someStore      = rapid.SampledFrom([]int64{-1, 1, 2, 600})
	someGrant      = rapid.SampledFrom(slices.Sorted(maps.Keys(directives)))
)

func (r *modelRun) sender(conn string) Sender {
	return Sender{ConnectionID: conn, Sink: &reader{name: conn}, UID: "conn-" + conn, Trigger: TriggerClientWebSocket}
}

func (r *modelRun) subscribe(t *rapid.T) {
	s := &modelSub{
		conn:    someConnection.Draw(t, "connection"),
		uid:     someUID.Draw(t, "uid"),
		grant:   someGrant.Draw(t, "grant"),
		start:   r.m.last,
		entries: map[string]string{},
		owed:    map[string]owedEntry{},
	}
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	for key, e := range r.m.entries {
		if s.observes(key) {
			s.owed[key] = owedEntry{data: e.data}
		}
	}
	r.m.set(s, someUMD.Draw(t, "umd"))
	err := do(r.w, r.w.c.Subscribe, &Subscribe{Sender: r.sender(s.conn), UID: s.uid, UMD: []byte(s.umd), Grant: r.grants[s.grant]})
	switch err {
	case ErrAlreadySubscribed:
		if r.m.sub(s.conn) == nil {
			t.Fatal("it was not subscribed")
		}
		return
	case ErrPresenceCapacityReached:
		if r.m.sub(s.conn) != nil || r.w.c.members == nil {
			t.Fatal(err)
		}
		if r.hasRoom(s.uid, s.umd) {
			t.Fatal("there was room")
		}
		return
	case nil:
	default:
		t.Fatal(err)
	}
	if r.m.sub(s.conn) != nil {
		t.Fatal("subscribed twice")
	}
	r.m.subs = append(r.m.subs, s)
	if !slices.Contains(r.m.order, s.uid) {
		r.m.order = append(r.m.order, s.uid)
	}
	if first := r.w.fx.Deliveries[0]; first.Message.Kind != KindSubscribed || first.To.(*reader).name != s.conn {
		t.Fatalf("the first delivery is %+v", first)
	}
	r.read(t)
}

// hasRoom says whether the list of members has room for uid with umd.
func (r *modelRun) hasRoom(uid, umd string) bool {
	size := memberSize(uid, orNil([]byte(umd)))
	for _, m := range r.m.members() {
		if m.UID != uid {
			size += memberSize(m.UID, m.UMD)
		}
	}
	return size <= memberRoom
}

func (r *modelRun) updateUMD(t *rapid.T) {
	conn, umd := someConnection.Draw(t, "connection"), someUMD.Draw(t, "umd")
	before := r.m.members()
	err := do(r.w, r.w.c.UpdateUMD, &UpdateUMD{Sender: r.sender(conn), UMD: []byte(umd)})
	s := r.m.sub(conn)
	switch {
	case s == nil:
		if err != ErrNotSubscribed {
			t.Fatal(err)
		}
		return
	case err == ErrPresenceCapacityReached && r.w.c.members != nil:
		if r.hasRoom(s.uid, umd) {
			t.Fatal("there was room")
		}
		return
	case err != nil:
		t.Fatal(err)
	}
	r.m.set(s, umd)
	told := 0
	if r.w.c.members != nil && !cmp.Equal(before, r.m.members()) {
		told = 1
	}
	if n := len(r.w.fx.Deliveries); n != told || n == 1 && len(readers(r.w.fx.Deliveries[0])) != len(r.m.subs) {
		t.Fatalf("it was told %+v", r.w.fx.Deliveries)
	}
	r.read(t)
}

func (r *modelRun) unsubscribe(t *rapid.T) {
	conn := someConnection.Draw(t, "connection")
	gone := rapid.Bool().Draw(t, "gone")
	lost := gone && rapid.Bool().Draw(t, "lost")
	err := do(r.w, r.w.c.Unsubscribe, &Unsubscribe{Sender: r.sender(conn), Gone: gone, Lost: lost})
	s := r.m.sub(conn)
	if s == nil {
		if err != ErrNotSubscribed {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	r.m.subs = slices.DeleteFunc(r.m.subs, func(x *modelSub) bool { return x == s })
	r.left(s, lost)
	r.read(t)
}

func (r *modelRun) publish(t *rapid.T) {
	conn := someConnection.Draw(t, "connection")
	cmd := &Publish{
		Sender:          r.sender(conn),
		Event:           rapid.SampledFrom([]string{"m", "m", "n"}).Draw(t, "event"),
		Data:            []byte(rapid.StringMatching(`[0-9]{1,3}`).Draw(t, "data")),
		Echo:            rapid.Bool().Draw(t, "echo"),
		Store:           rapid.SampledFrom([]int64{0, -1, 1, 600}).Draw(t, "store"),
		DeduplicationID: rapid.SampledFrom([]string{"", "", "d1", "d2"}).Draw(t, "dedup"),
	}
	cmd.Sink = nil // the answer is the result
	if err := do(r.w, r.w.c.Publish, cmd); err != nil {
		t.Fatal(err)
	}
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	answer := r.w.fx.Result.(*Published)
	if c, ok := r.m.copies[cmd.DeduplicationID]; ok {
		if answer.ID != c.id || answer.Seq != 0 || len(r.w.fx.Deliveries)+len(r.w.fx.Writes) != 0 {
			t.Fatalf("a copy of %v led to %+v", c.id, r.w.fx)
		}
		return
	}
	if answer.ID.Compare(r.m.last) <= 0 {
		t.Fatalf("id %v after %v", answer.ID, r.m.last)
	}
	r.m.last = answer.ID
	if cmd.DeduplicationID != "" {
		r.m.copies[cmd.DeduplicationID] = modelCopy{id: answer.ID, until: r.w.at.Add(5 * time.Minute)}
	}
	if cmd.Store != 0 {
		r.m.messages = append(r.m.messages, modelMessage{id: answer.ID, event: cmd.Event, data: string(cmd.Data), expires: r.expires(cmd.Store)})
	}
	var want []string
	for _, s := range r.m.subs {
		if s.conn != conn || cmd.Echo {
			want = append(want, s.conn)
		}
	}
	var got []string
	for _, d := range r.w.fx.Deliveries {
		got = append(got, readers(d)...)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("read by %v, not %v", got, want)
	}
}

func (r *modelRun) expires(store int64) time.Time {
	if store < 0 {
		return time.Time{}
	}
	return r.w.at.Add(time.Duration(store) * time.Second)
}

func (r *modelRun) set(t *rapid.T) {
	conn, key, store := someConnection.Draw(t, "connection"), someKey.Draw(t, "key"), someStore.Draw(t, "store")
	value := rapid.IntRange(0, len(values)-1).Draw(t, "value")
	data := rapid.SampledFrom(values[value]).Draw(t, "data")
	cmd := &SetStorage{
		Sender: r.sender(conn), Key: key, Data: []byte(data), Store: store,
		NotifyExpiry: rapid.Bool().Draw(t, "notify"), Emit: rapid.Bool().Draw(t, "emit"),
	}
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	if err := do(r.w, r.w.c.SetStorage, cmd); err != nil {
		t.Fatal(err)
	}
	r.wasSet(t, cmd, value, r.meta(conn))
}

// meta is who a connection is to others.
func (r *modelRun) meta(conn string) Member {
	if s := r.m.sub(conn); s != nil {
		return Member{s.uid, orNil([]byte(s.umd))}
	}
	return Member{UID: "conn-" + conn}
}

// wasSet compares the effects of a set.
func (r *modelRun) wasSet(t *rapid.T, cmd *SetStorage, value int, meta Member) {
	key, data := cmd.Key, string(cmd.Data)
	old, ok := r.m.entries[key]
	next := modelEntry{value, data, meta, r.expires(cmd.Store), cmd.NotifyExpiry, cmd.Emit}
	changed := true
	switch {
	case value == 0:
		changed = ok
		delete(r.m.entries, key)
	case ok && old.value == value:
		changed = false
		next.data = old.data
		r.m.entries[key] = next
	default:
		r.m.entries[key] = next
	}
	r.read(t)
	told := 0
	for _, e := range r.w.fx.Events {
		if !bytes.Contains(e.Data, []byte(`"expired":true`)) {
			told++
		}
	}
	if want := changed && cmd.Emit; want != (told == 1) || told > 1 {
		t.Fatalf("%d backend events, changed %v, emit %v", told, changed, cmd.Emit)
	}
}

func (r *modelRun) pass(t *rapid.T) {
	r.w.at = r.w.at.Add(rapid.SampledFrom([]time.Duration{
		time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Minute, 11 * time.Minute,
	}).Draw(t, "time"))
}

func (r *modelRun) due(t *rapid.T) {
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	r.endGraces()
	for n := 0; !r.w.due.IsZero() && !r.w.due.After(r.w.at) && n <= scheduleRoom*2+2; n++ {
		if err := r.w.expire(); err != nil {
			t.Fatal(err)
		}
		if ran, ok := r.w.fx.Result.(*Ran); ok {
			r.ran(t, ran)
		} else {
			r.read(t)
		}
	}
	if !r.w.due.IsZero() && !r.w.due.After(r.w.at) {
		t.Fatalf("still due at %v, it is %v", r.w.due, r.w.at)
	}
	if n := len(r.w.rows.Keys(tableEntries)); n != len(r.m.entries) {
		t.Fatalf("%d rows for %d entries", n, len(r.m.entries))
	}
	if n := len(r.w.rows.Keys(tableMessages)); n != len(r.m.messages) {
		t.Fatalf("%d rows for %d messages", n, len(r.m.messages))
	}
	if n := len(r.w.rows.Keys(tableEvents)); n != len(r.m.messages) {
		t.Fatalf("%d rows of events for %d messages", n, len(r.m.messages))
	}
	r.checkReactionRows(t)
	timers := 0
	for _, e := range r.m.entries {
		if !e.expires.IsZero() {
			timers++
		}
	}
	if n := len(r.w.rows.Keys(tableTimers)); n != timers+len(r.m.copies)+len(r.m.later)+len(r.m.graces) {
		t.Fatalf("%d timers for %d entries and %d copies", n, timers, len(r.m.copies))
	}
	first, err := r.w.c.FirstDue()
	if err != nil {
		t.Fatal(err)
	}
	if !first.IsZero() && (r.w.due.IsZero() || r.w.due.After(first)) {
		t.Fatalf("the first row is due at %v, the channel asked for %v", first, r.w.due)
	}
}
