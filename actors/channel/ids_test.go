package channel

import (
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"
)

// TestIDsRise: whatever is published, reacted and scheduled, with eager ids and without, however late it is
// sent, and however often the channel sleeps or crashes in between and forgets what it did not store: who
// listens reads rising ids, and so does who lists the history.
func TestIDsRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &rising{w: newWorld("c", Options{})}
		pass := func(d time.Duration) func(*rapid.T) {
			return func(*rapid.T) { r.w.at = r.w.at.Add(d) }
		}
		t.Repeat(map[string]func(*rapid.T){
			"":                r.list,
			"publish":         r.publish,
			"react":           r.react,
			"schedule":        r.schedule,
			"schedule too":    r.schedule,
			"due":             r.due,
			"cancel":          r.cancel,
			"a millisecond":   pass(time.Millisecond),
			"half a second":   pass(500 * time.Millisecond),
			"to the second":   func(*rapid.T) { r.w.at = r.w.at.Add(time.Second).Truncate(time.Second) },
			"sleep":           func(*rapid.T) { r.sleep() },
			"crash":           func(*rapid.T) { r.sleep(); r.w.leap() },
			"a panic":         func(*rapid.T) { r.w.c = Restore("app", "c", &r.w.rows, r.w.o, r.w.c.Mark()) },
			"everything goes": r.erase,
		})
	})
}

// rising is a world, and what it gave out.
type rising struct {
	w       *world
	last    ulid.ULID
	stored  []ulid.ULID // in the order in which they were told
	waiting []ulid.ULID // schedules
}

// sleep takes longer than what is due in the very nanosecond has its id ahead of it.
func (r *rising) sleep() {
	r.w.at, r.w.stamp = r.w.at.Add(2*time.Millisecond), r.w.stamp.Add(2*time.Millisecond)
	r.w.c = New("app", "c", &r.w.rows, r.w.o)
}

func (r *rising) told(t *rapid.T, id ulid.ULID) {
	if id.Compare(r.last) <= 0 {
		t.Fatalf("%v (%x) after %v (%x)", id, id[:], r.last, r.last[:])
	}
	r.last = id
}

func (r *rising) publish(t *rapid.T) {
	cmd := &Publish{Event: "e", Server: true, Store: rapid.SampledFrom([]int64{0, 0, -1}).Draw(t, "store")}
	if err := do(r.w, r.w.c.Publish, cmd); err != nil {
		t.Fatal(err)
	}
	id := r.w.fx.Result.(*Published).ID
	r.told(t, id)
	if cmd.Store != 0 {
		r.stored = append(r.stored, id)
	}
}

func (r *rising) react(t *rapid.T) {
	if len(r.stored) == 0 {
		return
	}
	cmd := &React{Sender: Sender{UID: "u"}, Server: true, MessageID: r.stored[0], Reaction: "x"}
	for _, cmd.Remove = range []bool{false, true} {
		if err := do(r.w, r.w.c.React, cmd); err != nil {
			t.Fatal(err)
		}
		r.told(t, r.w.c.ids.last)
	}
}

func (r *rising) schedule(t *rapid.T) {
	due := r.w.at.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "seconds")) * time.Second).Truncate(time.Second)
	if due.Before(r.w.at) {
		due = due.Add(time.Second)
	}
	cmd := &Schedule{
		Publish: &Publish{Event: "e", Server: true, Store: rapid.SampledFrom([]int64{0, -1}).Draw(t, "store")},
		// While the stamps are ahead there is the exception.
		EagerID: rapid.Bool().Draw(t, "eager") && !r.w.stamp.After(r.w.at),
	}
	if err := do(r.w, r.w.c.Schedule, whenever(cmd, due.Format("at(2006-01-02T15:04:05)"))); err != nil {
		t.Fatal(err)
	}
	answer := r.w.fx.Result.(*Scheduled)
	r.waiting = append(r.waiting, answer.ID)
	if answer.MessageID.Compare(r.last) <= 0 && cmd.EagerID {
		t.Fatalf("eager %v after %v", answer.MessageID, r.last)
	}
}

func (r *rising) due(t *rapid.T) {
	if len(r.waiting) == 0 {
		return
	}
	before := len(r.w.rows.Keys(tableMessages))
	if err := r.w.expire(); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.w.fx.Result.(*Ran); !ok {
		return
	}
	r.told(t, r.w.c.ids.last)
	if len(r.w.rows.Keys(tableMessages)) > before {
		r.stored = append(r.stored, r.last)
	}
}

func (r *rising) cancel(t *rapid.T) {
	if n := len(r.waiting); n > 0 {
		i := rapid.IntRange(0, n-1).Draw(t, "which")
		if err := do(r.w, r.w.c.CancelSchedule, &CancelSchedule{r.waiting[i]}); err != nil && err != ErrScheduleNotFound {
			t.Fatal(err)
		}
	}
}

func (r *rising) erase(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "one in ten") > 0 {
		return
	}
	if err := do(r.w, r.w.c.Delete, &Delete{}); err != nil {
		t.Fatal(err)
	}
	r.stored, r.waiting = nil, nil
}

func (r *rising) list(t *rapid.T) {
	if err := do(r.w, r.w.c.ListMessages, &ListMessages{Limit: 1000}); err != nil {
		t.Fatal(err)
	}
	items := r.w.fx.Result.(*Messages).Items
	if len(items) != len(r.stored) {
		t.Fatalf("%d messages are listed, not %d", len(items), len(r.stored))
	}
	for i, m := range items {
		if m.ID != r.stored[i] {
			t.Fatalf("%v is listed in place %d, not %v", m.ID, i, r.stored[i])
		}
	}
	if n, err := r.w.c.scheduleCount(); err != nil || n == 0 && len(r.w.rows.Keys(tableEager)) > 0 {
		t.Fatalf("eager ids wait for nothing: %v", err)
	}
}
