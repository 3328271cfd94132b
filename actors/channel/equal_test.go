package channel

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestEqualJSON(t *testing.T) {
	for _, c := range []struct {
		rule, a, b string
		equal      bool
	}{
		{"the same bytes are equal", `{"a":1}`, `{"a":1}`, true},
		{"nothing is null", ``, `null`, true},
		{"null is not zero", `null`, `0`, false},
		{"the order of members does not matter", `{"a":1,"b":2}`, `{"b":2,"a":1}`, true},
		{"nor does it further in", `[{"a":{"b":1,"c":2}}]`, `[{"a":{"c":2,"b":1}}]`, true},
		{"the order of an array does", `[1,2]`, `[2,1]`, false},
		{"a number is what is written", `1`, `1.0`, false},
		{"so is an exponent", `100`, `1e2`, false},
		{"zero has a sign", `0`, `-0`, false},
		{"large integers keep their digits", `9007199254740993`, `9007199254740992`, false},
		{"an escape is its character", `"\u00e9"`, `"é"`, true},
		{"also in a name", `{"\u0061":1,"b":2}`, `{"b":2,"a":1}`, true},
		{"a pair of surrogates is one character", `"\ud83d\ude00"`, `"😀"`, true},
		{"strings have case", `"A"`, `"a"`, false},
		{"a string is not its number", `"1"`, `1`, false},
		{"the same bytes in other places", `{"a":12,"b":21}`, `{"a":21,"b":12}`, false},
		{"what is not UTF-8 is equal to the same bytes only", "\"\xa9\"", "\"\xaa\"", false},
		{"two members of one name are equal to the same bytes only", `{"a":1,"a":2}`, `{"a":2,"a":1}`, false},
	} {
		if got := equalJSON([]byte(c.a), []byte(c.b)); got != c.equal {
			t.Errorf("%s: %s and %s: %v", c.rule, c.a, c.b, got)
		}
		if got := equalJSON([]byte(c.b), []byte(c.a)); got != c.equal {
			t.Errorf("%s, the other way round: %v", c.rule, got)
		}
	}
}

// FuzzEqualJSON compares with an oracle that decodes everything.
func FuzzEqualJSON(f *testing.F) {
	for _, v := range []string{`{"a":1,"b":[true,null,"x\n"]}`, `1.0`, `"é"`, `[]`, `{"a":{"b":{}}}`, `{"b":"\u0061","a":1}`} {
		f.Add([]byte(v), []byte(v), uint8(0))
		f.Add([]byte(v), []byte(`{"b":[true,null,"x\n"],"a":1}`), uint8(1))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, how uint8) {
		x, y := jsontext.Value(bytes.Clone(a)), jsontext.Value(bytes.Clone(b))
		if !x.IsValid() || !y.IsValid() {
			equalJSON(a, b)
			return
		}
		_, _ = x.Compact(), y.Compact()
		if how&1 != 0 { // the same value in another form
			y = bytes.Clone(x)
			if y.Format(jsontext.ReorderRawObjects(true), jsontext.CanonicalizeRawInts(false)) != nil {
				return
			}
		}
		if got, want := equalJSON(x, y), oracle(t, x, y); got != want {
			t.Fatalf("%s and %s: %v, want %v", x, y, got, want)
		}
	})
}

func oracle(t *testing.T, a, b []byte) bool {
	t.Helper()
	var v [2]any
	for i, data := range [][]byte{a, b} {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if err := d.Decode(&v[i]); err != nil {
			return equalJSON(a, b) // deeper than the oracle goes
		}
	}
	return same(v[0], v[1])
}

func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return a == b
}

func BenchmarkEqualJSON(b *testing.B) {
	row := []byte(`{"id":"7d1c","text":"what is written in a message of middling length","x":12.5,"y":90,"tags":["a","b"]}`)
	for name, other := range map[string]string{
		"another value": `{"id":"7d1c","text":"what is written in a message of middling length","x":12.6,"y":90,"tags":["a","b"]}`,
		"reordered":     `{"text":"what is written in a message of middling length","id":"7d1c","x":12.5,"y":90,"tags":["a","b"]}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				equalJSON(row, []byte(other))
			}
		})
	}
}
