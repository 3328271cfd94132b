package acceptance

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestKillNineLosesNoEvent kills a server that tells a webhook and NATS, again and again, every other life
// with JetStream: whatever was acknowledged to a client is told to all of them and taken by them, at least
// once, under one id;
// each channel's events come in the order in which they happened, and without holes; nothing comes that was
// not sent; connections that died with the server are told to have ended; and the stream has each event once.
func TestKillNineLosesNoEvent(t *testing.T) {
	k := newEventKilling(t, program)
	for n := range eventKillRounds {
		k.round(t, n%2 == 1)
	}
	k.end(t)
	k.report(t)
	for _, fault := range k.faults {
		t.Error(fault)
	}
}

// eventBaitRounds is how many kills a server that forgets events too early may survive; after every fifth one
// looks.
const eventBaitRounds = 25

// TestKillNineCatchesAnEventThatIsForgottenTooEarly shows that the test above would tell.
func TestKillNineCatchesAnEventThatIsForgottenTooEarly(t *testing.T) {
	k := newEventKilling(t, baitSettleBeforeSending)
	for n := range eventBaitRounds {
		k.round(t, n%2 == 1)
		if n%5 < 4 {
			continue
		}
		k.end(t)
		k.report(t)
		for _, fault := range k.faults {
			if strings.HasPrefix(fault, "lost: ") {
				t.Logf("caught: %s", fault)
				return
			}
		}
		k.server.kill()
	}
	t.Errorf("a server that forgets an event when it sends it survived %d kills; faults: %q", eventBaitRounds, k.faults)
}

// An eventKilling is one server's series of lives, and who hears of them.
type eventKilling struct {
	server *server
	hooks  *hooks
	bus    *bus
	book   *eventBook
	random *rand.Rand
	rounds int
	well   atomic.Bool // the webhook fails no more
	faults []string    // after the end
}

// hookFails is one answer in how many of the webhook is a failure, while servers die.
const hookFails = 50

func newEventKilling(t *testing.T, b *build) *eventKilling {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k := &eventKilling{book: newEventBook(), bus: newBus(t), random: rand.New(rand.NewPCG(seed, 0))}
	k.hooks = newHooks(t, func(int, *backendEvent) int {
		if !k.well.Load() && rand.IntN(hookFails) == 0 {
			return 500
		}
		return 200
	})
	k.server = serveBuild(t, b, defaults().with(k.hooks.settings()).with(settings{"events.nats.url": k.bus.url}))
	k.server.kill()
	return k
}

// round is one life: start, load, kill.
func (k *eventKilling) round(t *testing.T, jetStream bool) {
	t.Helper()
	k.well.Store(false)
	k.server.settings = k.server.settings.with(settings{"events.nats.jetstream": jetStream})
	if err := k.server.start(); err != nil {
		t.Fatalf("round %d: %v", k.rounds, err)
	}
	k.book.live(t, k.server, time.Duration(k.random.Int64N(int64(200*time.Millisecond))))
	k.rounds++
}

// end starts the server once more, lets it hand over all that waits, and compares who heard what.
func (k *eventKilling) end(t *testing.T) {
	t.Helper()
	k.well.Store(true)
	if err := k.server.start(); err != nil {
		t.Fatal(err)
	}
	emptied(t, k.server)
	var heard []heardEvent
	for i, c := range k.hooks.all() {
		if c.said == 200 { // what it refused must come again, in the next life too
			heard = append(heard, heardEvent{id: c.id, event: c.event})
		}
		if c.bad != "" {
			t.Errorf("call %d: %s", i, c.bad)
		}
	}
	k.faults = k.book.compare("the webhook", heard)
	k.faults = append(k.faults, k.book.compare("NATS", k.bus.all())...)
	kept := k.bus.kept(t)
	k.faults = append(k.faults, k.book.compare("the stream", kept)...)
	ids := map[string]bool{}
	for _, e := range kept {
		if ids[e.id] {
			t.Errorf("the stream has %s twice", e.id)
		}
		ids[e.id] = true
	}
}

func (k *eventKilling) report(t *testing.T) {
	t.Helper()
	messages, entries := k.book.acceptedAll()
	t.Logf("%d kills: %d messages and %d entries accepted, %d connections; %d calls of the webhook, %d messages of NATS, %d in the stream; %d faults",
		k.rounds, messages, entries, len(k.book.greeted), len(k.hooks.all()), len(k.bus.all()), len(k.bus.kept(t)), len(k.faults))
}

// emptied waits until the outbox is empty.
func emptied(t *testing.T, s *server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*patience)
	defer cancel()
	for {
		resp, err := s.get(ctx, "http://"+s.admin+"/metrics")
		if err == nil && strings.Contains(resp.body, "\ndormouse_events_backlog 0\n") {
			return
		}
		if pause(ctx, pollEvery) != nil {
			_, rest, _ := strings.Cut(resp.body, "dormouse_events_backlog")
			t.Fatalf("the outbox is not emptied: %v %.2000s", err, rest)
		}
	}
}
