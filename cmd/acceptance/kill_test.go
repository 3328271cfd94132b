package acceptance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	killChannels = 8
	writersEach  = 8 // of a channel; it has as many observers
	publishers   = 8

	// readyWithin is the promise of how long a start after a crash takes. It is held against the processor
	// time that the process has used by then: how long it waits for a processor says nothing about it.
	readyWithin = 2 * time.Second
)

// TestKillNine kills the server at random moments, again and again, and asks after each start whether all
// that was said is true: every acknowledged write is there, and every value that somebody saw, or a later
// one; every message answered with 202 is listed; the numbers of a channel's changes have no holes; each
// observer saw every value once.
func TestKillNine(t *testing.T) {
	k := newKilling(t, program)
	for range killRounds {
		k.round(t)
	}
	k.lastRound(t)
	k.report(t)
	for _, fault := range k.book.faults {
		t.Error(fault)
	}
}

// baitRounds is how many kills a server that says yes too early may survive.
const baitRounds = 25

// TestKillNineCatchesAnAckBeforeTheCommit shows that the test above would tell: it lets the same clients
// loose on a server that was built to say yes before it has written anything.
func TestKillNineCatchesAnAckBeforeTheCommit(t *testing.T) {
	k := newKilling(t, baitAckBeforeCommit)
	for n := range baitRounds {
		k.round(t)
		if k.losses() > 0 {
			k.report(t)
			t.Logf("caught in round %d: %s", n+1, k.book.faults[0])
			return
		}
	}
	k.report(t)
	t.Errorf("a server that says yes before the commit survived %d kills", baitRounds)
}

// A killing is one server's series of lives.
type killing struct {
	server  *server
	tr      *transcript
	book    *ledger
	random  *rand.Rand
	rounds  int
	slowest time.Duration // to be ready
	hardest time.Duration // processor time until then
}

func newKilling(t *testing.T, b *build) *killing {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := serveBuild(t, b, defaults())
	s.kill()
	return &killing{server: s, tr: newTranscript(t), book: newLedger(killChannels, writersEach, publishers), random: rand.New(rand.NewPCG(seed, 0))}
}

// round is one life: start, look, load, kill.
func (k *killing) round(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	k.begin(t)
	l, err := startLoad(ctx, k.server, k.book)
	if err != nil {
		l.kill()
		t.Fatalf("round %d: %v", k.rounds, err)
	}
	_ = pause(ctx, 50*time.Millisecond+time.Duration(k.random.Int64N(int64(400*time.Millisecond))))
	l.kill()
	k.book.died(false)
	k.rounds++
}

// lastRound kills when every write is acknowledged, so that there is nothing that may be missing.
func (k *killing) lastRound(t *testing.T) {
	t.Helper()
	k.begin(t)
	l, err := startLoad(t.Context(), k.server, k.book)
	if err != nil {
		t.Fatal(err)
	}
	_ = pause(t.Context(), 300*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := l.settle(ctx); err != nil {
		t.Errorf("writes stay without an answer: %v", err)
	}
	l.finish()
	k.book.died(true)
	k.server.kill()
	k.begin(t)
}

// begin starts the server and compares what it has with what was told.
func (k *killing) begin(t *testing.T) {
	t.Helper()
	began := time.Now()
	if err := k.server.start(); err != nil {
		t.Fatalf("round %d: %v", k.rounds, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := k.server.ready(ctx); err != nil {
		t.Fatalf("round %d: %v", k.rounds, err)
	}
	k.slowest = max(k.slowest, time.Since(began))
	worked, err := k.server.worked()
	if err != nil {
		t.Fatal(err)
	}
	k.hardest = max(k.hardest, worked)
	if worked > readyWithin {
		t.Errorf("round %d: ready after %v of work, want %v at most", k.rounds, worked, readyWithin)
	}
	if k.rounds == 0 {
		return
	}
	if err := k.look(t, ctx); err != nil {
		t.Fatalf("round %d: %v", k.rounds, err)
	}
}

// look reads back everything that is new.
func (k *killing) look(t *testing.T, ctx context.Context) error {
	t.Helper()
	for _, c := range k.book.channels {
		values, err := storedValues(ctx, k.server, url.PathEscape(c.name))
		if err != nil {
			return err
		}
		k.book.stored(c, values)
	}
	var rights []string
	for _, s := range k.book.streams {
		rights = append(rights, fmt.Sprintf(`%q:{"subscribe":true,"historyStart":0}`, s.name))
	}
	reader := connect(t, k.server, k.tr, "reader", hs256.sign(string(connectToken(claims(`{"channels":{`+strings.Join(rights, ",")+`}}`)))))
	defer reader.cut()
	for _, s := range k.book.streams {
		reader.send(fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%q}`, s.name))
		reader.expect(incoming("subscribed "+s.name), nil)
		messages, err := listAll(ctx, k.server, reader, s.name, s.lastID)
		if err != nil {
			return err
		}
		k.book.listed(s, messages)
	}
	return nil
}

// losses counts what was told and is not there.
func (k *killing) losses() int {
	n := 0
	for _, fault := range k.book.faults {
		if strings.HasPrefix(fault, "lost: ") {
			n++
		}
	}
	return n
}

func (k *killing) report(t *testing.T) {
	t.Helper()
	t.Logf("%d kills: %d writes acknowledged, %d values and messages seen, %d messages accepted; %d losses, %d faults; slowest start %v, hardest %v of work",
		k.rounds, k.book.acks, k.book.seen, k.book.accepted, k.losses(), len(k.book.faults), k.slowest.Round(time.Millisecond), k.hardest)
}
