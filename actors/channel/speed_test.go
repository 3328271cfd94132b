package channel

import (
	"fmt"
	"testing"
	"time"

	"dormouse/persistence"
)

// audience returns a world with n observers of everything, of which "c0" is the first.
func audience(t testing.TB, n int) *world {
	w := newWorld("c", Options{})
	for i := range n {
		name := fmt.Sprintf("c%d", i)
		cmd := &Subscribe{Sender: Sender{ConnectionID: name, Sink: &reader{name: name}}, UID: "u", Grant: grants["c"]["all"]}
		if err := do(w, w.c.Subscribe, cmd); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

var payload = []byte(`{"text":"what is written in a message of middling length","x":12.5,"y":90,"tags":["a","b","c"],"n":0}`)

// publishing returns a step that publishes to n subscribers, unstored.
func publishing(t testing.TB, n int) func() {
	w := audience(t, n)
	s, fx := w.step(), &Effects{}
	cmd := &Publish{Sender: Sender{ConnectionID: "c0", Sink: &reader{name: "c0"}}, Event: "m", Data: payload}
	return func() {
		fx.Reset()
		if err := w.c.Publish(s, cmd, fx); err != nil || len(fx.Deliveries) != 1 {
			t.Fatal(err)
		}
	}
}

// setting returns a step that sets an existing key to a new value, which n subscribers observe.
func setting(t testing.TB, n int, store int64) func() {
	w := audience(t, n)
	s, fx := w.step(), &Effects{}
	data := [2][]byte{payload, append(append([]byte{}, payload[:len(payload)-2]...), "1}"...)}
	cmd := &SetStorage{Sender: Sender{ConnectionID: "c0", Sink: &reader{name: "c0"}}, Key: "cursor.17", Store: store}
	row := &oneRow{}
	i := 0
	w.c.rd = row
	return func() {
		fx.Reset()
		i++
		cmd.Data = data[i&1]
		s.At = s.At.Add(time.Millisecond)
		if err := w.c.SetStorage(s, cmd, fx); err != nil || len(fx.Deliveries) != 1 {
			t.Fatal(err)
		}
		for _, w := range fx.Writes {
			if w.Op == persistence.Put && w.Key[0] == tableEntries[0] {
				row.value = w.Value
			}
		}
	}
}

// oneRow is a reader whose entries are all the same.
type oneRow struct{ value []byte }

func (r *oneRow) Get(string) ([]byte, error) { return r.value, nil }

func (r *oneRow) Scan(string, string, bool, func(string, []byte) bool) error { return nil }

// TestAllocations holds the budget of what happens most: a published message is one allocation, and so is
// a set's message, beside the row it writes.
func TestAllocations(t *testing.T) {
	for _, c := range []struct {
		what   string
		budget float64
		step   func()
	}{
		{"publish to 1,000", 1, publishing(t, 1000)},
		{"set told to 1,000", 2, setting(t, 1000, -1)},
		{"set told to nobody", 2, setting(t, 1, -1)},
	} {
		if got := testing.AllocsPerRun(200, c.step); got > c.budget {
			t.Errorf("%s: %v allocations, at most %v", c.what, got, c.budget)
		}
	}
}

func BenchmarkPublish(b *testing.B) { measure(b, publishing(b, 1000)) }

func BenchmarkSet(b *testing.B) { measure(b, setting(b, 1000, -1)) }

func BenchmarkSetExpiring(b *testing.B) { measure(b, setting(b, 1000, 60)) }

func measure(b *testing.B, step func()) {
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

func BenchmarkSubscribe(b *testing.B) {
	for _, n := range []int{0, 100} {
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			w := newWorld("c", Options{})
			for i := range n {
				cmd := &SetStorage{Key: fmt.Sprintf("k%d", i), Data: payload, Store: -1, Server: true}
				if err := do(w, w.c.SetStorage, cmd); err != nil {
					b.Fatal(err)
				}
			}
			sink := &reader{name: "a"}
			join := &Subscribe{Sender: Sender{ConnectionID: "a", Sink: sink}, Grant: grants["c"]["all"]}
			leave := &Unsubscribe{Sender: join.Sender, Gone: true}
			s, fx := w.step(), &Effects{}
			measure(b, func() {
				fx.Reset()
				fx.NoEvents = true
				if err := w.c.Subscribe(s, join, fx); err != nil {
					b.Fatal(err)
				}
				if err := w.c.Unsubscribe(s, leave, fx); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
