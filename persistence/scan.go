package persistence

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tidwall/btree"
)

// Scan visits the rows with from <= key < to in byte order, or, if reverse, the same rows backwards, until
// visit returns false.
//
// to == "" is the end of from's table, which is its first byte. from == "" is the beginning of all rows;
// from == "" with to == "" are all rows. A range may span tables. Changes that were applied and not yet
// committed are seen. visit may keep what it is given; it may call Get and Scan of the same Rows, and
// must not change them. Rows are read as they are visited, not before.
//
// Errors: ErrClosed, or the disk's; some rows may have been visited then.
func (r *Rows) Scan(from, to string, reverse bool, visit func(key string, value []byte) bool) error {
	if to == "" && from != "" && from[0] != 0xff {
		to = string([]byte{from[0] + 1})
	}
	if to != "" && from >= to {
		return nil
	}
	r.settle()
	r.scans++
	defer func() { r.scans-- }()

	logged, direct := true, true
	if from != "" && isDirect(from) {
		logged = false
	}
	loggedTo, directFrom := to, from
	if to != "" && to <= firstDirect {
		direct = false
	} else {
		loggedTo = firstDirect
	}
	if logged {
		directFrom = firstDirect
	}
	more := true
	var err error
	scanLogged := func() {
		if logged && more && err == nil {
			layers := []*table{&r.rows, r.frozen}
			more, err = r.merge(layers, !r.whole, from, loggedTo, reverse, visit)
		}
	}
	scanDirect := func() {
		if direct && more && err == nil {
			more, err = r.merge([]*table{r.direct}, true, directFrom, to, reverse, visit)
		}
	}
	if reverse {
		scanDirect()
		scanLogged()
	} else {
		scanLogged()
		scanDirect()
	}
	if err != nil {
		return fmt.Errorf("scan %v: %w", r.address, err)
	}
	return nil
}

var firstDirect = string([]byte{Direct})

// merge visits from <= key < to, "" being no bound, of layers, the first of which hides the later ones,
// and, if disk, of what lies on the disk beneath them all.
func (r *Rows) merge(
	layers []*table, disk bool, from, to string, reverse bool, visit func(string, []byte) bool,
) (more bool, err error) {
	var room [3]cursor
	cursors := room[:0]
	for _, l := range layers {
		if l == nil || l.Len() == 0 {
			continue
		}
		c := cursor{it: l.Iter(), from: from, to: to, reverse: reverse}
		c.first()
		cursors = append(cursors, c)
	}
	if disk && r.created {
		c := cursor{disk: true, reverse: reverse}
		if err := c.open(r, from, to); err != nil {
			return false, err
		}
		// It is opened after the layers were looked at, and nothing leaves a layer before the disk shows
		// it: a row that is committed at this moment is in both, and counts once.
		defer func() {
			if closed := c.pebble.Close(); err == nil {
				err = closed
			}
		}()
		cursors = append(cursors, c)
	}
	for {
		next := -1
		for i := range cursors {
			c := &cursors[i]
			if c.ok && (next < 0 || c.key != cursors[next].key && (c.key < cursors[next].key) != reverse) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		c := &cursors[next]
		key, gone := c.key, false
		var value []byte
		if value, gone, err = c.value(); err != nil {
			return false, err
		}
		for i := range cursors {
			if c := &cursors[i]; c.ok && c.key == key {
				c.next()
			}
		}
		if !gone && !visit(key, value) {
			return false, nil
		}
	}
	for i := range cursors {
		if c := &cursors[i]; c.disk {
			err = c.pebble.Error()
		}
	}
	return err == nil, err
}

// A cursor walks over one layer of rows, in memory or on disk.
type cursor struct {
	key      string
	ok       bool
	reverse  bool
	disk     bool
	from, to string
	it       btree.MapIter[string, row]
	pebble   *pebble.Iterator
}

func (c *cursor) first() {
	switch {
	case !c.reverse && c.from == "":
		c.ok = c.it.First()
	case !c.reverse:
		c.ok = c.it.Seek(c.from)
	case c.to == "":
		c.ok = c.it.Last()
	case c.it.Seek(c.to):
		c.ok = c.it.Prev()
	default:
		c.ok = c.it.Last()
	}
	c.settle()
}

func (c *cursor) open(r *Rows, from, to string) (err error) {
	o := pebble.IterOptions{LowerBound: appendRowKey(nil, r.id, from)}
	if to != "" {
		o.UpperBound = appendRowKey(nil, r.id, to)
	} else {
		o.UpperBound = append(appendActor(nil, r.id), partRow+1)
	}
	if c.pebble, err = r.s.db.NewIter(&o); err != nil {
		return err
	}
	if c.reverse {
		c.ok = c.pebble.Last()
	} else {
		c.ok = c.pebble.First()
	}
	c.settle()
	return nil
}

func (c *cursor) next() {
	switch {
	case c.disk && c.reverse:
		c.ok = c.pebble.Prev()
	case c.disk:
		c.ok = c.pebble.Next()
	case c.reverse:
		c.ok = c.it.Prev()
	default:
		c.ok = c.it.Next()
	}
	c.settle()
}

// settle reads the key, and ends at the bound.
func (c *cursor) settle() {
	switch {
	case !c.ok:
		c.key = ""
	case c.disk:
		c.key = string(c.pebble.Key()[actorHead+1:])
	default:
		c.key = c.it.Key()
		c.ok = c.key >= c.from && (c.to == "" || c.key < c.to)
	}
}

func (c *cursor) value() (value []byte, gone bool, err error) {
	if !c.disk {
		w := c.it.Value()
		return w.value, w.gone(), nil
	}
	v, err := c.pebble.ValueAndErr()
	if err != nil {
		return nil, false, err
	}
	return append(make([]byte, 0, len(v)), v...), false, nil
}
