package channel

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/persistence"
)

// counting counts what is read.
type counting struct {
	Reader
	gets, scans, rows, bytes int
}

func (c *counting) Get(key string) ([]byte, error) {
	c.gets++
	value, err := c.Reader.Get(key)
	c.bytes += len(value)
	return value, err
}

func (c *counting) Scan(from, to string, reverse bool, visit func(string, []byte) bool) error {
	c.scans++
	return c.Reader.Scan(from, to, reverse, func(key string, value []byte) bool {
		c.rows++
		c.bytes += len(key) + len(value)
		return visit(key, value)
	})
}

// A bigWorld is a channel over a store's rows, as its shell would run it, that counts what it reads.
type bigWorld struct {
	t     *testing.T
	store *persistence.Store
	*world
	rows *persistence.Rows
	read *counting
}

// bigSize is how many keys, and how many stored messages, a big channel has.
const bigSize = 100_000

// newBig makes a channel with that many entries and messages: every ten-thousandth is of the event "rare", and
// one in a hundred of the others has a reaction.
func newBig(t *testing.T) *bigWorld {
	t.Helper()
	store, err := persistence.Open(persistence.Options{
		Dir: "data", FS: persistence.Memory(), Logger: slog.New(slog.DiscardHandler), BallastBytes: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bigWorld{t: t, store: store, world: newWorld("c", Options{})}
	b.wake()
	set := &SetStorage{Data: payload, Store: -1, Server: true}
	publish := &Publish{Data: payload, Server: true}
	react := &React{Sender: Sender{UID: "u"}, Reaction: "x", Server: true}
	for i := range bigSize {
		set.Key, publish.Event, publish.Store = fmt.Sprintf("k%06d", i), "often", -1
		if i%10 == 0 {
			publish.Store = 3600
		}
		if i%(bigSize/10) == bigSize/20 {
			publish.Event = "rare"
		}
		b.at = b.at.Add(time.Millisecond)
		b.do(func(s Step, fx *Effects) error { return b.c.SetStorage(s, set, fx) })
		b.do(func(s Step, fx *Effects) error { return b.c.Publish(s, publish, fx) })
		if i%100 == 99 {
			react.MessageID = b.c.ids.last
			b.do(func(s Step, fx *Effects) error { return b.c.React(s, react, fx) })
		}
		if i%1000 == 999 {
			b.rows.Commit(persistence.None, nil)
		}
	}
	b.sleep()
	return b
}

func (b *bigWorld) sleep() {
	b.t.Helper()
	done := make(chan struct{})
	if b.rows.Commit(persistence.Sync, func() { close(done) }) {
		<-done
	}
	b.rows.Close()
	b.at = b.at.Add(time.Second)
	b.wake()
}

func (b *bigWorld) wake() {
	b.t.Helper()
	rows, err := b.store.Rows(persistence.Address{App: "app", Kind: "channel", Name: "c"})
	if err != nil {
		b.t.Fatal(err)
	}
	b.rows, b.read = rows, &counting{Reader: rows}
	b.c = New("app", "c", b.read, b.o)
}

func (b *bigWorld) do(decide func(Step, *Effects) error) {
	b.t.Helper()
	b.fx.Reset()
	b.fx.NoEvents = true
	if err := decide(b.step(), &b.fx); err != nil {
		b.t.Fatal(err)
	}
	if len(b.fx.Writes) > 0 {
		if _, err := b.rows.Apply(b.fx.Writes); err != nil {
			b.t.Fatal(err)
		}
		b.seq = b.rows.Seq()
	}
	if at, changed := b.fx.Due(); changed {
		b.rows.SetDue(at)
	}
}

// most fails if more was read than that many rows, by look-ups and on the way of scans, since the last time.
func (b *bigWorld) most(what string, rows int) {
	b.t.Helper()
	r := b.read
	b.t.Logf("%s: %d look-ups, %d scans over %d rows, %d bytes", what, r.gets, r.scans, r.rows, r.bytes)
	if got := r.gets + r.rows; got > rows {
		b.t.Errorf("%s reads %d rows, at most %d", what, got, rows)
	}
	*r = counting{Reader: r.Reader}
}

// TestABigChannelReadsOnlyWhatItNeeds: what a channel is asked for costs by what that is, not by all that it keeps.
func TestABigChannelReadsOnlyWhatItNeeds(t *testing.T) {
	b := newBig(t)
	defer func() { b.t = t }()
	t.Run("when it wakes", b.wakeFor)
	t.Run("when it lists one event", b.listOneEvent)
}

// wakeFor: one key of a channel of a hundred thousand costs what it costs in a small one, and so does a message.
func (b *bigWorld) wakeFor(t *testing.T) {
	b.t = t
	observer := func(name, directives string) func(Step, *Effects) error {
		cmd := &Subscribe{Sender: Sender{ConnectionID: name, Sink: &reader{name: name}}, UID: "u", Grant: mustGrant("c", directives)}
		return func(s Step, fx *Effects) error { return b.c.Subscribe(s, cmd, fx) }
	}
	list := func(directives string) func(Step, *Effects) error {
		g := mustGrant("c", directives)
		cmd := &ListStorage{Limit: 10, Allow: func(key string) bool { return g.Key(key).Get }, Within: g.GetRanges()}
		return func(s Step, fx *Effects) error { return b.c.ListStorage(s, cmd, fx) }
	}
	set := func(store int64) func(Step, *Effects) error {
		cmd := &SetStorage{Key: "k050000", Data: []byte("1"), Store: store, Server: true}
		return func(s Step, fx *Effects) error { return b.c.SetStorage(s, cmd, fx) }
	}
	publish := func(store int64) func(Step, *Effects) error {
		cmd := &Publish{Event: "e", Data: []byte("1"), Store: store, Server: true}
		return func(s Step, fx *Effects) error { return b.c.Publish(s, cmd, fx) }
	}
	for _, x := range []struct {
		what   string
		rows   int
		decide func(Step, *Effects) error
		told   int
	}{
		{"a set", 2, set(-1), 0},
		{"a set that expires", 4, set(60), 0},
		{"a publish", 3, publish(0), 0},
		{"a stored publish", 5, publish(60), 0},
		{"a subscription without observing", 3, observer("a", `{}`), 1},
		{"an observer of one key", 4, observer("a", `{"storage":{"k050000":{"observe":true}}}`), 2},
		{"an observer of a key that is not there", 4, observer("a", `{"storage":{"x":{"observe":true}}}`), 1},
		{"a list of what may be read", 3, list(`{"storage":{"k050000":{"get":true},"k090000":{"get":true}}}`), 0},
		{"a list when nothing may be read", 0, list(`{"storage":{"*":{"observe":true}}}`), 0},
		{"an observer of ten keys by a pattern", 20, observer("a", `{"storage":{"k05000*":{"observe":true}}}`), 11},
		{"an observer of all but those of a pattern", 30, observer("a", `{"storage":{"k00000*":{"observe":true},"k000003":{"observe":false},"k05*":{"observe":false}}}`), 10},
	} {
		b.sleep()
		b.do(x.decide)
		if n := len(b.fx.Deliveries); n != x.told {
			t.Errorf("%s: %d are told, not %d", x.what, n, x.told)
		}
		b.most(x.what, x.rows)
	}
}

// listOneEvent: who lists one event's messages pays for these and no others, and a page is short only at the
// end.
func (b *bigWorld) listOneEvent(t *testing.T) {
	b.t = t
	b.sleep()
	list := func(cmd *ListMessages) *Messages {
		t.Helper()
		b.do(func(s Step, fx *Effects) error { return b.c.ListMessages(s, cmd, fx) })
		return b.fx.Result.(*Messages)
	}
	page := list(&ListMessages{Event: "rare", Limit: 100})
	if len(page.Items) != 10 || page.More {
		t.Fatalf("%d are found, more: %v", len(page.Items), page.More)
	}
	b.most("10 rare messages", 35)
	var after ulid.ULID
	for i, m := range page.Items {
		one := list(&ListMessages{Event: "rare", Limit: 1, After: after})
		if len(one.Items) != 1 || one.Items[0].ID != m.ID || one.More != (i < 9) {
			t.Fatalf("page %d is %+v", i, one)
		}
		after = m.ID
	}
	b.most("10 pages of one", 10*6)
	if page = list(&ListMessages{Event: "often", Limit: 100, Reverse: true}); len(page.Items) != 100 || !page.More {
		t.Fatalf("%d are found", len(page.Items))
	}
	b.most("100 messages among many", 305)
	if page = list(&ListMessages{Event: "never", Limit: 100}); len(page.Items) != 0 || page.More {
		t.Fatalf("%+v", page)
	}
	b.most("an event that never was", 0)

	// What expires takes what it was found by along.
	b.at = b.at.Add(2 * time.Hour)
	for range bigSize/10/dueRows + 1 {
		b.do(func(s Step, fx *Effects) error { return b.c.Due(s, fx) })
		b.most("a Due", 3*dueRows+10)
	}
	left := 0
	if err := b.rows.Scan(tableEvents, "", false, func(string, []byte) bool { left++; return true }); err != nil || left != bigSize-bigSize/10 {
		t.Errorf("%d rows of events are left: %v", left, err)
	}
}
