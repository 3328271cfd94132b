package persistence

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A rowCache is what actors that are too big to be held whole keep of the logged rows that lie on the disk: a
// set reads what it replaces, and among many rows that would be a look-up in every layer of the disk's tables.
//
// Each actor has a part of its own, so that what it keeps ends with its Rows and cannot be older than the disk.
// All parts share one bound. When it is passed, one part after the other loses some of what was not used for
// long: an actor that keeps much and uses nothing gives way to one that does.
type rowCache struct {
	bound   int64
	bytes   atomic.Int64
	evicted atomic.Int64 // rows

	mu    sync.Mutex
	parts []*cachePart
	hand  int // the part that loses something next
}

// A cachePart is one actor's. Only the actor reads and writes it, but others may take its old rows.
type cachePart struct {
	of *rowCache
	at int // in of.parts

	mu         sync.Mutex
	young, old map[string][]byte // used since old was made, and before
	bytes      [2]int            // of young and old
}

// cachedRowCost is what a row in the cache costs besides its bytes, about: its place in a map that is not
// full, and what the allocator rounds up.
const cachedRowCost = 96

// cachedShare is the share of the bound that one row may take.
const cachedShare = 16

func cost(key string, value []byte) int { return len(key) + len(value) + cachedRowCost }

// part makes an empty part.
func (c *rowCache) part() *cachePart {
	p := &cachePart{of: c, young: map[string][]byte{}}
	c.mu.Lock()
	p.at = len(c.parts)
	c.parts = append(c.parts, p)
	c.mu.Unlock()
	return p
}

// get returns a row's value, nil if the part does not have it.
func (p *cachePart) get(key string) []byte {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if value, ok := p.young[key]; ok {
		return value
	}
	value, ok := p.old[key]
	if !ok {
		return nil
	}
	n := cost(key, value)
	delete(p.old, key)
	p.young[strings.Clone(key)] = value
	p.bytes[0] += n
	p.bytes[1] -= n
	return value
}

// put keeps a row as it is on the disk, which must not be nil, in the place of what is kept of it.
func (p *cachePart) put(key string, value []byte) {
	n := cost(key, value)
	p.mu.Lock()
	grown := -p.remove(key)
	if int64(n) <= p.of.bound/cachedShare {
		p.young[key] = value
		p.bytes[0] += n
		grown += n
	}
	p.mu.Unlock()
	if p.of.bytes.Add(int64(grown)) > p.of.bound {
		p.of.evict()
	}
}

// drop forgets a row.
func (p *cachePart) drop(key string) {
	p.mu.Lock()
	n := p.remove(key)
	p.mu.Unlock()
	p.of.bytes.Add(-int64(n))
}

func (p *cachePart) remove(key string) (freed int) {
	if value, ok := p.young[key]; ok {
		freed = cost(key, value)
		p.bytes[0] -= freed
		delete(p.young, key)
	} else if value, ok := p.old[key]; ok {
		freed = cost(key, value)
		p.bytes[1] -= freed
		delete(p.old, key)
	}
	return freed
}

// close forgets the part. It may be nil.
func (p *cachePart) close() {
	if p == nil {
		return
	}
	c := p.of
	c.mu.Lock()
	last := len(c.parts) - 1
	c.parts[p.at] = c.parts[last]
	c.parts[p.at].at = p.at
	c.parts = slices.Delete(c.parts, last, last+1)
	c.mu.Unlock()
	p.mu.Lock()
	c.bytes.Add(-int64(p.bytes[0] + p.bytes[1]))
	p.young, p.old, p.bytes = nil, nil, [2]int{}
	p.mu.Unlock()
}

// evict lets parts lose something until there is room again. One part loses no more than the room that is made,
// so that it is felt by all.
func (c *rowCache) evict() {
	room := c.bound / evictedShare
	c.mu.Lock()
	defer c.mu.Unlock()
	// Twice round empties parts that are smaller than the room; bigger ones lose enough at once.
	for range 2 * (len(c.parts) + 1) {
		if len(c.parts) == 0 || c.bytes.Load() <= c.bound-room {
			return
		}
		c.hand = (c.hand + 1) % len(c.parts)
		rows, bytes := c.parts[c.hand].lose(int(room))
		c.evicted.Add(int64(rows))
		c.bytes.Add(-int64(bytes))
	}
}

// evictedShare is the share of the bound that is made free at once.
const evictedShare = 64

// lose takes old rows away, any of them, until they are so many bytes. When there are none left, all others
// are old.
func (p *cachePart) lose(room int) (rows, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.old) == 0 {
		p.old, p.young = p.young, map[string][]byte{}
		p.bytes[1], p.bytes[0] = p.bytes[0], 0
		return 0, 0
	}
	for key, value := range p.old {
		if bytes >= room {
			break
		}
		rows, bytes = rows+1, bytes+cost(key, value)
		delete(p.old, key)
	}
	p.bytes[1] -= bytes
	return rows, bytes
}

// RowCache says how many bytes of rows are kept of what lies on the disk, at most Options.RowCacheSize, and
// how many rows had to give way to others so far.
func (s *Store) RowCache() (bytes, evicted int64) {
	return s.cache.bytes.Load(), s.cache.evicted.Load()
}
