package channel

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"
)

// scheduleRoom is so little that it is reached.
const scheduleRoom = 3

// A modelSchedule is what waits for its time.
type modelSchedule struct {
	id    ulid.ULID
	due   time.Time
	every time.Duration // zero: once
	cmd   *Schedule
	value int    // of a set: index into values
	meta  Member // who scheduled it, as they were
	eager ulid.ULID
}

func (r *modelRun) schedule(t *rapid.T) {
	conn := someConnection.Draw(t, "connection")
	s := modelSchedule{cmd: &Schedule{EagerID: rapid.Bool().Draw(t, "eager")}, meta: r.meta(conn)}
	sender := r.sender(conn)
	sender.Sink = nil
	if rapid.Bool().Draw(t, "message") {
		s.cmd.Publish = &Publish{
			Sender: sender,
			Event:  "m",
			Data:   []byte(rapid.StringMatching(`[0-9]{1,3}`).Draw(t, "data")),
			Echo:   rapid.Bool().Draw(t, "echo"),
			Store:  rapid.SampledFrom([]int64{0, -1, 1, 600}).Draw(t, "store"),

			DeduplicationID: rapid.SampledFrom([]string{"", "", "d1", "d2"}).Draw(t, "dedup"),
		}
		// Eager ids that are made while stamps are ahead of the clock may be out of order among themselves.
		s.cmd.EagerID = s.cmd.EagerID && !r.w.stamp.After(r.w.at)
	} else {
		s.value = rapid.IntRange(0, len(values)-1).Draw(t, "value")
		s.cmd.Set = &SetStorage{
			Sender: sender,
			Key:    someKey.Draw(t, "key"),
			Data:   []byte(rapid.SampledFrom(values[s.value]).Draw(t, "data")),
			Store:  someStore.Draw(t, "store"),

			NotifyExpiry: rapid.Bool().Draw(t, "notify"), Emit: rapid.Bool().Draw(t, "emit"),
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "recurs") == 0 {
		s.every = time.Minute
		s.due = time.UnixMilli(r.w.at.Add(s.every).UnixMilli()).UTC()
		whenever(s.cmd, "rate(1 minute)")
	} else {
		after := rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Second, time.Minute, 6 * time.Minute}).Draw(t, "after")
		s.due = r.w.at.Add(after).Truncate(time.Second)
		whenever(s.cmd, s.due.Format("at(2006-01-02T15:04:05)"))
	}
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	err := do(r.w, r.w.c.Schedule, s.cmd)
	dedup := ""
	if s.cmd.Publish != nil {
		dedup = s.cmd.Publish.DeduplicationID
	}
	if c, ok := r.m.copies[dedup]; ok && dedup != "" {
		a, _ := r.w.fx.Result.(*Scheduled)
		if err != nil || a.MessageID != c.id || a.ID != c.schedule || len(r.w.fx.Writes) != 0 {
			t.Fatalf("a copy of %+v led to %+v %v", c, a, err)
		}
		return
	}
	if len(r.m.later) == scheduleRoom {
		if !errors.Is(err, ErrScheduleCapacityReached) {
			t.Fatalf("there was no room: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	a := r.w.fx.Result.(*Scheduled)
	s.id, s.eager = a.ID, a.MessageID
	if !a.Due.Equal(s.due) || len(r.w.fx.Deliveries) != 0 {
		t.Fatalf("due %v, want %v; %v", a.Due, s.due, r.w.fx.Deliveries)
	}
	if eager := s.cmd.EagerID && s.cmd.Publish != nil && s.every == 0; eager != (s.eager.Time() == uint64(s.due.UnixMilli())) || eager == s.eager.IsZero() {
		t.Fatalf("eager %v, id %v, due %v", eager, s.eager, s.due)
	}
	if dedup != "" {
		r.m.copies[dedup] = modelCopy{s.eager, r.w.at.Add(5 * time.Minute), s.id}
	}
	r.m.later = append(r.m.later, s)
	r.sort()
}

func (r *modelRun) sort() {
	slices.SortFunc(r.m.later, func(a, b modelSchedule) int { return cmp.Or(a.due.Compare(b.due), a.id.Compare(b.id)) })
}

// ran compares what a schedule did, which must be the first that is due.
func (r *modelRun) ran(t *rapid.T, ran *Ran) {
	if len(r.m.later) == 0 || r.m.later[0].id != ran.ID || !ran.Due.Equal(r.m.later[0].due) || ran.Due.After(r.w.at) {
		t.Fatalf("%+v ran of %+v, it is %v", ran, r.m.later, r.w.at)
	}
	s := r.m.later[0]
	r.m.later = r.m.later[1:]
	if s.every != 0 {
		again := s
		for !again.due.After(r.w.at) {
			again.due = again.due.Add(s.every)
		}
		r.m.later = append(slices.Clone(r.m.later), again)
		r.sort()
	}
	if s.cmd.Set != nil {
		r.wasSet(t, s.cmd.Set, s.value, s.meta)
		return
	}
	p := s.cmd.Publish
	var want, got []string
	for _, sub := range r.m.subs {
		if sub.conn != p.ConnectionID || p.Echo {
			want = append(want, sub.conn)
		}
	}
	id := s.eager
	for _, d := range r.w.fx.Deliveries {
		m := d.Message
		if id.IsZero() {
			id = m.ID
		}
		if m.ID != id || string(m.Data) != string(p.Data) || m.Meta.UID != s.meta.UID || string(m.Meta.UMD) != string(s.meta.UMD) {
			t.Fatalf("%+v was sent for %+v", m, s)
		}
		got = append(got, readers(d)...)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("read by %v, not %v", got, want)
	}
	if id.IsZero() {
		id = r.w.c.ids.last // nobody has read it
	}
	if id.Compare(r.m.last) <= 0 {
		t.Fatalf("id %v after %v", id, r.m.last)
	}
	r.m.last = id
	if p.Store != 0 {
		r.m.messages = append(r.m.messages, modelMessage{id: id, event: p.Event, data: string(p.Data), expires: r.expires(p.Store)})
	}
}

func (r *modelRun) cancel(t *rapid.T) {
	id := ulid.ULID{1}
	at := -1
	if len(r.m.later) > 0 {
		at = rapid.IntRange(0, len(r.m.later)-1).Draw(t, "which")
		id = r.m.later[at].id
	}
	err := do(r.w, r.w.c.CancelSchedule, &CancelSchedule{id})
	if at < 0 {
		if !errors.Is(err, ErrScheduleNotFound) {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	r.m.later = slices.Delete(slices.Clone(r.m.later), at, at+1)
}

// checkSchedules compares everything that waits.
func (r *modelRun) checkSchedules(t *rapid.T) {
	if err := do(r.w, r.w.c.ListSchedules, &ListSchedules{Limit: 100}); err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(r.m.later)
	slices.SortFunc(want, func(a, b modelSchedule) int { return a.id.Compare(b.id) })
	items := r.w.fx.Result.(*Schedules).Items
	if len(items) != len(want) {
		t.Fatalf("%d schedules are listed, not %d", len(items), len(want))
	}
	for i, s := range items {
		if s.ID != want[i].id || !s.Due.Equal(want[i].due) || s.Expression != want[i].cmd.Expression || (s.Key != "") != (want[i].cmd.Set != nil) {
			t.Fatalf("%+v is listed, not %+v", s, want[i])
		}
	}
	count, err := r.w.c.scheduleCount()
	if rows := len(r.w.rows.Keys(tableSchedules)); err != nil || count != uint64(len(want)) || rows != len(want) {
		t.Fatalf("%d rows, counted as %d, for %d schedules: %v", rows, count, len(want), err)
	}
	if value, _ := r.w.rows.Get(rowScheduleCount); value != nil {
		if n, _ := binary.Uvarint(value); n == 0 {
			t.Fatal("a row says that there are none")
		}
	}
}
