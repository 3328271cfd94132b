package claims

import (
	"hash/maphash"
	"sync"
)

// cache keeps what was compiled from claims, by its source.
//
// Thousands of users connect with the same channels claim or the same expressions. Compiling them
// once saves most of a verification, and sharing the result saves most of a connection's memory.
// Others name the user in their channels, so that each is seen once: a source is therefore admitted
// on its second sight only, which a table of hashes remembers. A full cache drops entries
// at random, which needs no bookkeeping on the way of a hit.
//
// A nil cache is empty and stays so. Methods are safe for concurrent use.
type cache[V any] struct {
	size int // most bytes of sources kept
	seed maphash.Seed

	mu      sync.RWMutex
	entries map[string]cached[V]
	used    int // bytes of sources kept
	seen    [4096]uint32
}

type cached[V any] struct {
	value V
	cost  int // what compiling the source is charged
}

func newCache[V any](size int) *cache[V] {
	return &cache[V]{size: size, seed: maphash.MakeSeed(), entries: make(map[string]cached[V])}
}

func (c *cache[V]) get(source string) (cached[V], bool) {
	if c == nil {
		return cached[V]{}, false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[source]
	return e, ok
}

// put keeps value if its source was seen before.
func (c *cache[V]) put(source string, value V, cost int) {
	if c == nil || len(source) > c.size {
		return
	}
	h := maphash.String(c.seed, source)
	mark := uint32(h>>32) | 1 // never the empty slot's zero
	c.mu.Lock()
	defer c.mu.Unlock()
	if slot := &c.seen[h%uint64(len(c.seen))]; *slot != mark {
		*slot = mark
		return
	}
	if _, ok := c.entries[source]; ok {
		return // another goroutine was faster
	}
	for old := range c.entries {
		if c.used+len(source) <= c.size {
			break
		}
		c.used -= len(old)
		delete(c.entries, old)
	}
	c.used += len(source)
	c.entries[source] = cached[V]{value, cost}
}
