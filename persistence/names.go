package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// lookUp returns the id of an address, zero if it was never written.
func (s *Store) lookUp(a Address) (uint64, error) {
	var room [128]byte
	value, err := s.get(appendNameKey(room[:0], a))
	if value == nil || err != nil {
		return 0, err
	}
	return decodeID(value)
}

func decodeID(value []byte) (uint64, error) {
	if len(value) != 8 {
		return 0, fmt.Errorf("%w: id %x", ErrCorrupt, value)
	}
	return binary.BigEndian.Uint64(value), nil
}

// Addresses lists up to limit known actors of app and kind whose name is greater than after, in byte order
// of their names. With after == "" the actor with the empty name is listed too. An actor is known from the
// moment its first commit can be read, until a DeleteAll.
//
// Errors: ErrClosed, or the disk's.
func (s *Store) Addresses(app, kind, after string, limit int) ([]Address, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	prefix := appendNames(nil, app, kind)
	from := append(prefix[:len(prefix):len(prefix)], after...)
	if after != "" {
		from = append(from, 0) // the least name greater than after
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: afterPrefix(prefix)})
	if err != nil {
		return nil, err
	}
	var list []Address
	for ok := it.First(); ok && len(list) < limit; ok = it.Next() {
		list = append(list, Address{App: app, Kind: kind, Name: string(it.Key()[len(prefix):])})
	}
	return list, errors.Join(it.Error(), it.Close())
}
