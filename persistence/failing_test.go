package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// The k-th write, sync, rename or creation of a file fails, once. Whatever it was for: nothing is
// acknowledged that is not on disk, the process is told to end or goes on rightly, and the folder opens.
//
// It plays in a process of its own: a store that has failed leaves goroutines behind, as it must.
func TestFailingDisk(t *testing.T) {
	out := playChild(t, "failing")
	if !strings.HasSuffix(out, "sound\n") {
		t.Error(out)
	}
	t.Log(out)
}

// playChild runs a part of children in another process and returns what it printed.
func playChild(t *testing.T, part string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+part)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func init() { children["failing"] = playFailing }

var failingOps = []struct {
	what  string
	kinds []errorfs.OpKind
}{
	{"write", []errorfs.OpKind{errorfs.OpFileWrite, errorfs.OpFileWriteAt}},
	{"sync", []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}},
	{"create", []errorfs.OpKind{errorfs.OpCreate, errorfs.OpReuseForWrite, errorfs.OpMkdirAll, errorfs.OpLock}},
	{"rename", []errorfs.OpKind{errorfs.OpRename, errorfs.OpRemove, errorfs.OpLink}},
	{"read", []errorfs.OpKind{errorfs.OpFileRead, errorfs.OpFileReadAt, errorfs.OpOpen, errorfs.OpList, errorfs.OpStat}},
}

func playFailing() {
	most := 300
	if raceEnabled {
		most = 60
	}
	for _, ops := range failingOps {
		var tally failingTally
		for k := 1; k <= most; k++ {
			f := failing{what: ops.what, k: int64(k)}
			for _, kind := range ops.kinds {
				f.kinds |= 1 << kind
			}
			if err := f.run(&tally); err != nil {
				fmt.Printf("%s %d: %v\n", ops.what, k, err)
				os.Exit(1)
			}
			if !f.hit.Load() {
				break // there are no more of them
			}
		}
		fmt.Printf("%s: %+v\n", ops.what, tally)
	}
	fmt.Println("sound")
}

type failingTally struct{ Runs, NotOpened, Ended, WentOn, Acks int }

type failing struct {
	what  string
	k     int64
	kinds uint64
	n     atomic.Int64
	hit   atomic.Bool
	fatal chan struct{}
	acked [3]atomic.Uint64
}

// failingFS fails in recycled files too.
type failingFS struct {
	*errorfs.FS
	inject errorfs.Injector
}

func (fs *failingFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(from, to, c)
	if err != nil {
		return nil, err
	}
	return errorfs.WrapFile(f, fs.inject), nil
}

var errFailing = errors.New("this one fails")

func (f *failing) inject(op errorfs.Op) error {
	if f.kinds&(1<<op.Kind) != 0 && f.n.Add(1) == f.k {
		f.hit.Store(true)
		return errFailing
	}
	return nil
}

const failingPatience = 20 * time.Second

func (f *failing) run(tally *failingTally) error {
	tally.Runs++
	mem := &crashFS{vfs.NewCrashableMem()}
	f.fatal = make(chan struct{})
	inject := errorfs.InjectorFunc(f.inject)
	o := options(&failingFS{errorfs.Wrap(mem, inject), inject})
	o.MemTableSize, o.CheckpointBytes = 64<<10, 4<<10
	o.Fatal = func(error) { close(f.fatal) }
	// Whatever touches a store that has failed may wait for ever: it is waited for from outside.
	worked := make(chan error, 1)
	go func() { worked <- f.work(o) }()
	err := f.await(worked)
	if errors.Is(err, ErrClosed) {
		<-f.fatal
		err = errEnded
	}
	switch {
	case errors.Is(err, errNotOpened):
		tally.NotOpened++
	case errors.Is(err, errEnded):
		tally.Ended++
	case err != nil:
		return err
	default:
		tally.WentOn++
	}
	var said [len(f.acked)]uint64 // before the cut: a store that fails at one end may go on at the other
	for i := range said {
		said[i] = f.acked[i].Load()
	}
	o.FS = mem.cut(0, 0)
	o.Fatal = func(err error) { panic(err) }
	s, err := Open(o)
	if err != nil {
		return fmt.Errorf("it does not open any more: %w", err)
	}
	for i, acked := range said {
		r, err := s.Rows(crashAddress(i))
		if err != nil {
			return err
		}
		if r.Seq() < acked {
			return fmt.Errorf("actor %d is at %d, and was said to be at %d", i, r.Seq(), acked)
		}
		for key, want := range failingState(r.Seq()) {
			if got, err := r.Get(key); err != nil || string(got) != want {
				return fmt.Errorf("actor %d at %d: row %q has %d bytes, want %d: %v", i, r.Seq(), key, len(got), len(want), err)
			}
		}
		tally.Acks += int(acked)
		r.Close()
	}
	v := verifier{s: s}
	if err := v.run(); err != nil || !v.OK() {
		return fmt.Errorf("%v, faults %q", err, v.Faults)
	}
	return s.Close()
}

var (
	errNotOpened = errors.New("not opened")
	errEnded     = errors.New("told to end")
)

// work opens a store and writes until it is told to end, or has had enough.
func (f *failing) work(o Options) error {
	s, err := Open(o)
	if errors.Is(err, errFailing) {
		return errNotOpened
	}
	if err != nil {
		return err
	}
	var rows [len(f.acked)]*Rows
	for n := range 280 {
		i := n % len(rows)
		if rows[i] == nil {
			r, err := s.Rows(crashAddress(i))
			if errors.Is(err, errFailing) {
				continue // a read failed, and says so
			}
			if err != nil {
				return err
			}
			rows[i] = r
		}
		r := rows[i]
		seq, err := r.Apply(failingChange(r.Seq() + 1))
		if err != nil {
			if !errors.Is(err, errFailing) {
				return err
			}
			continue
		}
		done := make(chan struct{})
		r.Commit(Sync, func() { f.acked[i].Store(seq); close(done) })
		<-done
		if n%10 == 9 {
			r.Close()
			rows[i] = nil
		}
	}
	if err := s.Close(); err != nil && !errors.Is(err, errFailing) {
		return err
	}
	return nil
}

func (f *failing) await(c chan error) error {
	patience := time.NewTimer(failingPatience)
	defer patience.Stop()
	select {
	case err := <-c:
		return err
	case <-f.fatal:
		return errEnded
	case <-patience.C:
		return fmt.Errorf("nothing happened for %v", failingPatience)
	}
}

func failingChange(seq uint64) []Write {
	value := bytes.Repeat([]byte{byte(seq)}, 1500)
	return []Write{PutRow(fmt.Sprint("e", seq%3), value), PutRow(fmt.Sprint("\x80", seq), value[:100])}
}

func failingState(seq uint64) map[string]string {
	rows := map[string]string{}
	for n := uint64(1); n <= seq; n++ {
		for _, w := range failingChange(n) {
			rows[w.Key] = string(w.Value)
		}
	}
	return rows
}
