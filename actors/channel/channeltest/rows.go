// Package channeltest has what tests of channels need besides channels.
package channeltest

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"dormouse/persistence"
)

// Rows is a channel.Reader in memory. The zero value is empty. It is for one goroutine at a time.
type Rows struct {
	keys   []string // sorted
	values map[string][]byte
	// Err, if not nil, is what every read returns.
	Err error
}

// Apply does what the row writes among ws say, in their order, and ignores the others.
func (r *Rows) Apply(ws []persistence.Write) {
	if r.values == nil {
		r.values = map[string][]byte{}
	}
	for _, w := range ws {
		i, found := slices.BinarySearch(r.keys, w.Key)
		switch {
		case w.Op == persistence.Put:
			if !found {
				r.keys = slices.Insert(r.keys, i, w.Key)
			}
			r.values[w.Key] = append([]byte{}, w.Value...)
		case w.Op == persistence.Delete && found:
			r.keys = slices.Delete(r.keys, i, i+1)
			delete(r.values, w.Key)
		}
	}
}

// Clone returns the rows as they are now.
func (r *Rows) Clone() Rows { return Rows{keys: slices.Clone(r.keys), values: maps.Clone(r.values)} }

// Clear removes all rows.
func (r *Rows) Clear() { r.keys, r.values = nil, nil }

// Len returns how many rows there are.
func (r *Rows) Len() int { return len(r.keys) }

// Keys returns the keys of the rows whose key begins with prefix, in order.
func (r *Rows) Keys(prefix string) []string {
	from, _ := slices.BinarySearch(r.keys, prefix)
	n := sort.Search(len(r.keys)-from, func(i int) bool { return !strings.HasPrefix(r.keys[from+i], prefix) })
	return slices.Clone(r.keys[from : from+n])
}

// Get returns a row's value, nil if there is none.
func (r *Rows) Get(key string) ([]byte, error) { return r.values[key], r.Err }

// Scan visits the rows with from <= key < to, or to the end of from's table if to is empty.
func (r *Rows) Scan(from, to string, reverse bool, visit func(key string, value []byte) bool) error {
	if r.Err != nil {
		return r.Err
	}
	first, _ := slices.BinarySearch(r.keys, from)
	last := len(r.keys)
	if to != "" {
		last, _ = slices.BinarySearch(r.keys, to)
	} else if next := from[0] + 1; next != 0 {
		last, _ = slices.BinarySearch(r.keys, string([]byte{next}))
	}
	if first >= last {
		return nil
	}
	keys := slices.Clone(r.keys[first:last]) // visit may lead to Apply
	if reverse {
		slices.Reverse(keys)
	}
	for _, key := range keys {
		if !visit(key, r.values[key]) {
			break
		}
	}
	return nil
}
