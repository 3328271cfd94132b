package persistence

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A step is one thing that can happen to an actor.
type step struct {
	what  string // apply, commit, due, delete, sleep, reopen, read
	w     []Write
	d     Durability
	due   time.Time
	from  string
	to    string
	wait  bool
	after bool // the scan goes backwards
}

func (s step) String() string {
	return fmt.Sprintf("%s %v %v %q %q", s.what, s.w, s.d, s.from, s.to)
}

// Few keys, so that they meet: two logged tables, two direct ones, and their edges.
var modelKeys = []string{
	"\x00", "a", "a\x00", "b1", "b2", "b3", "c\xff", "\x7f\xff", "\x80", "\x80\x00", "\x80k", "\x81k", "\xff", "\xff\xff",
}

func genKey(t *rapid.T) string { return rapid.SampledFrom(modelKeys).Draw(t, "key") }

func genBound(t *rapid.T) string {
	return rapid.SampledFrom(append([]string{"", "", "b", "\x80", "\x82"}, modelKeys...)).Draw(t, "bound")
}

func genStep(t *rapid.T) step {
	s := step{what: rapid.SampledFrom([]string{
		"apply", "apply", "apply", "apply", "commit", "commit", "due", "delete", "sleep", "reopen", "read", "read",
	}).Draw(t, "what")}
	switch s.what {
	case "apply":
		for range rapid.IntRange(1, 4).Draw(t, "writes") {
			if rapid.IntRange(0, 3).Draw(t, "op") == 0 {
				s.w = append(s.w, DeleteRow(genKey(t)))
				continue
			}
			value := bytes.Repeat([]byte{'v'}, rapid.SampledFrom([]int{0, 1, 30, 400}).Draw(t, "size"))
			s.w = append(s.w, PutRow(genKey(t), value))
		}
	case "commit":
		s.d = Durability(rapid.IntRange(0, 2).Draw(t, "durability"))
		s.wait = rapid.Bool().Draw(t, "wait")
	case "due":
		s.due = time.Unix(int64(rapid.IntRange(0, 5).Draw(t, "due")), 0).UTC()
		if s.due.Unix() == 0 {
			s.due = time.Time{}
		}
	case "delete":
		if rapid.IntRange(0, 3).Draw(t, "really") > 0 {
			s.what = "read"
		}
	}
	s.from, s.to, s.after = genBound(t), genBound(t), rapid.Bool().Draw(t, "reverse")
	return s
}

// A model is the same actor as a map.
type model struct {
	rows    map[string]string
	seq     uint64
	due     time.Time
	dueDisk time.Time // as of the last commit
	written bool      // it has an epoch
}

func (m *model) commit() {
	m.written = m.written || !m.due.Equal(m.dueDisk)
	m.dueDisk = m.due
}

func (m *model) scan(from, to string, reverse bool) (rows [][2]string) {
	if to == "" && from != "" && from[0] < 0xff {
		to = string([]byte{from[0] + 1})
	}
	for k, v := range m.rows {
		if k >= from && (to == "" || k < to) {
			rows = append(rows, [2]string{k, v})
		}
	}
	slices.SortFunc(rows, func(a, b [2]string) int { return bytes.Compare([]byte(a[0]), []byte(b[0])) })
	if reverse {
		slices.Reverse(rows)
	}
	return rows
}

// A variant is a way to run the same steps that must not make a difference.
type variant struct {
	name                 string
	checkpoint, resident int
	memtable             int64
	sleepAlways          bool
	reopenAlways         bool
	plain                bool
	cache                int64 // of rows
}

var variants = []variant{
	{name: "as it comes"},
	{name: "checkpoint always", checkpoint: 1},
	{name: "checkpoint always, hold nothing", checkpoint: 1, resident: 1},
	{name: "checkpoint often, hold little", checkpoint: 300, resident: 100},
	{name: "hold nothing, sleep always", checkpoint: 500, resident: 1, sleepAlways: true},
	{name: "checkpoint always, hold nothing, keep little", checkpoint: 1, resident: 1, cache: 3 * (cachedRowCost + 400)},
	{name: "checkpoint often, hold nothing, keep nothing", checkpoint: 300, resident: 1, cache: -1},
	{name: "sleep always", sleepAlways: true},
	{name: "open again always, small memtable", checkpoint: 200, resident: 200, memtable: 64 << 10, reopenAlways: true},
	{name: "plain commits, small memtable", checkpoint: 100, memtable: 64 << 10, plain: true},
}

// Whatever is done to an actor, under whatever options, it is what the map is.
func TestRowsAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(genStep), 1, 60).Draw(t, "steps")
		for _, v := range variants {
			runModel(t, v, steps)
		}
	})
}

type modelRun struct {
	v variant
	o Options
	s *Store
	r *Rows
	m model
}

func runModel(t *rapid.T, v variant, steps []step) {
	o := options(vfs.NewMem())
	o.CheckpointBytes, o.ResidentBytes, o.PlainCommits = v.checkpoint, v.resident, v.plain
	o.RowCacheSize = v.cache
	if v.memtable != 0 {
		o.MemTableSize = v.memtable
	}
	o.Fatal = func(err error) { panic(err) }
	x := &modelRun{v: v, o: o, m: model{rows: map[string]string{}}}
	defer func() {
		if x.s != nil {
			_ = x.s.Close()
		}
	}()
	fail := func(step int, err error) {
		if err != nil {
			t.Fatalf("%s, step %d, %v: %v", v.name, step, steps[step], err)
		}
	}
	fail(0, x.open())
	for i, s := range steps {
		fail(i, x.step(s))
		fail(i, x.compare(s))
		if v.sleepAlways || v.reopenAlways {
			x.r.Commit(Async, nil)
			fail(i, x.sleep(v.reopenAlways))
		}
	}
	x.r.Commit(Sync, nil)
	fail(len(steps)-1, x.sleep(true))
	fail(len(steps)-1, x.compare(step{}))
	fail(len(steps)-1, x.verify())
}

func (x *modelRun) open() (err error) {
	if x.s, err = Open(x.o); err == nil {
		x.r, err = x.s.Rows(lobby)
	}
	return err
}

// sleep closes the actor, or the store, and comes back.
func (x *modelRun) sleep(reopen bool) (err error) {
	x.m.commit()
	epoch := x.r.Epoch()
	x.r.Close()
	if reopen {
		if err := x.s.Close(); err != nil {
			return err
		}
		err = x.open()
	} else {
		x.r, err = x.s.Rows(lobby)
	}
	if err != nil {
		return err
	}
	if !x.m.written {
		x.m.seq = 0 // nobody was there who could know
	} else if x.r.Epoch() != epoch {
		return fmt.Errorf("epoch %d became %d", epoch, x.r.Epoch())
	}
	return nil
}

func (x *modelRun) step(s step) error {
	switch s.what {
	case "apply":
		seq, err := x.r.Apply(s.w)
		if err != nil {
			return err
		}
		x.m.seq++
		x.m.written = true
		for _, w := range s.w {
			if w.Op == Put {
				x.m.rows[w.Key] = string(w.Value)
			} else {
				delete(x.m.rows, w.Key)
			}
		}
		if seq != x.m.seq || x.r.Epoch() == 0 {
			return fmt.Errorf("number %d, epoch %d, want %d", seq, x.r.Epoch(), x.m.seq)
		}
	case "commit":
		x.m.commit()
		if s.wait {
			commit(x.r, s.d)
		} else {
			x.r.Commit(s.d, nil)
		}
		if ops, bytes := x.r.Pending(); ops != 0 || bytes != 0 {
			return fmt.Errorf("%d writes, %d bytes pending after a commit", ops, bytes)
		}
	case "due":
		x.r.SetDue(s.due)
		x.m.due = s.due
	case "delete":
		seq, err := x.r.DeleteAll()
		if err != nil {
			return err
		}
		x.m = model{rows: map[string]string{}, seq: x.m.seq + 1}
		if seq != x.m.seq || x.r.Epoch() != 0 {
			return fmt.Errorf("number %d, epoch %d after DeleteAll, want %d and none", seq, x.r.Epoch(), x.m.seq)
		}
	case "sleep", "reopen":
		x.r.Commit(None, nil)
		return x.sleep(s.what == "reopen")
	}
	return nil
}

// compare looks at the actor from all sides.
func (x *modelRun) compare(s step) error {
	if x.r.Seq() != x.m.seq || !x.r.Due().Equal(x.m.due) {
		return fmt.Errorf("seq %d due %v, want %d and %v", x.r.Seq(), x.r.Due(), x.m.seq, x.m.due)
	}
	for _, key := range modelKeys {
		got, err := x.r.Get(key)
		if err != nil {
			return err
		}
		want, ok := x.m.rows[key]
		if string(got) != want || (got != nil) != ok {
			return fmt.Errorf("row %q is %q, want %q", key, got, want)
		}
	}
	for _, span := range [][2]string{{s.from, s.to}, {"", ""}} {
		var got [][2]string
		err := x.r.Scan(span[0], span[1], s.after, func(k string, v []byte) bool {
			got = append(got, [2]string{k, string(v)})
			return true
		})
		if err != nil {
			return err
		}
		if diff := cmp.Diff(x.m.scan(span[0], span[1], s.after), got); diff != "" {
			return fmt.Errorf("scan of %q to %q, backwards %v:\n%s", span[0], span[1], s.after, diff)
		}
	}
	return nil
}

func (x *modelRun) verify() error {
	x.r.Close()
	if err := x.s.Close(); err != nil {
		return err
	}
	x.s = nil
	report, err := verifyFolder(x.o.FS, x.o.Dir)
	if err == nil && !report.OK() {
		err = fmt.Errorf("faults: %q", report.Faults)
	}
	if err == nil && (report.Actors == 1) != x.m.written {
		err = fmt.Errorf("%d actors, written %v", report.Actors, x.m.written)
	}
	return err
}
