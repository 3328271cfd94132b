package channel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSnapshotInParts: a subscription reads every entry as it was when it subscribed, in order of the keys but for
// what is changed meanwhile, once, and behind that each change; as many as it was told that there are, and those alone
// without numbers.
func TestSnapshotInParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld("c", Options{SnapshotEntries: rapid.IntRange(1, 4).Draw(t, "entries at once"), NotifyExpiry: true})
		n := 0
		set := func(t *rapid.T) {
			n++
			cmd := &SetStorage{Key: rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(t, "key"), Data: fmt.Append(nil, n), Server: true,
				Store: rapid.SampledFrom([]int64{-1, 1, 60}).Draw(t, "store")}
			if rapid.IntRange(0, 3).Draw(t, "clear") == 0 {
				cmd.Data = nil
			}
			if err := do(w, w.c.SetStorage, cmd); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(0, 20).Draw(t, "sets") {
			set(t)
		}
		w.at = w.at.Add(rapid.SampledFrom([]time.Duration{0, 2 * time.Second}).Draw(t, "time")) // some have expired then
		if err := do(w, w.c.ListStorage, &ListStorage{Limit: 10}); err != nil {
			t.Fatal(err)
		}
		var want []string // of the snapshot
		for _, e := range w.fx.Result.(*Entries).Items {
			want = append(want, e.Key+string(e.Data))
		}
		var shown, changed []string
		live := map[string]bool{} // keys of which a change was read
		read := func(t *rapid.T) {
			for _, d := range w.fx.Deliveries {
				m := d.Message
				switch text := m.Key + string(m.Data); {
				case m.Kind != KindStorageUpdated:
				case m.Number == 0:
					if live[m.Key] || !d.Bulk || !d.Numbered {
						t.Fatalf("%s comes behind a change of it, or not as a part of the snapshot", text)
					}
					shown = append(shown, text)
				default:
					live[m.Key] = true
					changed = append(changed, text)
				}
			}
		}
		subscriber := &Subscribe{Sender: Sender{ConnectionID: "x", Sink: &reader{name: "x"}}, UID: "x", Grant: grants["c"]["all"], Numbered: true}
		if err := do(w, w.c.Subscribe, subscriber); err != nil {
			t.Fatal(err)
		}
		if told := w.fx.Deliveries[0].Message.Resume; told.Snapshot != len(want) {
			t.Fatalf("%d entries are announced, not %d", told.Snapshot, len(want))
		}
		read(t)
		inOrder := true
		do := func(what func(*rapid.T)) func(*rapid.T) {
			return func(t *rapid.T) {
				inOrder = false
				what(t)
				read(t)
			}
		}
		must := func(t *rapid.T, err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"set":    do(set),
			"expire": do(func(t *rapid.T) { w.at = w.at.Add(2 * time.Second); must(t, w.expire()) }),
			"delete": do(func(t *rapid.T) {
				must(t, w.decided(func(s Step, fx *Effects) error { return w.c.Delete(s, &Delete{}, fx) }))
			}),
			"go on":   func(t *rapid.T) { must(t, w.goOn()); read(t) },
			"restart": func(*rapid.T) { w.restart() },
		})
		for len(w.next) > 0 {
			must(t, w.goOn())
			read(t)
		}
		if len(w.c.snapshots) > 0 {
			t.Fatal("it never ends")
		}
		if inOrder && (!slices.IsSorted(shown) || len(changed) > 0) {
			t.Fatalf("%v, then %v", shown, changed)
		}
		if slices.Sort(shown); !slices.Equal(shown, want) {
			t.Fatalf("%v was shown, not %v", shown, want)
		}
		if err := w.decided(func(s Step, fx *Effects) error { return w.c.ListStorage(s, &ListStorage{Limit: 10}, fx) }); err != nil {
			t.Fatal(err)
		}
		last := map[string]string{}
		for _, text := range slices.Concat(shown, changed) {
			last[text[:1]] = text[1:]
		}
		for _, e := range w.fx.Result.(*Entries).Items {
			if last[e.Key] != string(e.Data) {
				t.Fatalf("%s is %s, and was last told as %q", e.Key, e.Data, last[e.Key])
			}
		}
	})
}

// A part ends with its bytes, too: entries may be large.
func TestPartsOfASnapshotAreBoundedInBytes(t *testing.T) {
	w := newWorld("c", Options{})
	large := []byte(`"` + strings.Repeat("x", 200<<10) + `"`)
	for i := range 20 {
		if err := do(w, w.c.SetStorage, &SetStorage{Key: fmt.Sprintf("k%02d", i), Data: large, Store: -1, Server: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := do(w, w.c.Subscribe, &Subscribe{Sender: Sender{ConnectionID: "x", Sink: &reader{name: "x"}}, Grant: grants["c"]["all"]}); err != nil {
		t.Fatal(err)
	}
	all := len(w.fx.Deliveries) - 1
	for parts := 1; len(w.next) > 0; parts++ {
		if err := w.goOn(); err != nil {
			t.Fatal(err)
		}
		if n := len(w.fx.Deliveries); n > 6 || parts > 4 {
			t.Errorf("part %d has %d entries", parts, n)
		}
		all += len(w.fx.Deliveries)
	}
	if all != 20 {
		t.Errorf("%d entries", all)
	}
}
