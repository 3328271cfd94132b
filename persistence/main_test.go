package persistence

import (
	"log/slog"
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if run := children[os.Getenv(childEnv)]; run != nil {
		run()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// childEnv names the part that a process started by a test has to play.
const childEnv = "PERSISTENCE_TEST_CHILD"

// children are those parts.
var children = map[string]func(){}

// options are those of a store in memory.
func options(fs vfs.FS) Options {
	return Options{Dir: "data", FS: fs, Logger: slog.New(slog.DiscardHandler), MemTableSize: 1 << 20, CacheSize: 1 << 20}
}

func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Fatal == nil {
		o.Fatal = func(err error) { panic(err) }
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wake(t testing.TB, s *Store, a Address) *Rows {
	t.Helper()
	r, err := s.Rows(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// commit seals the turn and waits until it is done.
func commit(r *Rows, d Durability) bool {
	done := make(chan struct{})
	if !r.Commit(d, func() { close(done) }) {
		return false
	}
	<-done
	return true
}

func apply(t testing.TB, r *Rows, w ...Write) uint64 {
	t.Helper()
	seq, err := r.Apply(w)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func get(t testing.TB, r *Rows, key string) string {
	t.Helper()
	v, err := r.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		return "(none)"
	}
	return string(v)
}

var lobby = Address{App: "app", Kind: "channel", Name: "game.lobby"}
