package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A place is where a setting was given: a line of a file, a variable, a flag. The zero value: nowhere.
type place struct {
	name string
	line int // from 1; zero: there are no lines
}

func (p place) String() string {
	if p.line == 0 {
		return p.name
	}
	return fmt.Sprintf("%s:%d", p.name, p.line)
}

// A Fault is one thing wrong with a configuration.
type Fault struct {
	// Where is the place to mend: dormouse.yaml:12, DORMOUSE_LISTEN, --listen, or nowhere for what is missing.
	Where place
	// Key is the setting, as the file spells it; "" if the fault is of the whole.
	Key string
	// Message says what is wrong and what would be right, and never repeats a secret.
	Message string
}

// Faults are all faults of a configuration: those of its file from top to bottom, then the others. It is an
// error with one line for each.
type Faults []Fault

// add notes err as a fault of the setting key, given at where. An error of several lines, such as one for
// each item of a list, is a fault for each, at its own line if it has one.
func (f *Faults) add(where place, key string, err error) {
	for _, e := range unjoin(err) {
		at, bad := where, (*treeError)(nil)
		if errors.As(e, &bad) {
			if e = errors.New(bad.message); bad.line > 0 {
				at.line = bad.line
			}
		}
		*f = append(*f, Fault{at, key, e.Error()})
	}
}

// sort brings f into its order.
func (f Faults) sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		if a.Where.line > 0 != (b.Where.line > 0) {
			return cmp.Compare(b.Where.line, a.Where.line) // what has no line comes last
		}
		return cmp.Compare(a.Where.line, b.Where.line)
	})
}

func (f Faults) Error() string {
	var b strings.Builder
	if len(f) == 1 {
		b.WriteString("the configuration has a fault:")
	} else {
		fmt.Fprintf(&b, "the configuration has %d faults:", len(f))
	}
	places, keys := 0, 0
	for _, fault := range f {
		places, keys = max(places, len(fault.Where.String())), max(keys, len(fault.Key))
	}
	for _, fault := range f {
		b.WriteString("\n")
		for _, cell := range []struct {
			text  string
			width int
		}{{fault.Where.String(), places}, {fault.Key, keys}} {
			if cell.width > 0 {
				fmt.Fprintf(&b, "  %-*s", cell.width, cell.text)
			}
		}
		b.WriteString("  " + fault.Message)
	}
	return b.String()
}

// err returns f as an error, nil if there is no fault.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// unjoin takes errors.Join apart, all the way down.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	if _, direct := err.(interface{ Unwrap() []error }); !direct {
		return []error{err}
	}
	// A single error that wraps two (%w: …%w) is one refusal: Join's text is its parts', a line each.
	parts := joined.Unwrap()
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Error()
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err}
	}
	var all []error
	for _, p := range parts {
		all = append(all, unjoin(p)...)
	}
	return all
}
