package persistence

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestRowsOutliveTheStore(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, options(fs))
	r := wake(t, s, lobby)
	if r.Epoch() != 0 || r.Seq() != 0 {
		t.Fatalf("a new actor has epoch %d, seq %d", r.Epoch(), r.Seq())
	}
	apply(t, r, PutRow("ea", []byte("1")), PutRow("\x80m", []byte("2")))
	apply(t, r, PutRow("eb", nil))
	if !commit(r, Sync) || commit(r, Sync) {
		t.Fatal("one commit was pending, and then none")
	}
	epoch := r.Epoch()
	r.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, options(fs))
	r = wake(t, s, lobby)
	if r.Epoch() != epoch || r.Seq() != 2 {
		t.Errorf("epoch %d became %d; seq 2 became %d", epoch, r.Epoch(), r.Seq())
	}
	for key, want := range map[string]string{"ea": "1", "\x80m": "2", "eb": "", "ec": "(none)"} {
		if got := get(t, r, key); got != want {
			t.Errorf("row %q is %q, want %q", key, got, want)
		}
	}
	r.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasRemovedStaysSo: an actor grows too big to be held in memory while the commit that removed one of
// its rows is still on its way. Nothing may read that row from the disk.
func TestWhatWasRemovedStaysSo(t *testing.T) {
	o := options(vfs.NewMem())
	o.ResidentBytes, o.CheckpointBytes = 100, 1
	s := open(t, o)
	r := wake(t, s, Address{App: "a", Kind: "channel", Name: "n"})
	turn := func(w ...Write) <-chan struct{} {
		if _, err := r.Apply(w); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		r.Commit(Sync, func() { close(done) })
		return done
	}
	<-turn(PutRow("x", []byte("old")), PutRow("y", []byte("kept")))

	apply, held := s.committer.env.apply, make(chan struct{})
	s.committer.env.apply = func(b *pebble.Batch, sync bool) error {
		<-held
		return apply(b, sync)
	}
	turn(DeleteRow("x"))
	turn(PutRow("big", make([]byte, 200)))
	turn(PutRow("big", make([]byte, 300)))
	if got, err := r.Get("x"); got != nil || err != nil {
		t.Errorf("a row that was removed is %q, %v", got, err)
	}
	seen := 0
	if err := r.Scan("", "", false, func(string, []byte) bool { seen++; return true }); err != nil || seen != 2 {
		t.Errorf("a scan sees %d rows, %v; want 2", seen, err)
	}
	last := turn(PutRow("x", []byte("new")))
	if want := uint64(len("x"+"new"+"y"+"kept"+"big") + 300); r.size != want {
		t.Errorf("it measures %d, want %d", r.size, want)
	}
	close(held)
	<-last
	<-turn(PutRow("big", make([]byte, 301)))
	if r.whole {
		t.Error("it is still held in memory")
	}
	r.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
