package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A record is one item of a setting that is a list of named values, such as a key that tokens are verified with.
type record interface {
	// kind is what such an item is called, and what one is like, for who wrote something else.
	kind() (what, form string)
	// begins notes the line of the file at which the item begins; zero: it came from elsewhere.
	begins(line int)
	// fields are the names that the item may have, in the order in which they are printed.
	fields() []field
}

// A field is one name in a record.
type field struct {
	name   string
	value  value
	wanted string // what it should be; "": it may be left out, or is checked later
}

// recordsValue is a list of records; in an environment variable or flag it is YAML in one line, and one record
// alone needs no list.
type recordsValue[T any, P interface {
	*T
	record
}] struct{ p *[]T }

// set keeps the records that can be read, so that they are looked at more closely whatever the others are. What
// is wrong is told with the record's number, its field and its line.
func (v recordsValue[T, P]) set(t tree, folder string) error {
	what, form := P(new(T)).kind()
	if t.kind == treeScalar {
		inner, err := parseTree([]byte(t.scalar))
		if err != nil || inner.kind != treePairs && inner.kind != treeList {
			return fmt.Errorf("write [%s]", form)
		}
		inner.moveTo(t.line)
		t = inner
	}
	list := t.list
	switch t.kind {
	case treeNull:
		return nil
	case treePairs:
		list = []tree{t}
	}
	*v.p = nil
	var errs []error
	for i, item := range list {
		one := P(new(T))
		one.begins(item.line)
		faults := readRecord(one, item, folder)
		for _, fault := range faults {
			fault.message = fmt.Sprintf("%s %d: %s", what, i+1, fault.message)
			errs = append(errs, fault)
		}
		if faults == nil {
			*v.p = append(*v.p, *one)
		}
	}
	return errors.Join(errs...)
}

// readRecord reads one record into r, and returns all that is wrong with it.
func readRecord(r record, t tree, folder string) (faults []*treeError) {
	wrong := func(line int, format string, args ...any) {
		faults = append(faults, &treeError{line, fmt.Sprintf(format, args...)})
	}
	if t.kind != treePairs {
		_, form := r.kind()
		wrong(t.line, "write %s", form)
		return faults
	}
	fields := r.fields()
	given := make([]bool, len(fields))
	for _, p := range t.pairs {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == p.name })
		if i < 0 {
			names := fieldNames(fields)
			wrong(p.line, "unknown key %q, none of %s%s", p.name, strings.Join(names, ", "), didYouMean(p.name, names))
			continue
		}
		given[i] = p.value.kind > treeScalar || p.value.scalar != ""
		for _, err := range unjoin(fields[i].value.set(p.value, folder)) {
			wrong(p.line, "%s: %v", p.name, err)
		}
	}
	for i, f := range fields {
		if f.wanted != "" && !given[i] {
			wrong(t.line, "%s is missing: %s", f.name, f.wanted)
		}
	}
	return faults
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

func (v recordsValue[T, P]) yaml() string {
	all := make([]string, len(*v.p))
	for i := range *v.p {
		all[i] = recordYAML(P(&(*v.p)[i]).fields())
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func recordYAML(fields []field) string {
	pairs := make([]string, len(fields))
	for i, f := range fields {
		pairs[i] = f.name + ": " + f.value.yaml()
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

func (v recordsValue[T, P]) unit() string {
	what, _ := P(new(T)).kind()
	return what + "s"
}
