package persistence

import (
	"testing"

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
