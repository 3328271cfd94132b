package persistence

import (
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"dormouse/claims"
)

// What a revocation names.
const (
	revokedID  = 'j'
	revokedUID = 'u'
)

// Revoke keeps a revocation, in the place of one of the same jti or uid, and returns once it is durable.
//
// Errors: ErrInvalid, ErrClosed, ErrReadOnly if the disk was full from the start. That it is nearly full is no
// reason to refuse.
func (s *Store) Revoke(r claims.Revocation) error {
	key, err := revokedKey(&r)
	if err != nil {
		return err
	}
	value := appendTime(appendTime(nil, nanosOf(r.At)), nanosOf(r.Until))
	return s.write(func(b *pebble.Batch) { must(b.Set(key, value, nil)) })
}

// Unrevoke forgets the revocation of the same jti or uid, if there is one, and returns once that is durable.
//
// Errors: ErrInvalid, ErrClosed.
func (s *Store) Unrevoke(r claims.Revocation) error {
	key, err := revokedKey(&r)
	if err != nil {
		return err
	}
	return s.write(func(b *pebble.Batch) { must(b.Delete(key, nil)) })
}

// Revocations returns every revocation that is kept, by app, jti before uid.
//
// Errors: ErrClosed, ErrCorrupt, or the disk's.
func (s *Store) Revocations() ([]claims.Revocation, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceRevoked}, UpperBound: []byte{spaceRevoked + 1}})
	if err != nil {
		return nil, err
	}
	var all []claims.Revocation
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		var r claims.Revocation
		if err == nil {
			r, err = decodeRevoked(it.Key(), value)
		}
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		all = append(all, r)
	}
	return all, errors.Join(it.Error(), it.Close())
}

func revokedKey(r *claims.Revocation) ([]byte, error) {
	kind, id := byte(revokedID), r.ID
	if id == "" {
		kind, id = revokedUID, r.UID
	}
	if r.App == "" || len(r.App) > maxName || (r.ID == "") == (r.UID == "") || len(id) > maxKey {
		return nil, fmt.Errorf("%w: a revocation needs an app, and a jti or a uid of sane length", ErrInvalid)
	}
	return append(append(appendString([]byte{spaceRevoked}, r.App), kind), id...), nil
}

func decodeRevoked(key, value []byte) (r claims.Revocation, err error) {
	d := decoder{b: key}
	if d.byte() != spaceRevoked {
		d.bad = true
	}
	r.App = d.string()
	kind := d.byte()
	switch id := string(d.b); kind {
	case revokedID:
		r.ID = id
	case revokedUID:
		r.UID = id
	default:
		d.bad = true
	}
	if d.bad || len(value) != 16 {
		return claims.Revocation{}, fmt.Errorf("%w: revocation %x at %x", ErrCorrupt, value, key)
	}
	r.At, r.Until = timeOf(decodeTime(value)), timeOf(decodeTime(value[8:]))
	return r, nil
}

// write makes changes that belong to no actor durable.
func (s *Store) write(fill func(*pebble.Batch)) error {
	if err := s.alive(); err != nil {
		return err
	}
	if s.frozen {
		return ErrReadOnly
	}
	done := make(chan struct{})
	b := s.db.NewBatch()
	fill(b)
	s.committer.add(turn{batch: b, dueAt: math.MaxInt64, durability: Sync, bytes: b.Len(), done: func() { close(done) }})
	select {
	case <-done:
		return nil
	case <-s.dead:
	case <-s.committer.done:
	}
	return ErrClosed
}
