package apps

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
)

// Static is a Source over records that are in memory: those of a config file. Its names are any of the three
// spellings.
type Static struct {
	list atomic.Pointer[staticList] // nil: closed
}

var _ Lister = (*Static)(nil)

type staticList struct {
	all       []Record // those that count
	ids, keys map[string]Record
}

// NewStatic makes a source of records and says what is wrong with them, as Replace does.
func NewStatic(records []Record) (*Static, []Warning) {
	s := &Static{}
	list, warnings := listed(records)
	s.list.Store(list)
	return s, warnings
}

var errStaticClosed = errors.New("the list of apps is closed")

// Replace has other records in the place of all that there were. A cache over the source should be told, with
// RefreshAll. Records must not be changed any more.
//
// What is wrong with the list is returned: a record without an id is left out; of two with one id the first
// counts, of two with one key the one with the smallest id. What is wrong inside a record, Decode says. After
// Close it changes nothing.
func (s *Static) Replace(records []Record) []Warning {
	list, warnings := listed(records)
	for {
		old := s.list.Load()
		if old == nil || s.list.CompareAndSwap(old, list) {
			return warnings
		}
	}
}

func listed(records []Record) (*staticList, []Warning) {
	list := &staticList{ids: map[string]Record{}, keys: map[string]Record{}}
	var warnings []Warning
	for i, r := range records {
		id, key := fieldID.text(r), fieldKey.text(r)
		if id == "" {
			warnings = append(warnings, Warning{Text: fmt.Sprintf("record %d of the list has no id (%s)", i+1, fieldID)})
			continue
		}
		if list.ids[id] != nil {
			warnings = append(warnings, Warning{App: id, Text: fmt.Sprintf(
				"record %d of the list has the id of another one before it, which counts", i+1)})
			continue
		}
		list.all = append(list.all, r)
		list.ids[id] = r
		if key == "" {
			continue
		}
		other, doubled := list.keys[key]
		if doubled {
			first, second := fieldID.text(other), id
			if second < first {
				first, second = second, first
			}
			warnings = append(warnings, Warning{App: second, Text: fmt.Sprintf(
				"the key is also that of app %q, which counts, having the smaller id", first)})
		}
		if !doubled || id < fieldID.text(other) {
			list.keys[key] = r
		}
	}
	return list, warnings
}

// ByID returns the record with this id.
func (s *Static) ByID(ctx context.Context, id string) (Record, error) {
	return s.find(ctx, func(l *staticList) Record { return l.ids[id] })
}

// ByKey returns the record that has this key.
func (s *Static) ByKey(ctx context.Context, key string) (Record, error) {
	return s.find(ctx, func(l *staticList) Record { return l.keys[key] })
}

// List yields the records in their order.
func (s *Static) List(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		list := s.list.Load()
		if list == nil {
			yield(nil, errStaticClosed)
			return
		}
		for _, r := range list.all {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *Static) find(ctx context.Context, in func(*staticList) Record) (Record, error) {
	list := s.list.Load()
	if list == nil {
		return nil, errStaticClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r := in(list); r != nil {
		return r, nil
	}
	return nil, ErrNoRecord
}

// Close lets go of the records. It returns nil.
func (s *Static) Close() error {
	s.list.Store(nil)
	return nil
}
