package channel

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"
)

// A told is one thing that a channel told, as the test knows it: what a beginner would write down.
type told struct {
	text string
	key  string // "": a message, for all
	by   int    // the reader that it was not told; -1: none

	about ulid.ULID // the message that it is, or is a reaction to
	gone  bool      // it was deleted: nobody must be told it any more
}

// A resumer is one client, over all the connections that it takes.
type resumer struct {
	number int
	grant  string
	conn   string // "": it is cut
	where  Position
	read   int // how many of all things told it has had, or has no right to
}

func (r *resumer) sees(x told) bool {
	return x.by != r.number && (x.key == "" || r.grant == "all" || r.grant == "some" && x.key[:1] == "p")
}

// resumeRun gives random commands to a channel whose readers come and go, and keeps the whole truth.
type resumeRun struct {
	w       *world
	truth   []told
	readers []*resumer
	number  int // of connections and values
	// recovered counts returns that were, so that a channel which never recovers anything does not pass.
	recovered int
	messages  []ulid.ULID // published, newest last
	target    ulid.ULID   // of the reaction in progress
}

// TestRecoveredIsNeverUntrue: whatever happens to the channel in between (sleep, crash, commands that fail,
// a restored backup, the bounds of its replay), a reader that is told recovered has then read everything
// that it may see exactly once, in order; and one that nothing happened to is recovered.
func TestRecoveredIsNeverUntrue(t *testing.T) {
	total := 0
	rapid.Check(t, func(t *rapid.T) {
		r := &resumeRun{w: newWorld("c", Options{NotifyExpiry: true, ReplayEntries: rapid.IntRange(1, 12).Draw(t, "kept")})}
		for i, grant := range []string{"all", "some", "none", "all"} {
			r.readers = append(r.readers, &resumer{number: i, grant: grant})
		}
		r.witness()
		backup, backupSeq := r.w.rows.Clone(), uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"come":    r.come,
			"come 2":  r.come,
			"cut":     r.cut,
			"publish": r.publish,
			"set":     r.set,
			"own":     r.own,
			"react":   r.react,
			"delete":  r.delete,
			"erase":   r.erase,
			"fails":   r.fails,
			"time":    func(t *rapid.T) { r.w.at = r.w.at.Add(rapid.SampledFrom(passed).Draw(t, "passed")) },
			"due":     func(t *rapid.T) { r.decided(t, r.w.expire()) },
			"seal":    func(t *rapid.T) { r.decided(t, r.w.seal()) },
			"sleep": func(t *rapid.T) {
				r.decided(t, r.w.seal())
				r.crash()
			},
			"crash":   func(*rapid.T) { r.crash() },
			"back up": func(*rapid.T) { backup, backupSeq = r.w.rows.Clone(), r.w.seq },
			"restore": func(*rapid.T) {
				r.w.rows, r.w.seq = backup.Clone(), backupSeq
				r.w.restored++
				r.crash()
			},
		})
		total += r.recovered
	})
	if total < 5 {
		t.Errorf("only %d returns were recovered", total)
	}
}

var passed = []time.Duration{time.Millisecond, time.Second, time.Minute, 10 * time.Minute}

func (r *resumeRun) crash() {
	for _, x := range r.readers {
		x.conn = ""
	}
	r.w.at = r.w.at.Add(time.Millisecond)
	r.w.c = New("app", r.w.name, &r.w.rows, r.w.o)
	r.witness()
}

func (r *resumeRun) witness() {
	cmd := &Subscribe{Sender: Sender{ConnectionID: "witness", Sink: &reader{name: "witness"}}, Grant: grants["c"]["all"]}
	if err := do(r.w, r.w.c.Subscribe, cmd); err != nil {
		panic(err)
	}
}

// decided takes down what the last command told, and checks that every connected reader was told its part
// of it. A witness who hears everything, and asks for no numbers, sees to it that nothing is told to nobody.
func (r *resumeRun) decided(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.w.fx.Deliveries {
		if d.To != nil {
			continue
		}
		x := told{text: text(d.Message), key: d.Message.Key, by: -1}
		if d.Except != nil {
			x.by = slices.IndexFunc(r.readers, func(x *resumer) bool { return x.conn == d.Except.ConnectionID })
		}
		switch d.Message.Kind {
		case KindPublished:
			x.about = d.Message.ID
			r.messages = append(r.messages, x.about)
		case KindReactionAdded, KindReactionRemoved:
			x.about = r.target
		}
		r.truth = append(r.truth, x)
		for _, reader := range r.readers {
			if reader.conn == "" {
				continue
			}
			got := slices.Contains(readers(d), reader.conn)
			if got != reader.sees(x) || got && d.Message.Number <= reader.where.Seq {
				t.Fatalf("reader %d, at %d, was told %v as %d: %v", reader.number, reader.where.Seq, x, d.Message.Number, got)
			}
			reader.read = len(r.truth)
			if got {
				reader.where.Seq = d.Message.Number
			}
		}
	}
}

func text(m *Message) string { return fmt.Sprintf("%d %q %q %s", m.Kind, m.Event, m.Key, m.Data) }

func (r *resumeRun) come(t *rapid.T) {
	x := rapid.SampledFrom(r.readers).Draw(t, "reader")
	if x.conn != "" {
		return
	}
	r.number++
	conn := fmt.Sprintf("conn%d", r.number)
	cmd := &Subscribe{
		Sender: Sender{ConnectionID: conn, Sink: &reader{name: conn}}, UID: fmt.Sprint(x.number),
		Grant: grants["c"][x.grant], Numbered: true,
	}
	if x.where.Epoch != "" {
		where := x.where
		cmd.After = &where
	}
	if err := do(r.w, r.w.c.Subscribe, cmd); err != nil {
		t.Fatal(err)
	}
	x.conn = conn
	first, rest := r.w.fx.Deliveries[0].Message.Resume, r.w.fx.Deliveries[1:]
	if first.Returned != (cmd.After != nil) || first.Missed+first.Snapshot != len(rest) {
		t.Fatalf("%+v, and %d follow", first, len(rest))
	}
	x.where = first.Position
	if first.Recovered {
		r.recovered++
		x.where.Seq = first.Seq
		var want, got []string
		for _, y := range r.truth[x.read:] {
			if y.gone {
				t.Fatalf("reader %d is told %v, which was deleted, or that it missed nothing", x.number, y)
			}
			if x.sees(y) {
				want = append(want, y.text)
			}
		}
		for _, d := range rest {
			if d.Message.Number <= x.where.Seq {
				t.Fatalf("number %d after %d", d.Message.Number, x.where.Seq)
			}
			x.where.Seq = d.Message.Number
			got = append(got, text(d.Message))
		}
		if !slices.Equal(want, got) {
			t.Fatalf("reader %d missed\n%q\nand was told\n%q", x.number, want, got)
		}
	}
	x.read = len(r.truth)
}

func (r *resumeRun) cut(t *rapid.T) {
	x := rapid.SampledFrom(r.readers).Draw(t, "reader")
	if x.conn == "" {
		return
	}
	if err := do(r.w, r.w.c.Unsubscribe, &Unsubscribe{Sender: Sender{ConnectionID: x.conn}, Gone: true}); err != nil {
		t.Fatal(err)
	}
	x.conn = ""
}

func (r *resumeRun) publish(t *rapid.T) {
	r.number++
	cmd := &Publish{Event: "e", Data: fmt.Append(nil, r.number), Server: true}
	cmd.Store = rapid.SampledFrom([]int64{0, 0, 600}).Draw(t, "store")
	r.decided(t, do(r.w, r.w.c.Publish, cmd))
}

// own publishes as one of the readers, that is not to hear it.
func (r *resumeRun) own(t *rapid.T) {
	x := rapid.SampledFrom(r.readers).Draw(t, "reader")
	if x.conn == "" {
		return
	}
	r.number++
	cmd := &Publish{Sender: Sender{ConnectionID: x.conn}, Event: "own", Data: fmt.Append(nil, r.number)}
	r.decided(t, do(r.w, r.w.c.Publish, cmd))
}

func (r *resumeRun) set(t *rapid.T) {
	r.number++
	cmd := &SetStorage{Key: rapid.SampledFrom([]string{"k", "pub.a"}).Draw(t, "key"), Server: true, Store: 120}
	if rapid.IntRange(0, 3).Draw(t, "clears") > 0 {
		cmd.Data = fmt.Append(nil, r.number)
	}
	r.decided(t, do(r.w, r.w.c.SetStorage, cmd))
}

func (r *resumeRun) react(t *rapid.T) {
	keys := r.w.rows.Keys(tableMessages)
	if len(keys) == 0 {
		return
	}
	copy(r.target[:], rapid.SampledFrom(keys).Draw(t, "message")[1:])
	cmd := &React{Sender: Sender{UID: "u"}, Server: true, MessageID: r.target, Reaction: "x", Remove: rapid.Bool().Draw(t, "remove")}
	if err := do(r.w, r.w.c.React, cmd); err != ErrMessageNotFound {
		r.decided(t, err)
	}
}

// delete deletes a message, stored or not: nobody is told it any more, nor of reactions to it.
func (r *resumeRun) delete(t *rapid.T) {
	if len(r.messages) == 0 {
		return
	}
	recent := r.messages[max(0, len(r.messages)-5):]
	id := rapid.SampledFrom(recent).Draw(t, "message")
	if err := do(r.w, r.w.c.DeleteMessage, &DeleteMessage{id}); err == ErrMessageNotFound {
		return // then nobody can be told it
	} else if err != nil {
		t.Fatal(err)
	}
	for i := range r.truth {
		r.truth[i].gone = r.truth[i].gone || r.truth[i].about == id
	}
}

func (r *resumeRun) erase(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "one in ten") > 0 {
		return
	}
	r.decided(t, do(r.w, r.w.c.Delete, &Delete{}))
	for i := range r.truth {
		r.truth[i].gone = true
	}
}

// fails decides a command whose writes are then refused, or that panicked half way.
func (r *resumeRun) fails(*rapid.T) {
	mark := r.w.c.Mark()
	r.w.fx.Reset()
	_ = r.w.c.Publish(r.w.step(), &Publish{Event: "lost", Server: true, Store: -1}, &r.w.fx)
	if n := len(r.messages); n > 0 {
		_ = r.w.c.DeleteMessage(r.w.step(), &DeleteMessage{r.messages[n-1]}, &r.w.fx)
	}
	r.w.c = Restore("app", r.w.name, &r.w.rows, r.w.o, mark)
}

// TestASealSaysWhatWasKept: a replay comes back from its row as it was, and any other bytes are no seal.
func TestASealSaysWhatWasKept(t *testing.T) {
	w := newWorld("c", Options{})
	sub := &Subscribe{Sender: Sender{ConnectionID: "a", Sink: &reader{name: "a"}}, Grant: grants["c"]["all"], Numbered: true}
	set := &SetStorage{Sender: Sender{UID: "u", UMD: []byte("1")}, Key: "k", Data: []byte(`"v"`), Store: 7}
	for _, err := range []error{
		do(w, w.c.Subscribe, sub),
		do(w, w.c.SetStorage, set),
		do(w, w.c.Publish, &Publish{Sender: Sender{ConnectionID: "a"}, Event: "e"}),
		do(w, w.c.Publish, &Publish{Event: "e", Data: []byte(`{}`), Server: true}),
		do(w, w.c.SetStorage, &SetStorage{Key: "k", Server: true}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := w.c.replay
	value := r.encode(7, 12)
	got, ok := decodeSeal(value, "c", 7)
	if !ok || got.head != 4 || got.left != 12 || got.size != r.size || got.secret != r.secret || len(got.items) != 4 {
		t.Fatalf("%+v from %+v", got, r)
	}
	for i := range got.items {
		if a, b := fmt.Sprintf("%+v %+v", got.items[i].m.Meta, text(got.items[i].m)), fmt.Sprintf("%+v %+v", r.items[i].m.Meta, text(r.items[i].m)); a != b {
			t.Errorf("%s from %s", a, b)
		}
	}
	if _, ok := decodeSeal(value, "c", 8); ok {
		t.Error("a seal of another history was taken")
	}
	for i := range value {
		if _, ok := decodeSeal(value[:i], "c", 7); ok {
			t.Errorf("%d of %d bytes were taken", i, len(value))
		}
	}
	// A kind of message that has no form ends what is kept: all that was told after it is there.
	r.items[1].m = &Message{Kind: KindMemberAdded, Number: 2}
	if got, ok = decodeSeal(r.encode(7, 12), "c", 7); !ok || len(got.items) != 2 || got.items[0].m.Number != 3 {
		t.Errorf("%+v", got)
	}
}

// TestTheReplayIsBounded by number, by bytes and by age, and what is let go of is not recovered.
func TestTheReplayIsBounded(t *testing.T) {
	w := newWorld("c", Options{ReplayEntries: 5, ReplayBytes: 3*replayedSize + 40})
	if err := do(w, w.c.Subscribe, &Subscribe{Sender: Sender{ConnectionID: "a", Sink: &reader{name: "a"}}, Numbered: true}); err != nil {
		t.Fatal(err)
	}
	say := func(data string) {
		t.Helper()
		if err := do(w, w.c.Publish, &Publish{Event: "e", Data: []byte(data), Server: true}); err != nil {
			t.Fatal(err)
		}
	}
	kept := func(want int) {
		t.Helper()
		if n := len(w.c.replay.items); n != want {
			t.Errorf("%d are kept, not %d", n, want)
		}
	}
	for range 100 {
		say("1")
	}
	kept(3)
	say(`"` + string(make([]byte, 2000)) + `"`)
	kept(0)
	say("1")
	kept(1)
	w.at = w.at.Add(6 * time.Minute)
	say("1")
	kept(1)
	if w.c.ReplaySize() > 3*replayedSize+40 {
		t.Error(w.c.ReplaySize())
	}
	w.c.TrimReplay(w.at, true)
	kept(0)
	if c := cap(w.c.replay.items); c != 0 {
		t.Errorf("memory for %d is held", c)
	}
	if none := newWorld("c", Options{}); none.c.ReplaySize() != 0 || none.c.Unsealed() {
		t.Error("a channel that nobody asked keeps something")
	}
}
