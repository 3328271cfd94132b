package persistence

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fits is the cost of a row in these tests.
const fits = cachedRowCost + 4 + 100

func cacheKey(i int) string { return fmt.Sprintf("e%03d", i) }

// countKept reads the keys again and says how many a part has.
func countKept(p *cachePart, from, to int) (n int) {
	for i := from; i < to; i++ {
		if p.get(cacheKey(i)) != nil {
			n++
		}
	}
	return n
}

// TestRowCacheKeepsItsBound: the parts of all actors together keep the bound, an idle one gives way to one that
// reads, and what is read often stays.
func TestRowCacheKeepsItsBound(t *testing.T) {
	c := &rowCache{bound: 100 * fits}
	idle, busy := c.part(), c.part()
	value := make([]byte, 100)
	for i := range 80 {
		idle.put(cacheKey(i), value)
	}
	if n := countKept(idle, 0, 80); n != 80 || c.bytes.Load() != 80*fits {
		t.Errorf("%d rows of 80 are kept, in %d bytes, want %d", n, c.bytes.Load(), 80*fits)
	}
	misses := 0
	for i := range 1000 {
		busy.put(cacheKey(i), value)
		if busy.get(cacheKey(0)) == nil {
			misses++
			busy.put(cacheKey(0), value)
		}
		if n := c.bytes.Load(); n > c.bound {
			t.Fatalf("%d bytes after row %d, at most %d are allowed", n, i, c.bound)
		}
	}
	if n := countKept(idle, 0, 80); n != 0 {
		t.Errorf("an idle actor keeps %d rows while another needs room", n)
	}
	if n := countKept(busy, 960, 1000); n < 20 {
		t.Errorf("of the last 40 rows %d are kept", n)
	}
	if misses > 8 {
		t.Errorf("a row that is always read was gone %d times", misses)
	}
	if c.evicted.Load() < 900 {
		t.Errorf("%d rows gave way", c.evicted.Load())
	}

	busy.put(cacheKey(999), make([]byte, c.bound/cachedShare))
	if busy.get(cacheKey(999)) != nil {
		t.Error("one row takes more than its share, or an old value stays in its place")
	}
	busy.put(cacheKey(998), value[:1])
	busy.drop(cacheKey(998))
	busy.drop(cacheKey(998))
	if busy.get(cacheKey(998)) != nil {
		t.Error("a dropped row is there")
	}
	idle.close()
	busy.close()
	if n := c.bytes.Load(); n != 0 || len(c.parts) != 0 {
		t.Errorf("%d bytes in %d parts after both were closed", n, len(c.parts))
	}
}

// TestRowsThatAreKeptAreNotRead: an actor with many rows reads one from the disk once, and what it wrote not at
// all.
func TestRowsThatAreKeptAreNotRead(t *testing.T) {
	o := options(vfs.NewMem())
	o.ResidentBytes, o.CheckpointBytes = 1, 1<<10
	s := open(t, o)
	r := wake(t, s, lobby)
	value := bytes.Repeat([]byte{'v'}, 100)
	for i := range 200 {
		apply(t, r, PutRow(cacheKey(i), value))
		commit(r, Async)
	}
	apply(t, r, DeleteRow(cacheKey(0)))
	for range 20 { // checkpoints, with and behind it
		apply(t, r, PutRow(cacheKey(1), value))
		commit(r, Async)
	}
	if got := get(t, r, cacheKey(0)); got != "(none)" {
		t.Errorf("a removed row is %q", got)
	}
	if n := countKept(r.cache, 0, 200); n < 180 || r.cache.get(cacheKey(0)) != nil {
		t.Errorf("%d rows of 199 that were written are kept", n)
	}
	r.Close()
	if kept, _ := s.RowCache(); kept != 0 {
		t.Errorf("%d bytes are kept of an actor that sleeps", kept)
	}

	r = wake(t, s, lobby)
	for range 2 {
		if got := get(t, r, cacheKey(7)); got != string(value) {
			t.Errorf("a row is %q", got)
		}
		if kept, _ := s.RowCache(); kept != fits {
			t.Errorf("%d bytes are kept of one row that was read, want %d", kept, fits)
		}
	}
	if _, err := r.DeleteAll(); err != nil {
		t.Fatal(err)
	}
	if kept, _ := s.RowCache(); kept != 0 || get(t, r, cacheKey(7)) != "(none)" {
		t.Errorf("%d bytes are kept of an actor that was deleted", kept)
	}
	commit(r, Sync)
	r.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
