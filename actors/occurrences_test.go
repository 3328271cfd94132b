package actors_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/courier"
	"dormouse/persistence"
)

// A ledger keeps what tenants' backends are to hear.
type ledger struct {
	mu  sync.Mutex
	off bool
	got []string
}

func (*ledger) Name() string { return "ledger" }

func (l *ledger) WantsOccurrence(app, name, _ string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return app == shop && name != "cache_miss" && !l.off
}

func (l *ledger) Keep(e *courier.Event, settled func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.App != shop || e.DataType != courier.OccurrenceType || !strings.HasPrefix(string(e.Data), `{"name":"`+e.Type+`","channel":"`+e.Channel()+`"`) || e.At().IsZero() {
		l.got = append(l.got, "bad "+string(e.Data))
	}
	l.got = append(l.got, strings.TrimSpace(e.Type+" "+e.Channel()+" "+e.Attribute("user_id")))
	settled()
}

func (l *ledger) turn(off bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off = off
}

// expect holds if these have come since it was asked last.
func (l *ledger) expect(t *testing.T, want ...string) {
	t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.got, want) {
		t.Fatalf("got  %v\nwant %v", l.got, want)
	}
	l.got = nil
}

// TestOccurrences: cases W1 and W9, with whoever delivers them.
func TestOccurrences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, b := new(ledger), new(backend)
		o := actors.Options{Events: courier.Options{Endpoints: []courier.Emitter{b}, Occurrences: l}}
		disk := vfs.NewCrashableMem()
		s := actorstest.StartOn(t, o, func(p *persistence.Options) { p.FS = disk })
		a := s.Visit(shop).Join("presence-r", "ann")
		l.expect(t, "channel_occupied presence-r", "member_added presence-r ann")
		c := s.Visit(shop).Join("presence-r", "bob")
		l.expect(t, "member_added presence-r bob")
		c.Join("c", "")
		l.expect(t, "channel_occupied c")
		a.Guest.ClientEvent("presence-r", "client-e", []byte("1"))
		a.Guest.ClientEvent("c", "client-e", []byte("1")) // it is not there
		l.expect(t, "client_event presence-r ann")
		if err := a.Guest.Subscribe(actors.Join{Channel: "cache-x", Cache: true, Count: true}); err != nil {
			t.Fatal(err)
		}
		l.expect(t, "channel_occupied cache-x", "subscription_count cache-x")
		s.Visit("pusher/quiet").Join("presence-r", "ann")
		l.expect(t)

		disk = disk.CrashClone(vfs.CrashCloneCfg{})
		s = actorstest.StartOn(t, o, func(p *persistence.Options) { p.FS = disk })
		time.Sleep(5 * time.Second)
		s.Visit(shop).Join("presence-r", "bob")
		l.expect(t)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		l.mu.Lock()
		slices.Sort(l.got) // channels have no order among them
		l.mu.Unlock()
		l.expect(t, "channel_vacated c", "channel_vacated cache-x", "member_removed presence-r ann")
		time.Sleep(time.Minute)
		if n := s.Stats().Awake; n != 1 {
			t.Errorf("%d channels are awake", n)
		}

		// An end in order leaves nothing to be told later.
		s.Restart()
		l.expect(t, "member_removed presence-r bob", "channel_vacated presence-r")
		time.Sleep(time.Minute)
		l.expect(t)
		if got := b.take(); len(got) != 0 {
			t.Errorf("an endpoint was told of %v", got)
		}

		// Who listens from now on hears of the end of what began before.
		l.turn(true)
		c = s.Visit(shop).Join("c", "")
		l.expect(t)
		l.turn(false)
		c.Hang()
		l.expect(t, "channel_vacated c")
	})
}

// TestNobodyListensToTenants: nothing is written where no one wants it.
func TestNobodyListensToTenants(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		c := s.Visit(shop).Join("presence-r", "ann").Join("c", "")
		c.Guest.ClientEvent("c", "client-e", nil)
		c.Hang()
		synctest.Wait()
		if n := s.Stats().Turns; n != 0 {
			t.Errorf("%d turns have written something", n)
		}
	})
}

// TestOnAFullDiskGuestsLeave: backends hear of it when there is room.
func TestOnAFullDiskGuestsLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(ledger)
		disk := &fillingDisk{FS: persistence.Memory()}
		s := actorstest.StartOn(t, actors.Options{Events: courier.Options{Occurrences: l}}, func(p *persistence.Options) { p.FS = disk })
		a, c := s.Visit(shop).Join("presence-r", "ann"), s.Visit(shop).Join("presence-r", "bob")
		l.expect(t, "channel_occupied presence-r", "member_added presence-r ann", "member_added presence-r bob")
		a.Frames()
		disk.full.Store(true)
		time.Sleep(time.Minute)
		c.Hang()
		a.Expect("removed presence-r member=bob")
		a.Hang()
		l.expect(t)
		if n := s.Tenant(shop).Counts("presence-r"); n != (actors.Counts{}) {
			t.Errorf("%+v", n)
		}
		disk.full.Store(false)
		time.Sleep(2 * time.Minute)
		l.expect(t, "member_removed presence-r ann", "member_removed presence-r bob", "channel_vacated presence-r")
	})
}
