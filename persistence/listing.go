package persistence

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// A listing is a row that belongs to an app and not to an actor: it says what the actors of the app have, so
// that it can be found by a name that does not tell whose it is, and all of it be listed. Actors write it
// with their turns, by List and Unlist, so that it is true at each commit; what keeps two actors from writing
// the same key is up to them.
//
// Reading shows what has been committed, durable or not.

// Listed returns the listing of app under key, nil if there is none.
//
// Errors: ErrInvalid, ErrClosed, or the disk's.
func (s *Store) Listed(app, key string) ([]byte, error) {
	w := Unlist(app, key)
	if err := w.validate(false); err != nil {
		return nil, err
	}
	if err := s.alive(); err != nil {
		return nil, err
	}
	return s.get(appendListingKey(nil, app, key))
}

// Listing visits the listings of app whose key begins with prefix and is greater than after, in byte order,
// until visit returns false. after == "" is the beginning. visit may keep what it is given.
//
// Errors: ErrInvalid for an app of no sane length, ErrClosed, or the disk's.
func (s *Store) Listing(app, prefix, after string, visit func(key string, value []byte) bool) error {
	if app == "" || len(app) > maxName {
		return fmt.Errorf("%w: a listing needs an app of sane length", ErrInvalid)
	}
	if err := s.alive(); err != nil {
		return err
	}
	root := appendListingKey(nil, app, "")
	from, to := appendListingKey(nil, app, prefix), afterPrefix(appendListingKey(nil, app, prefix))
	if after >= prefix {
		from = append(appendListingKey(nil, app, after), 0) // the least key greater than after
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		var value []byte
		if value, err = it.ValueAndErr(); err != nil {
			break
		}
		if !visit(string(it.Key()[len(root):]), append(make([]byte, 0, len(value)), value...)) {
			break
		}
	}
	return errors.Join(err, it.Error(), it.Close())
}

// list does one write of a turn.
func list(b *pebble.Batch, w *Write) {
	key := appendListingKey(nil, w.App, w.Key)
	if w.Op == ListOp {
		must(b.Set(key, w.Value, nil))
	} else {
		must(b.Delete(key, nil))
	}
}
