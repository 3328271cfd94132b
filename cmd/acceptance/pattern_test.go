package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A pattern is an expected frame or body: JSON in which some strings stand for more than themselves.
//
//	"<any>"     any value                 "<string>"  any string but the empty one
//	"<ulid>"    a message's id            "<second>"  a moment of RFC 3339, in UTC, whole seconds
//	"<nanosecond>"  the same with nine digits behind the second
//	"$name"     any value the first time, the same value later
//
// Objects must have the same members, in any order, and no others; numbers must be written alike.
type pattern string

var wildcards = map[string]*regexp.Regexp{
	"<string>": regexp.MustCompile(`(?s)^.+$`),
	"<ulid>":   regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`),
	"<second>": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`),

	"<nanosecond>": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$`),
}

// match returns nil or where got differs. Names that were not bound in vars are bound by it.
func (p pattern) match(got []byte, vars map[string]string) error {
	want, err := decode([]byte(p))
	if err != nil {
		return fmt.Errorf("the pattern %s: %w", p, err)
	}
	value, err := decode(got)
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	return compare("", want, value, vars)
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	if err == nil && d.More() {
		err = fmt.Errorf("more than one value")
	}
	return v, err
}

func compare(at string, want, got any, vars map[string]string) error {
	switch w := want.(type) {
	case string:
		return compareString(at, w, got, vars)
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %s, want an object", at, write(got))
		}
		return compareObjects(at, w, g, vars)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Errorf("%s is %s, want %d values", at, write(got), len(w))
		}
		for i := range w {
			if err := compare(fmt.Sprintf("%s[%d]", at, i), w[i], g[i], vars); err != nil {
				return err
			}
		}
		return nil
	}
	if want != got { // a number, a bool or null
		return fmt.Errorf("%s is %s, want %s", at, write(got), write(want))
	}
	return nil
}

func compareObjects(at string, want, got map[string]any, vars map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, ok := got[name]
		if !ok {
			return fmt.Errorf("%s.%s is missing", at, name)
		}
		if err := compare(at+"."+name, want[name], value, vars); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			return fmt.Errorf("%s.%s is %s, want no such member", at, name, write(got[name]))
		}
	}
	return nil
}

func compareString(at, want string, got any, vars map[string]string) error {
	if want == "<any>" {
		return nil
	}
	if shape := wildcards[want]; shape != nil {
		if s, ok := got.(string); !ok || !shape.MatchString(s) {
			return fmt.Errorf("%s is %s, want %s", at, write(got), want)
		}
		return nil
	}
	if name, ok := strings.CutPrefix(want, "$"); ok {
		bound, seen := vars[name]
		if !seen {
			vars[name] = write(got)
		} else if bound != write(got) {
			return fmt.Errorf("%s is %s, want %s, as %s was before", at, write(got), bound, want)
		}
		return nil
	}
	if got != want {
		return fmt.Errorf("%s is %s, want %q", at, write(got), want)
	}
	return nil
}

func write(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // what was decoded can be encoded
	return strings.TrimSpace(b.String())
}

func TestPatternsMatchWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		pattern pattern
		got     string
		ok      bool
	}{
		{`{"a":1}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":1.0}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":1,"b":2}`, `{"a":1}`, false},
		{`{"a":null}`, `{"a":null}`, true},
		{`{"a":null}`, `{}`, false},
		{`["<any>",2]`, `[{"x":[]},2]`, true},
		{`["<string>"]`, `[""]`, false},
		{`["$x","$x"]`, `[1,1]`, true},
		{`["$x","$x"]`, `[1,2]`, false},
		{`"<ulid>"`, `"01ARZ3NDEKTSV4RRFFQ69G5FAV"`, true},
		{`"<ulid>"`, `"01ARZ3NDEKTSV4RRFFQ69G5FA"`, false},
		{`"<second>"`, `"2026-08-01T14:00:00Z"`, true},
		{`"<second>"`, `"2026-08-01T14:00:00.5Z"`, false},
	} {
		if err := c.pattern.match([]byte(c.got), map[string]string{}); (err == nil) != c.ok {
			t.Errorf("%s against %s: %v", c.pattern, c.got, err)
		}
	}
}
