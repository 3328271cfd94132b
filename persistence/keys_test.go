package persistence

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
)

// The layout is what old data folders have. A change here needs a new formatVersion and a way to it.
func TestKeysAreAsTheyWere(t *testing.T) {
	const at = 1_700_000_000_000_000_000
	a := Address{App: "app", Kind: "channel", Name: "a\x00b"}
	keyOf := func(r claims.Revocation) []byte {
		key, err := revokedKey(&r)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	golden := []struct {
		what string
		key  []byte
		want string
	}{
		{"meta", appendMetaKey(nil, 7), "a\x00\x00\x00\x00\x00\x00\x00\x07\x01"},
		{"entry", appendEntryKey(nil, 7, 258), "a\x00\x00\x00\x00\x00\x00\x00\x07\x02\x00\x00\x00\x00\x00\x00\x01\x02"},
		{"logged row", appendRowKey(nil, 7, "ekey"), "a\x00\x00\x00\x00\x00\x00\x00\x07\x03ekey"},
		{"direct row", appendRowKey(nil, 7, "\x80ulid"), "a\x00\x00\x00\x00\x00\x00\x00\x07\x03\x80ulid"},
		{"due", appendDueKey(nil, at, 7), "d\x97\x97\x9c\xfe\x36\x2a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"},
		{"due before 1970", appendDueKey(nil, -1, 7), "d\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x07"},
		{"event", appendEventKey(nil, 258), "e\x00\x00\x00\x00\x00\x00\x01\x02"},
		{"listing", appendListingKey(nil, "app", "sid"), "l\x03appsid"},
		{"name", appendNameKey(nil, a), "n\x03app\x07channela\x00b"},
		{"revoked token", keyOf(claims.Revocation{App: "app", ID: "jti"}), "r\x03appjjti"},
		{"revoked user", keyOf(claims.Revocation{App: "app", UID: "u"}), "r\x03appuu"},
		{"spent", appendSpentKey(nil, "app", "jti"), "s\x03appjti"},
		{"spent by time", appendSpentEndKey(nil, at, "app", "jti"), "x\x97\x97\x9c\xfe\x36\x2a\x00\x00\x03appjti"},
		{"own rows", []byte(rowFormat + rowGeneration + rowClock + rowLastEvent), "!format!generation!clock!last-event"},
	}
	for _, g := range golden {
		if string(g.key) != g.want {
			t.Errorf("%s: %q, want %q", g.what, g.key, g.want)
		}
	}
}

// So are the values.
func TestValuesAreAsTheyWere(t *testing.T) {
	log := make([]byte, entryRoom)
	log = append(log, 2) // two writes in the first change, none in the second
	log = appendLogged(log, PutRow("ek", []byte("v")))
	log = appendLogged(log, DeleteRow("ex"))
	log = append(log, 0)
	if got, want := sealEntry(log, 5, 2, 9, 300), "\x01\xf7\x99\x8c\x1b\x02\x09\xac\x02\x02\x01\x02ek\x01v\x02\x02ex\x00"; string(got) != want {
		t.Errorf("entry %q, want %q", got, want)
	}
	m := meta{address: lobby, epoch: 3, snapshot: 200, due: 1, size: 4}
	want := "\x01\xe0\x2a\x51\xb9\x00\x00\x00\x00\x00\x00\x00\x03\xc8\x01\x01\x04\x03app\x07channel\x0agame.lobby"
	if got := m.encode(); string(got) != want {
		t.Errorf("meta %q, want %q", got, want)
	}
}

func TestKeysComeApart(t *testing.T) {
	for _, a := range []Address{{"a", "k", ""}, {"a\x00", "\xff", "n/\x80"}, {string(make([]byte, 300)), "k", "x"}} {
		got, err := splitNameKey(appendNameKey(nil, a))
		if diff := cmp.Diff(a, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
	for _, at := range []int64{-1 << 63, -1, 0, 1, 1<<63 - 1} {
		got, id, err := splitDueKey(appendDueKey(nil, at, 1<<63))
		if got != at || id != 1<<63 || err != nil {
			t.Error(at, got, id, err)
		}
	}
}

// An address is no prefix of another's: {a, bc} and {ab, c} must not meet.
func TestNamesOfOneKindAreOneRange(t *testing.T) {
	of := func(a Address) []byte { return appendNameKey(nil, a) }
	prefix := appendNames(nil, "a", "bc")
	for _, a := range []Address{{"ab", "c", ""}, {"a", "b", "c"}, {"a", "bcd", ""}} {
		if bytes.HasPrefix(of(a), prefix) {
			t.Errorf("%v lies among the names of a/bc", a)
		}
	}
	if end := afterPrefix([]byte("n\xff\xff")); string(end) != "o" {
		t.Errorf("%q", end)
	}
}

func FuzzEntry(f *testing.F) {
	log := append(make([]byte, entryRoom), 1)
	f.Add(uint64(1), sealEntry(appendLogged(log, PutRow("k", []byte("v"))), 1, 1, 0, 2))
	f.Fuzz(func(t *testing.T, first uint64, b []byte) {
		if len(b) > 5 { // past the checksum, to what lies behind
			b = bytes.Clone(b)
			b[0] = entryVersion
			sum := checksum(first, b[5:])
			b[1], b[2], b[3], b[4] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
		}
		e, err := openEntry(first, b)
		if err != nil {
			return
		}
		writes := 0
		err = e.each(func(seq uint64, op Op, key, value []byte) {
			writes++
			if seq < first || seq-first >= e.changes || len(key) == 0 {
				t.Fatalf("change %d of an entry from %d with %d changes, key %q", seq, first, e.changes, key)
			}
		})
		if err == nil && writes > len(b) {
			t.Fatalf("%d writes in %d bytes", writes, len(b))
		}
	})
}
