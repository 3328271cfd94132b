package persistence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"dormouse/claims"
)

// crashes is how many power cuts a run makes.
func crashes() int {
	switch {
	case testing.Short():
		return 100
	case raceEnabled:
		return 200
	}
	return 2000
}

// The power is cut at any moment, of what was not synced a share survives, block by block: nothing that
// was said to be on disk is lost, no number is missing, and every folder opens.
func TestPowerCuts(t *testing.T) {
	c := newCrashes(t, Sync)
	for c.done < crashes() {
		c.round()
	}
	t.Logf("%d power cuts, %d acknowledged commits, %d rows read back; lost %d", c.done, c.acks.Load(), c.read, len(c.lost))
	for _, lost := range c.lost {
		t.Error(lost)
	}
}

// The same, with acknowledgements that do not wait for the disk: if that is not found, the test above
// would find nothing.
func TestPowerCutsAreNoticed(t *testing.T) {
	c := newCrashes(t, None)
	for c.done < 100 && len(c.lost) == 0 {
		c.round()
	}
	if len(c.lost) == 0 {
		t.Error("commits were acknowledged before they were on disk, and none was missed")
	}
}

const (
	crashWriters = 64
	actorsEach   = 2
)

// crashTest is a store that is cut off again and again. What change n of an actor does follows from n
// alone, so that the state after S changes is known without having been there.
type crashTest struct {
	t       *testing.T
	ackAt   Durability
	rng     *rand.Rand
	fs      *crashFS
	rounds  int
	done    int
	read    int
	lost    []string
	acks    atomic.Int64
	acked   [crashWriters * actorsEach]atomic.Uint64
	clones  []crashClone
	ticks   chan struct{}
	stopped atomic.Bool
}

type crashClone struct {
	fs    *crashFS
	acked []uint64
	o     Options
}

// crashFS is a disk whose power can be cut. Beneath, this one call takes a lock that it holds already, and
// waits for ever if the disk is copied in between.
type crashFS struct{ *vfs.MemFS }

func (fs *crashFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := fs.Rename(from, to); err != nil {
		return nil, err
	}
	return fs.OpenReadWrite(to, c)
}

func (fs *crashFS) cut(percent int, seed uint64) *crashFS {
	return &crashFS{fs.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 0)),
	})}
}

func newCrashes(t *testing.T, ackAt Durability) *crashTest {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return &crashTest{t: t, ackAt: ackAt, rng: rand.New(rand.NewPCG(seed, 1)), ticks: make(chan struct{}, 4096)}
}

func crashAddress(i int) Address {
	return Address{App: "app", Kind: "channel", Name: fmt.Sprintf("n%d", i)}
}

// round opens a store, now and then one that was cut off, cuts it off many times while it is written, and
// looks at every copy.
func (c *crashTest) round() {
	if c.fs == nil || c.rounds%8 == 0 {
		c.fs = &crashFS{vfs.NewCrashableMem()}
		for i := range c.acked {
			c.acked[i].Store(0)
		}
	}
	c.rounds++
	o := options(c.fs)
	o.MemTableSize = []int64{64 << 10, 256 << 10, 1 << 20}[c.rng.IntN(3)]
	o.CheckpointBytes = []int{1, 400, 4 << 10, 64 << 10}[c.rng.IntN(4)]
	o.ResidentBytes = []int{1, 200, 64 << 10}[c.rng.IntN(3)]
	o.Fatal = func(err error) { panic(err) }
	o.PlainCommits = c.rng.IntN(8) == 0

	// Cut off while it opens, too.
	opened := make(chan *Store)
	go func() {
		s, err := Open(o)
		if err != nil {
			panic(err)
		}
		opened <- s
	}()
	c.cut(o)
	s := <-opened
	c.write(s, o)
	if err := s.Close(); err != nil {
		c.t.Fatal(err)
	}
	for _, clone := range c.clones {
		c.check(clone)
	}
	next := c.clones[len(c.clones)-1]
	c.clones = c.clones[:0]
	c.fs = next.fs
	for i := range c.acked {
		c.acked[i].Store(next.acked[i])
	}
}

// cut takes a copy of the disk as a power cut at this moment would leave it.
func (c *crashTest) cut(o Options) {
	acked := make([]uint64, len(c.acked))
	for i := range acked {
		acked[i] = c.acked[i].Load() // before the copy: whatever comes later need not be in it
	}
	percent := []int{0, 30, 70}[c.rng.IntN(3)]
	fs := c.fs.cut(percent, c.rng.Uint64())
	o.FS = fs
	c.clones = append(c.clones, crashClone{fs, acked, o})
}

func (c *crashTest) write(s *Store, o Options) {
	c.stopped.Store(false)
	var writers sync.WaitGroup
	for w := range crashWriters {
		rng := rand.New(rand.NewPCG(c.rng.Uint64(), 2))
		writers.Go(func() { c.writer(s, w, rng) })
	}
	for range 24 {
		for range c.rng.IntN(60) {
			<-c.ticks
		}
		c.cut(o)
	}
	c.stopped.Store(true)
	writers.Wait()
	for len(c.ticks) > 0 {
		<-c.ticks
	}
}

// writer writes its actors until it is told to stop: turns of a few changes, several in flight, of all
// durabilities, with sleep in between.
func (c *crashTest) writer(s *Store, w int, rng *rand.Rand) {
	var rows [actorsEach]*Rows
	flying := make(chan struct{}, 4)
	for i := 0; !c.stopped.Load(); i++ {
		n := rng.IntN(actorsEach)
		actor := w*actorsEach + n
		if rows[n] == nil {
			r, err := s.Rows(crashAddress(actor))
			if err != nil {
				panic(err)
			}
			rows[n] = r
		}
		r := rows[n]
		for range 1 + rng.IntN(3) {
			seq := r.Seq() + 1
			if got, err := r.Apply(crashChange(actor, seq)); err != nil || got != seq {
				panic(fmt.Sprint(got, seq, err))
			}
			if want := crashSize(actor, seq); r.size != want {
				panic(fmt.Sprintf("actor %d measures %d after change %d, want %d", actor, r.size, seq, want))
			}
			r.SetDue(time.Unix(int64(seq), 0))
		}
		seq, d := r.Seq(), c.ackAt
		if rng.IntN(4) == 0 {
			d = Durability(rng.IntN(3))
		}
		flying <- struct{}{}
		r.Commit(d, func() {
			if d == c.ackAt {
				c.acked[actor].Store(seq)
				c.acks.Add(1)
			}
			select {
			case c.ticks <- struct{}{}:
			default:
			}
			<-flying
		})
		if rng.IntN(20) == 0 {
			r.Close()
			rows[n] = nil
		}
	}
}

// crashChange is what change seq of an actor does.
func crashChange(actor int, seq uint64) []Write {
	w := []Write{PutRow("count", binary.BigEndian.AppendUint64(nil, seq))}
	if key := fmt.Sprintf("e%d", seq%7); seq%11 == 0 {
		w = append(w, DeleteRow(key))
	} else {
		w = append(w, PutRow(key, bytes.Repeat([]byte{byte(seq)}, int(seq%90))))
	}
	w = append(w, PutRow(crashDirect(seq), []byte{byte(seq)}))
	if seq > 20 {
		w = append(w, DeleteRow(crashDirect(seq-20)))
	}
	if seq%10 == 0 {
		w = append(w, EmitEvent("app", fmt.Sprint(actor), binary.BigEndian.AppendUint64(nil, seq)))
	}
	if seq%16 == 0 {
		w = append(w, SpendID("app", crashSpent(actor, seq), time.Unix(int64(seq), 0)))
	}
	if seq%13 == 0 {
		w = append(w, Unlist("app", crashListed(actor)))
	} else {
		w = append(w, List("app", crashListed(actor), binary.BigEndian.AppendUint64(nil, seq)))
	}
	return w
}

func crashListed(actor int) string { return fmt.Sprintf("n%d", actor) }

func crashDirect(seq uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte{0x80}, seq))
}

func crashSpent(actor int, seq uint64) string { return fmt.Sprintf("%d-%d", actor, seq) }

// crashState is what an actor has after seq changes.
func crashState(actor int, seq uint64) map[string]string {
	rows := map[string]string{}
	first := uint64(1)
	if seq > 21 { // no row is as old
		first = seq - 21
	}
	for n := first; n <= seq; n++ {
		for _, w := range crashChange(actor, n) {
			switch w.Op {
			case Put:
				rows[w.Key] = string(w.Value)
			case Delete:
				delete(rows, w.Key)
			}
		}
	}
	return rows
}

// crashSize is what its logged rows measure then.
func crashSize(actor int, seq uint64) (n uint64) {
	for key, value := range crashState(actor, seq) {
		if key[0] < Direct {
			n += uint64(len(key) + len(value))
		}
	}
	return n
}

// check opens what a power cut left.
func (c *crashTest) check(clone crashClone) {
	c.done++
	s, err := Open(clone.o)
	if err != nil {
		c.lose("a folder does not open: %v", err)
		return
	}
	seqs := make([]uint64, len(clone.acked))
	for actor := range seqs {
		seqs[actor] = c.checkActor(s, actor, clone.acked[actor])
	}
	c.checkEvents(s, seqs)
	v := verifier{s: s}
	if err := v.run(); err != nil {
		c.lose("verify: %v", err)
	}
	for _, fault := range v.Faults {
		c.lose("%s", fault)
	}
	if err := s.Close(); err != nil {
		c.lose("close: %v", err)
	}
}

func (c *crashTest) lose(format string, args ...any) {
	if len(c.lost) < 20 {
		c.lost = append(c.lost, fmt.Sprintf("cut %d: ", c.done)+fmt.Sprintf(format, args...))
	}
}

func (c *crashTest) checkActor(s *Store, actor int, acked uint64) uint64 {
	r, err := s.Rows(crashAddress(actor))
	if err != nil {
		c.lose("actor %d: %v", actor, err)
		return 0
	}
	defer r.Close()
	seq := r.Seq()
	if seq < acked {
		c.lose("actor %d is at %d, and was said to be at %d", actor, seq, acked)
	}
	want := crashState(actor, seq)
	got := map[string]string{}
	if err := r.Scan("", "", false, func(k string, v []byte) bool { got[k] = string(v); return true }); err != nil {
		c.lose("actor %d: %v", actor, err)
	}
	c.read += len(got)
	if len(got) != len(want) {
		c.lose("actor %d at %d has %d rows, want %d", actor, seq, len(got), len(want))
	}
	for k, v := range want {
		if got[k] != v {
			c.lose("actor %d at %d: row %q is %q, want %q", actor, seq, k, got[k], v)
		}
	}
	if seq > 0 && r.Due().Unix() != int64(seq) {
		c.lose("actor %d at %d is due at %v", actor, seq, r.Due())
	}
	var listed []byte
	if seq%13 != 0 {
		listed = binary.BigEndian.AppendUint64(nil, seq)
	}
	if row, err := s.Listed("app", crashListed(actor)); err != nil || !bytes.Equal(row, listed) {
		c.lose("actor %d at %d is listed as %x: %v", actor, seq, row, err)
	}
	if last := seq / 16 * 16; last > 0 {
		spend := claims.Spend{App: "app", ID: crashSpent(actor, last), Until: time.Unix(1, 0)}
		if err := s.Ledger().Reserve(spend); err != claims.ErrSpent {
			c.lose("actor %d at %d: %q is not spent: %v", actor, seq, spend.ID, err)
		}
	}
	return seq
}

func (c *crashTest) checkEvents(s *Store, seqs []uint64) {
	events, err := s.Outbox().Next(0, 1<<30)
	if err != nil || len(events) != s.Outbox().Len() {
		c.lose("%d events, said to be %d: %v", len(events), s.Outbox().Len(), err)
	}
	next := map[string]uint64{}
	for _, e := range events {
		next[e.Key] += 10
		if got := binary.BigEndian.Uint64(e.Value); got != next[e.Key] {
			c.lose("actor %s: event %d after %d", e.Key, got, next[e.Key]-10)
		}
	}
	for actor, seq := range seqs {
		if got, want := next[fmt.Sprint(actor)], seq/10*10; got != want {
			c.lose("actor %d at %d: its last event is %d", actor, seq, got)
		}
	}
}
