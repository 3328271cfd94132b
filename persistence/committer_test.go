package persistence

import (
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// heldCommitter is a committer whose syncs end one by one, when told to.
type heldCommitter struct {
	*committer
	applied chan int      // turns of each batch
	sync    chan struct{} // ends one
}

func newHeldCommitter(t *testing.T) *heldCommitter {
	s := open(t, options(vfs.NewMem()))
	t.Cleanup(func() { must(s.Close()) })
	h := &heldCommitter{applied: make(chan int, 16), sync: make(chan struct{})}
	env := s.commitEnv()
	env.applied = func(turns []turn) { h.applied <- len(turns) }
	env.completed = func([]turn) bool { return true }
	synced := env.wait
	env.wait = func(b *pebble.Batch) error {
		<-h.sync
		return synced(b)
	}
	h.committer = newCommitter(env, &s.o, func(err error) { panic(err) })
	return h
}

// add hands over a turn of so many bytes.
func (h *heldCommitter) add(bytes int, done func()) {
	h.committer.add(turn{durability: Sync, bytes: bytes, done: done})
}

// TestSmallBatchesGatherWhileTheDiskIsBusy: what comes during a sync shares the next one, but for a big batch, which
// is applied at once.
func TestSmallBatchesGatherWhileTheDiskIsBusy(t *testing.T) {
	h := newHeldCommitter(t)
	done := make(chan int, 16)
	h.add(1, func() { done <- 0 })
	if n := <-h.applied; n != 1 {
		t.Fatalf("%d turns in the first batch, 1 was added", n)
	}
	for i := range 3 {
		h.add(1, func() { done <- 1 + i })
	}
	h.sync <- struct{}{}
	if n := <-h.applied; n != 3 {
		t.Fatalf("%d turns in the batch after a sync during which 3 came", n)
	}
	h.add(1, func() { done <- 4 })
	h.add(early, func() { done <- 5 })
	if n := <-h.applied; n != 2 {
		t.Fatalf("%d turns in a batch that became big, 2 were added", n)
	}
	h.sync <- struct{}{}
	h.sync <- struct{}{}
	h.close()
	close(done)
	var order []int
	for i := range done {
		order = append(order, i)
	}
	if !slices.Equal(order, []int{0, 1, 2, 3, 4, 5}) {
		t.Fatalf("callbacks ran in the order %v", order)
	}
}

// TestCloseDoesNotWaitForMore: what gathers is committed when the committer is closed.
func TestCloseDoesNotWaitForMore(t *testing.T) {
	h := newHeldCommitter(t)
	var done []int
	h.add(1, func() { done = append(done, 0) })
	<-h.applied
	h.add(1, func() { done = append(done, 1) })
	go func() {
		h.sync <- struct{}{}
		h.sync <- struct{}{}
	}()
	h.close()
	if !slices.Equal(done, []int{0, 1}) {
		t.Fatalf("callbacks of %v ran, not of 0 and 1", done)
	}
}
