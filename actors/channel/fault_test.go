package channel

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
)

var errDisk = errors.New("disk on fire")

// failing is a reader whose reads fail when left of them have succeeded.
type failing struct {
	Reader
	left int
}

func (f *failing) Get(key string) ([]byte, error) {
	if f.left--; f.left < 0 {
		return nil, errDisk
	}
	return f.Reader.Get(key)
}

func (f *failing) Scan(from, to string, reverse bool, visit func(string, []byte) bool) error {
	if f.left--; f.left < 0 {
		return errDisk
	}
	return f.Reader.Scan(from, to, reverse, visit)
}

// TestAFaultChangesNothing gives the same commands to two channels. One of them fails at the first read of
// each command, then at the second, and so on until the command succeeds; it must do what the other does.
func TestAFaultChangesNothing(t *testing.T) {
	sender := func(name string) Sender {
		return Sender{ConnectionID: name, Sink: &reader{name: name}, UID: name}
	}
	pass := func(d time.Duration) func(*world) error {
		return func(w *world) error { w.at = w.at.Add(d); return nil }
	}
	set := func(key, data string, store int64) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.SetStorage, &SetStorage{Sender: sender("a"), Key: key, Data: []byte(data), Store: store, Emit: true, NotifyExpiry: true})
		}
	}
	publish := func(store int64, dedup string) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.Publish, &Publish{Sender: sender("a"), Event: "m", Store: store, DeduplicationID: dedup, Emit: true, Echo: true})
		}
	}
	subscribe := func(name string) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.Subscribe, &Subscribe{Sender: sender(name), UID: name, Grant: grants["presence.c"]["all"]})
		}
	}
	update := func(name, umd string) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.UpdateUMD, &UpdateUMD{Sender: sender(name), UMD: []byte(umd)})
		}
	}
	later := func(when string, cmd Schedule) func(*world) error {
		return func(w *world) error {
			after, err := time.ParseDuration(when)
			expression := "rate(1 hour)"
			if err == nil {
				expression = w.at.Add(after).Format("at(2006-01-02T15:04:05)")
			}
			return do(w, w.c.Schedule, whenever(&cmd, expression))
		}
	}
	message := &Publish{Sender: Sender{ConnectionID: "a", UID: "a"}, Event: "m", Store: 5, DeduplicationID: "d3", Emit: true}
	clear := &SetStorage{Sender: sender("b"), Key: "b", Store: -1, Emit: true}
	write := &SetStorage{Sender: sender("b"), Key: "b", Data: []byte(`7`), Store: 1}
	waiting := func(w *world) error { return do(w, w.c.ListSchedules, &ListSchedules{Limit: 10}) }
	first := func(w *world) ulid.ULID { return ulid.ULID([]byte(w.rows.Keys(tableSchedules)[0][1:])) }
	get := func(w *world) error { return do(w, w.c.GetSchedule, &GetSchedule{first(w)}) }
	cancel := func(w *world) error { return do(w, w.c.CancelSchedule, &CancelSchedule{first(w)}) }
	react := func(name, reaction string, remove bool) func(*world) error {
		return func(w *world) error {
			// To the first message that is left.
			cmd := &React{Sender: sender(name), Reaction: reaction, Remove: remove}
			if keys := w.rows.Keys(tableMessages); len(keys) > 0 {
				copy(cmd.MessageID[:], keys[0][1:])
			}
			return do(w, w.c.React, cmd)
		}
	}
	reactions := func(w *world) error {
		cmd := &ListReactions{}
		copy(cmd.MessageID[:], w.rows.Keys(tableMessages)[0][1:])
		return do(w, w.c.ListReactions, cmd)
	}
	together := func(version int64) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.WriteStorage, &WriteStorage{Sender: sender("a"), Writes: []StorageWrite{
				{Key: "n", Increment: "1", IfVersion: -1, Store: 60, Show: true}, {Key: "w", Data: []byte("[]"), IfVersion: version, Store: -1, Emit: true},
			}})
		}
	}
	due := func(w *world) error { return w.expire() }
	seal := func(w *world) error { return w.seal() }
	resume := func(name string) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.Subscribe, &Subscribe{Sender: sender(name), UID: name, Grant: grants["presence.c"]["all"], Numbered: true})
		}
	}
	lose := func(name string) func(*world) error {
		return func(w *world) error {
			return do(w, w.c.Unsubscribe, &Unsubscribe{Sender: sender(name), Gone: true, Lost: true})
		}
	}
	leave := func(name string) func(*world) error {
		return func(w *world) error { return do(w, w.c.Unsubscribe, &Unsubscribe{Sender: sender(name)}) }
	}
	info := func(w *world) error { return do(w, w.c.GetInfo, &GetInfo{}) }
	sleep := func(w *world) error {
		w.c = New("app", w.name, &w.rows, w.o)
		return nil
	}
	restart := func(w *world) error { w.restart(); return nil }
	goOn := func(w *world) error { return w.goOn() }
	list := func(w *world) error { return do(w, w.c.ListMessages, &ListMessages{Limit: 10, ExpandReactions: true}) }
	forget := func(w *world) error {
		return do(w, w.c.DeleteMessage, &DeleteMessage{ID: w.c.ids.last})
	}
	forgetFirst := func(w *world) error {
		return do(w, w.c.DeleteMessage, &DeleteMessage{ID: ulid.ULID([]byte(w.rows.Keys(tableMessages)[0][1:]))})
	}
	ofEvent := func(w *world) error { return do(w, w.c.ListMessages, &ListMessages{Event: "m", Limit: 10}) }
	erase := func(w *world) error { return do(w, w.c.Delete, &Delete{}) }
	entries := func(w *world) error {
		return do(w, w.c.ListStorage, &ListStorage{Limit: 10, Keys: []string{"a", "b", "c"}})
	}
	steps := []func(*world) error{
		set("a", `1`, 1), set("b", `2`, 60), set("c", `3`, -1), publish(5, "d1"), publish(0, ""), restart,
		subscribe("a"), react("a", "x", false), react("a", "y", false), restart, react("a", "x", true), list, reactions, publish(1, "d2"), update("a", `1`), set("a", `2`, 2), restart, set("a", `2`, 3), publish(5, "d1"), restart,
		publish(0, "d1"), subscribe("b"), pass(3 * time.Second), set("a", `2`, 3), due, restart, list, entries,
		pass(time.Hour), publish(1, "d1"), set("b", `2`, 60), due, restart, due, list, entries,
		later("1s", Schedule{Publish: message}), later("1s", Schedule{Publish: message}), later("2s", Schedule{Set: write}), restart,
		later("", Schedule{Set: clear}), later("1s", Schedule{Publish: message, EagerID: true}), waiting, get, restart,
		later("9m", Schedule{Set: clear}), cancel, waiting, pass(time.Minute), due, due, restart, due, due, list, entries,
		pass(3 * time.Hour), due, due, due, due, due, waiting, list, entries,
		together(0), restart, together(-1), pass(time.Hour), together(-1), due,
		resume("c"), publish(0, ""), set("a", `7`, 60), seal, sleep, publish(0, ""), resume("c"), seal, sleep, set("a", `8`, 60), seal, sleep, resume("c"),
		pass(time.Hour), due, seal, sleep, due,
		subscribe("c"), lose("c"), subscribe("d"), lose("d"), restart, subscribe("c"), sleep, info, subscribe("d"), sleep, subscribe("e"),
		pass(time.Minute), due, info, lose("e"), restart, subscribe("e"), restart, update("e", "1"), lose("e"), subscribe("e"), restart,
		leave("e"), subscribe("e"), lose("e"), sleep, erase,
		publish(5, ""), forget, restart, publish(5, ""), list, ofEvent, subscribe("a"), subscribe("b"), react("a", "x", false), react("b", "x", false), forgetFirst, list, ofEvent, restart,
		set("a", `1`, -1), set("b", `2`, 60), set("c", `3`, -1), set("d", `4`, 1), set("e", `5`, -1), resume("f"), subscribe("g"), goOn, set("d", `5`, -1), set("b", `3`, -1), restart,
		set("e", ``, -1), goOn, pass(time.Minute), due, goOn, leave("g"), goOn, goOn, goOn, subscribe("g"), erase, goOn, goOn,
		resume("d"), publish(5, ""), publish(0, ""), forget, seal, sleep, forgetFirst, seal, sleep, publish(1, ""), pass(time.Minute), set("a", `1`, 1), pass(time.Minute), erase, restart, list, entries, publish(5, "d1"), due,
	}
	failEverywhere(t, "presence.c", Options{LeaveGrace: time.Minute, SnapshotEntries: 2}, steps)
}

func failEverywhere(t *testing.T, name string, o Options, steps []func(*world) error) {
	t.Helper()
	sound, broken := newWorld(name, o), newWorld(name, o)
	faults := 0
	for i, step := range steps {
		if err := step(sound); err != nil {
			t.Fatal(err)
		}
		for left := 0; ; left++ {
			broken.c.rd = &failing{&broken.rows, left}
			err := step(broken)
			if err == nil {
				break
			}
			faults++
			if !errors.Is(err, errDisk) || strings.Contains(err.Error(), "effects") {
				t.Fatalf("step %d, read %d: %v", i, left, err)
			}
		}
		if want, got := shown(sound), shown(broken); want != got {
			t.Fatalf("step %d\nwithout faults:\n%s\nwith faults:\n%s", i, want, got)
		}
	}
	if faults < len(steps)/2 {
		t.Errorf("only %d faults", faults)
	}
}

// shown is everything about a world: its last effects, its rows and its state.
func shown(w *world) string {
	p := newPrinter()
	p.effects(&w.fx, true, true)
	for _, key := range w.rows.Keys("") {
		value, _ := w.rows.Get(key)
		p.printf("%s\n", p.row(key, value))
	}
	for s := range w.c.roster.All() {
		p.printf("%+v\n", Subscription{ConnectionID: s.ConnectionID, Join: s.Join, Order: s.Order, StartID: s.StartID, since: s.since})
	}
	if r := w.c.replay; r != nil {
		p.printf("%d kept, %d asked, at %d, left %d, sealed %d, %x\n", len(r.items), r.asked, r.head, r.left, r.sealed, r.secret)
	}
	p.printf("%+v\n", w.c.snapshots)
	p.printf("%+v %+v\n", w.c.counter, w.c.ledger.until)
	p.printf("%v %v %d %d %v", w.c.ids.last, w.due, w.c.counted, w.c.joins, w.c.members.all())
	return p.flush()
}

func TestErrorsAreEqualByCode(t *testing.T) {
	err := fmt.Errorf("over there: %w", ErrDataTooLarge.With("%d is too many", 7))
	if !errors.Is(err, ErrDataTooLarge) || errors.Is(err, ErrInvalidEvent) {
		t.Error(err)
	}
	if got, want := ErrDataTooLarge.With("%d is too many", 7).Error(), "DATA_TOO_LARGE: 7 is too many"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestOptionsNameWhatIsWrong(t *testing.T) {
	var o Options
	o.EnsureDefaults()
	if err := o.Validate(); err != nil || o.MaxData != 262144 || o.MaxPresenceBytes != 102400 || o.DedupWindow != 5*time.Minute || o.MaxReactions != 10_000 || o.MaxReactionKinds != 100 {
		t.Errorf("%+v %v", o, err)
	}
	err := (&Options{
		MaxData: -1, LedgerGrace: -1, DedupWindow: -1, MaxSchedules: -1, MaxReactions: -1, MaxReactionKinds: -1, SnapshotEntries: -1,
	}).Validate()
	for _, field := range []string{"MaxData", "LedgerGrace", "DedupWindow", "MaxSchedules", "MaxReactions", "MaxReactionKinds", "SnapshotEntries"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}

// TestWatchersAreBounded: a channel whose every key is written once remembers some of them.
func TestWatchersAreBounded(t *testing.T) {
	w := audience(t, 2)
	for i := range 3 * maxWatchers {
		cmd := &SetStorage{Key: fmt.Sprint(i), Data: []byte("1"), Store: -1, Server: true}
		w.fx.Reset()
		if err := w.c.SetStorage(w.step(), cmd, &w.fx); err != nil || len(w.fx.Deliveries) != 1 {
			t.Fatal(err)
		}
	}
	if n := len(w.c.watchers.byKey); n > maxWatchers {
		t.Errorf("%d keys are remembered", n)
	}
	w.c.watchers.size = maxWatching
	w.c.watcher("new")
	if n := len(w.c.watchers.byKey); n != 1 {
		t.Errorf("%d keys are remembered", n)
	}
}

// TestDueDoesABoundedAmountOfWork: a thousand deadlines in one millisecond are several calls.
func TestDueDoesABoundedAmountOfWork(t *testing.T) {
	const n = 1000
	w := newWorld("c", Options{})
	for i := range n {
		var err error
		if i%2 == 0 {
			err = do(w, w.c.SetStorage, &SetStorage{Key: fmt.Sprint(i), Data: []byte("1"), Store: 1, Server: true})
		} else {
			err = do(w, w.c.Publish, &Publish{Event: "m", Store: 1, Server: true})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.at = w.at.Add(time.Minute)
	calls := 0
	for ; !w.due.IsZero(); calls++ {
		if w.due.After(w.at) {
			t.Fatalf("due at %v, not at once", w.due)
		}
		if err := w.expire(); err != nil {
			t.Fatal(err)
		}
		if len(w.fx.Writes) > 3*dueRows {
			t.Fatalf("%d writes", len(w.fx.Writes))
		}
	}
	if calls != 4 || w.rows.Len() != 0 {
		t.Errorf("%d calls, %d rows are left", calls, w.rows.Len())
	}
}

// TestAMessageWithManyReactionsTakesSeveralCalls: it and what comes after it wait until they are gone, and
// nobody sees the rest meanwhile.
func TestAMessageWithManyReactionsTakesSeveralCalls(t *testing.T) {
	w := newWorld("c", Options{})
	publish := func() ulid.ULID {
		if err := do(w, w.c.Publish, &Publish{Event: "m", Store: 1, Server: true}); err != nil {
			t.Fatal(err)
		}
		return w.fx.Result.(*Published).ID
	}
	react := func(id ulid.ULID, n int) {
		for i := range n {
			cmd := &React{Sender: Sender{UID: fmt.Sprint(i)}, MessageID: id, Reaction: "x", Server: true}
			if err := do(w, w.c.React, cmd); err != nil {
				t.Fatal(err)
			}
		}
	}
	few, many, none := publish(), publish(), publish()
	react(few, 10)
	react(many, 3*dueRows)
	w.at = w.at.Add(time.Minute)
	calls := 0
	for ; !w.due.IsZero(); calls++ {
		if w.due.After(w.at) || calls > 10 {
			t.Fatalf("call %d: due at %v, not at once", calls, w.due)
		}
		if err := w.expire(); err != nil {
			t.Fatal(err)
		}
		if n := len(w.fx.Writes); n > dueRows+3*3 {
			t.Fatalf("%d writes", n)
		}
		for _, id := range []ulid.ULID{few, many, none} {
			if err := do(w, w.c.ListReactions, &ListReactions{MessageID: id}); err != ErrMessageNotFound {
				t.Fatal(err)
			}
		}
	}
	if calls != 4 || w.rows.Len() != 0 {
		t.Errorf("%d calls, %d rows are left", calls, w.rows.Len())
	}
}

// TestAStaleTimerFindsNothing: a timer ends only what has its very deadline.
func TestAStaleTimerFindsNothing(t *testing.T) {
	w := newWorld("c", Options{})
	if err := do(w, w.c.SetStorage, &SetStorage{Key: "k", Data: []byte("1"), Store: 60, Server: true}); err != nil {
		t.Fatal(err)
	}
	if err := do(w, w.c.Publish, &Publish{Event: "m", Server: true, DeduplicationID: "d1"}); err != nil {
		t.Fatal(err)
	}
	rows := w.rows.Len()
	w.fx.Reset()
	for _, key := range []string{"k", "gone"} {
		w.fx.put(timerKey(start.UnixMilli(), timerEntry, key), nil)
	}
	for _, id := range []string{"d1", "gone"} {
		w.fx.put(timerKey(start.UnixMilli(), timerDedup, id), nil)
	}
	w.rows.Apply(w.fx.Writes)
	if err := w.expire(); err != nil || w.rows.Len() != rows {
		t.Errorf("%d rows, not %d: %v", w.rows.Len(), rows, err)
	}
}

func TestHistoryStartsAtAWholeMillisecond(t *testing.T) {
	for at, want := range map[time.Time]uint64{
		time.UnixMilli(5):                        5,
		time.UnixMilli(5).Add(time.Nanosecond):   6,
		time.UnixMilli(6).Add(-time.Microsecond): 6,
		time.Unix(-1, 0):                         0,
	} {
		if got := millisFrom(at); got != want {
			t.Errorf("%v: %d", at, got)
		}
	}
}
