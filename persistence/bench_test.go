package persistence

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
)

// benchDisk opens a store on the real disk.
func benchDisk(b testing.TB, tune func(*Options)) *Store {
	o := Options{Dir: b.TempDir() + "/data", Logger: slog.New(slog.DiscardHandler), BallastBytes: -1, ReadOnlyAt: 1}
	if tune != nil {
		tune(&o)
	}
	s := open(b, o)
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

var value200 = []byte(fmt.Sprintf("%0200d", 7))

// One actor that is asked all the time: a command's write, a turn for every one or for 16, never waiting
// for more than 64 turns.
func BenchmarkHotActor(b *testing.B) {
	for _, turn := range []int{1, 16} {
		b.Run(fmt.Sprintf("turn=%d", turn), func(b *testing.B) {
			s := benchDisk(b, nil)
			r := wake(b, s, lobby)
			flying := make(chan struct{}, 64)
			land := func() { <-flying }
			keys := make([]string, 10)
			for i := range keys {
				keys[i] = fmt.Sprintf("ekey%d", i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				apply(b, r, PutRow(keys[i%len(keys)], value200))
				if i%turn == turn-1 {
					flying <- struct{}{}
					r.Commit(Sync, land)
				}
			}
			commit(r, Sync)
			for range cap(flying) {
				flying <- struct{}{}
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
		})
	}
}

// 64 actors, each of which makes one set and waits until it is on disk.
func BenchmarkActors(b *testing.B) {
	for _, plain := range []bool{false, true} {
		b.Run(fmt.Sprintf("plain=%v", plain), func(b *testing.B) {
			var batches, turns atomic.Int64
			s := benchDisk(b, func(o *Options) {
				o.PlainCommits = plain
				o.Listener.Batch = func(i BatchInfo) { batches.Add(1); turns.Add(int64(i.Turns)) }
			})
			eachOf64(b, func(w, n int) {
				r := wake(b, s, Address{"app", "channel", fmt.Sprint(w)})
				keys := make([]string, 10)
				for i := range keys {
					keys[i] = fmt.Sprintf("ekey%d", i)
				}
				done := make(chan struct{}, 1)
				for i := range n {
					apply(b, r, PutRow(keys[i%len(keys)], value200))
					r.Commit(Sync, func() { done <- struct{}{} })
					<-done
				}
				r.Close()
			})
			b.ReportMetric(float64(turns.Load())/float64(batches.Load()), "turns/batch")
		})
	}
}

// The same without us: 64 goroutines, their writes joined by one into one Pebble batch and one sync.
func BenchmarkRawPebble(b *testing.B) {
	s := benchDisk(b, nil)
	type write struct {
		key  []byte
		done chan struct{}
	}
	queue := make(chan write, 64)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for w := range queue {
			batch := s.db.NewBatch()
			group := []write{w}
			for more := true; more; {
				select {
				case w := <-queue:
					group = append(group, w)
				default:
					more = false
				}
			}
			for _, w := range group {
				must(batch.Set(w.key, value200, nil))
			}
			must(s.db.Apply(batch, pebble.Sync))
			must(batch.Close())
			for _, w := range group {
				w.done <- struct{}{}
			}
		}
	}()
	eachOf64(b, func(w, n int) {
		done := make(chan struct{}, 1)
		for i := range n {
			queue <- write{appendEntryKey(nil, uint64(w), uint64(i)), done}
			<-done
		}
	})
	close(queue)
	<-ended
}

func eachOf64(b *testing.B, f func(w, n int)) {
	const writers = 64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for w := range writers {
		all.Go(func() { f(w, (b.N+writers-1)/writers) })
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
}

// Waking one actor of many, out of the cache of blocks: one that was closed, and one whose process was killed,
// so that all entries since its last checkpoint are read. What has 10 rows is held whole.
func BenchmarkWake(b *testing.B) {
	for _, rows := range []int{1, 10, 100, 1000, 100_000} {
		for _, killed := range []bool{false, true} {
			b.Run(fmt.Sprintf("rows=%d/killed=%v", rows, killed), func(b *testing.B) {
				s := benchDisk(b, nil)
				const actors = 4
				address := func(i int) Address { return Address{"app", "channel", fmt.Sprint(i % actors)} }
				for a := range actors {
					r := wake(b, s, address(a))
					for i := range rows {
						apply(b, r, PutRow(fmt.Sprintf("ekey%d", i), value200[:100]))
						if i%64 < 63 {
							r.Commit(Async, nil)
						} else {
							commit(r, Async)
						}
					}
					commit(r, Async)
					if killed {
						r.Discard()
					} else {
						r.Close()
					}
				}
				if err := s.db.Flush(); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					r := wake(b, s, address(i))
					if r.Seq() != uint64(rows) {
						b.Fatal(r.Seq())
					}
					r.Discard()
				}
			})
		}
	}
}

// A set in a big actor and in a small one, with the read of what it replaces: memory only, the disk is not
// waited for.
func BenchmarkSet(b *testing.B) {
	for _, rows := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			r, keys := filled(b, benchDisk(b, nil), rows)
			flying := make(chan struct{}, 64)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				key := keys[i*7919%rows]
				if _, err := r.Get(key); err != nil {
					b.Fatal(err)
				}
				apply(b, r, PutRow(key, value200[:100]))
				flying <- struct{}{}
				r.Commit(Async, func() { <-flying })
			}
			commit(r, Sync)
		})
	}
}

// A read in a big actor and in a small one, of rows that are kept in memory and of such that are not.
func BenchmarkGet(b *testing.B) {
	for _, rows := range []int{1, 1000, 100_000} {
		for _, kept := range []bool{true, false} {
			b.Run(fmt.Sprintf("rows=%d/kept=%v", rows, kept), func(b *testing.B) {
				r, keys := filled(b, benchDisk(b, func(o *Options) {
					if !kept {
						o.ResidentBytes, o.RowCacheSize = 1, -1
					}
				}), rows)
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					if value, err := r.Get(keys[i*7919%rows]); err != nil || value == nil {
						b.Fatal(value, err)
					}
				}
			})
		}
	}
}

// filled returns an actor with so many rows, and their keys.
func filled(b *testing.B, s *Store, rows int) (*Rows, []string) {
	r := wake(b, s, lobby)
	keys := make([]string, rows)
	for i := range keys {
		keys[i] = fmt.Sprintf("ekey%d", i)
		apply(b, r, PutRow(keys[i], value200[:100]))
		if i%100 == 99 {
			commit(r, Async)
		}
	}
	commit(r, Async)
	return r, keys
}
