package channel

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"
)

var anOrigin = origin{
	uid: "ann", umd: []byte(`{"n":1}`), connectionID: "AbC_d-EfGhIJKLM=", trigger: TriggerClientHTTP,
	sourceIP: "2001:db8::1", userAgent: "curl", requestID: "r-1",
}

func TestRowsAreWhatWasWritten(t *testing.T) {
	allow := cmp.AllowUnexported(entryRow{}, messageRow{}, dedupRow{}, origin{})
	for _, want := range []entryRow{
		{},
		{version: math.MaxUint64, expires: 1 << 62, flags: flagEmit | flagNotify, data: []byte(`1`), origin: anOrigin},
		{data: bytes.Repeat([]byte("7"), 300), origin: origin{umd: []byte("1")}},
	} {
		value := want.encode()
		got, err := decodeEntry(value)
		if d := cmp.Diff(want, got, allow); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
		if cap(value) != len(value) {
			t.Errorf("%d bytes were asked for, %d needed", cap(value), len(value))
		}
	}
	for _, want := range []messageRow{{}, {expires: 1, event: "e", data: []byte(`"x"`), origin: anOrigin}} {
		value := want.encode()
		got, err := decodeMessage(value)
		if d := cmp.Diff(want, got, allow); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
		if cap(value) != len(value) {
			t.Errorf("%d bytes were asked for, %d needed", cap(value), len(value))
		}
	}
	for _, want := range []reactionRow{{}, {flags: flagEmit, id: ulid.ULID{1, 2, 3}, origin: anOrigin}} {
		value := want.encode()
		got, err := decodeReaction(value)
		if d := cmp.Diff(want, got, cmp.AllowUnexported(reactionRow{}, origin{})); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
		if cap(value) != len(value) {
			t.Errorf("%d bytes were asked for, %d needed", cap(value), len(value))
		}
	}
	for _, want := range []countsRow{nil, {{Reaction: "👍", Count: 1}, {Reaction: "x", Count: 300}}} {
		value := want.encode()
		got, err := decodeCounts(value)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
		if cap(value) != len(value) {
			t.Errorf("%d bytes were asked for, %d needed", cap(value), len(value))
		}
	}
	for _, want := range []dedupRow{{until: 7, id: ulid.ULID{1, 2, 3}}, {until: 7, schedule: ulid.ULID{4}}, {id: ulid.ULID{1}, schedule: ulid.ULID{4}}} {
		if got, err := decodeDedup(want.encode()); got != want || err != nil {
			t.Errorf("%v %v", got, err)
		}
	}
	for _, want := range []scheduleRow{
		{store: -1},
		{
			flags: scheduledSet | scheduledEmit, due: 1 << 50, created: 7, store: 60, name: "k", expression: "at(…)", timezone: "Asia/Tokyo",
			messageID: ulid.ULID{9}, origin: anOrigin, data: bytes.Repeat([]byte("7"), 300),
		},
	} {
		got, err := decodeSchedule(want.encode())
		if d := cmp.Diff(want, got, cmp.AllowUnexported(scheduleRow{}, origin{})); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
		id := ulid.ULID{1, 2}
		listed, err := ListedSchedule(listingKey(id), want.summary("c"))
		full := want.info(id, "c")
		full.Data, full.Meta, full.Store = nil, nil, 0
		if d := cmp.Diff(&full, listed); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
		for i := range want.encode() {
			if _, err := decodeSchedule(want.encode()[:i]); !errors.Is(err, errRow) {
				t.Errorf("cut after %d bytes: %v", i, err)
			}
		}
	}
	for _, key := range []string{"s", "s123"} {
		if _, err := ListedSchedule(key, nil); !errors.Is(err, errRow) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if _, err := ListedSchedule(listingKey(ulid.ULID{}), []byte{1}); !errors.Is(err, errRow) {
		t.Error(err)
	}
}

func TestRowsOfAnotherVersionAreAFault(t *testing.T) {
	e := entryRow{data: []byte("1")}
	value := e.encode()
	value[0]++
	if _, err := decodeEntry(value); !errors.Is(err, errRow) {
		t.Error(err)
	}
	for i := range e.encode() {
		if _, err := decodeEntry(e.encode()[:i]); !errors.Is(err, errRow) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	if _, err := decodeEntry(append(e.encode(), 0)); !errors.Is(err, errRow) {
		t.Errorf("with a byte too many: %v", err)
	}
}

func TestReactionsAreKeptByMessage(t *testing.T) {
	first, next := ulid.ULID{15: 0xff}, ulid.ULID{14: 1}
	key := reactionKey(first, "y z", "a#b")
	if reaction, err := splitReaction(key); reaction != "y z" || err != nil {
		t.Errorf("%q %v", reaction, err)
	}
	if key <= reactionPrefix(first) || key >= reactionEnd(first) || reactionEnd(first) != reactionPrefix(next) {
		t.Errorf("%q is not between %q and %q", key, reactionPrefix(first), reactionEnd(first))
	}
	for _, bad := range []string{tableReactions, reactionPrefix(first), reactionPrefix(first) + "x"} {
		if _, err := splitReaction(bad); !errors.Is(err, errRow) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range [][]byte{{1, 1, 'x', 0}, {1, 1, 'x'}, {1, 2, 'x'}, {2}, nil} {
		if _, err := decodeCounts(bad); !errors.Is(err, errRow) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestTimersAreInOrderOfTime(t *testing.T) {
	keys := []string{
		timerKey(0, timerDedup, "z"),
		timerKey(255, timerDedup, "z"),
		timerKey(256, timerDedup, "a"),
		timerKey(256, timerEntry, ""),
		timerKey(256, timerEntry, "a"),
		timerKey(start.UnixMilli(), timerEntry, "a"),
		timerKey(start.UnixMilli(), timerSchedule, "a"),
		timerKey(start.UnixMilli()+1, timerDedup, "a"),
	}
	if !slices.IsSorted(keys) {
		t.Errorf("%q", keys)
	}
	due, kind, key, err := splitTimer(keys[5])
	if due != start.UnixMilli() || kind != timerEntry || key != "a" || err != nil {
		t.Error(due, kind, key, err)
	}
	for _, short := range []string{"t", timerKey(1, timerEntry, "")[:9]} {
		if _, _, _, err := splitTimer(short); !errors.Is(err, errRow) {
			t.Errorf("%q: %v", short, err)
		}
	}
	if _, err := dueOf("t123"); !errors.Is(err, errRow) {
		t.Error(err)
	}
	if _, err := splitID("m", 1); !errors.Is(err, errRow) {
		t.Error(err)
	}
}

func TestAnUnknownTimerIsAFault(t *testing.T) {
	for _, key := range []string{"t", timerKey(1, 'x', "k"), timerKey(1, timerSchedule, "short"), tableExpiries, expiryKey(1, ulid.ULID{})[:20]} {
		w := newWorld("c", Options{})
		w.fx.put(key, nil)
		w.rows.Apply(w.fx.Writes)
		if err := w.expire(); !errors.Is(err, errRow) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// FuzzDecode gives arbitrary bytes to every decoder: what one of them reads is written the same again, but
// for the length of its numbers.
func FuzzDecode(f *testing.F) {
	e := entryRow{version: 3, expires: start.UnixMilli(), flags: flagEmit, data: []byte(`{"a":1}`), origin: anOrigin}
	m := messageRow{event: "e", expires: 1, data: []byte(`1`), origin: anOrigin}
	d := dedupRow{until: 5, id: ulid.ULID{9}}
	s := scheduleRow{name: "k", store: -1, due: 3, messageID: ulid.ULID{1}, origin: anOrigin}
	r := reactionRow{flags: flagEmit, id: ulid.ULID{9}, origin: anOrigin}
	k := countsRow{{Reaction: "x", Count: 3}}
	for _, v := range [][]byte{s.encode(), e.encode(), m.encode(), d.encode(), r.encode(), k.encode(), {1}, {1, 0xff, 0xff}} {
		f.Add(v)
	}
	allow := cmp.AllowUnexported(entryRow{}, messageRow{}, origin{})
	f.Fuzz(func(t *testing.T, value []byte) {
		was := bytes.Clone(value)
		if e, err := decodeEntry(value); err == nil {
			again, err := decodeEntry(e.encode())
			if d := cmp.Diff(e, again, allow); d != "" || err != nil {
				t.Errorf("entry: %v %s", err, d)
			}
		}
		if m, err := decodeMessage(value); err == nil {
			again, err := decodeMessage(m.encode())
			if d := cmp.Diff(m, again, allow); d != "" || err != nil {
				t.Errorf("message: %v %s", err, d)
			}
		}
		if s, err := decodeSchedule(value); err == nil {
			again, err := decodeSchedule(s.encode())
			if d := cmp.Diff(s, again, cmp.AllowUnexported(scheduleRow{}, origin{})); d != "" || err != nil {
				t.Errorf("schedule: %v %s", err, d)
			}
		}
		if d, err := decodeDedup(value); err == nil {
			if again, err := decodeDedup(d.encode()); again != d || err != nil {
				t.Errorf("deduplication: %v", err)
			}
		}
		if r, err := decodeReaction(value); err == nil {
			again, err := decodeReaction(r.encode())
			if d := cmp.Diff(r, again, cmp.AllowUnexported(reactionRow{}, origin{})); d != "" || err != nil {
				t.Errorf("reaction: %v %s", err, d)
			}
		}
		if k, err := decodeCounts(value); err == nil {
			again, err := decodeCounts(k.encode())
			if d := cmp.Diff(k, again); d != "" || err != nil {
				t.Errorf("counts: %v %s", err, d)
			}
		}
		if !bytes.Equal(value, was) {
			t.Error("the value was changed")
		}
	})
}

func TestStoreIsRefusedOutsideItsRange(t *testing.T) {
	for store, want := range map[int64]time.Duration{-1: 0, 1: time.Second, 3_155_695_200: 3_155_695_200 * time.Second} {
		got, err := deadline(start, store)
		if err != nil || want != 0 && got != start.Add(want).UnixMilli() || want == 0 && got != 0 {
			t.Errorf("%d: %d %v", store, got, err)
		}
	}
	for _, store := range []int64{0, -2, 3_155_695_201, math.MaxInt64, math.MinInt64} {
		if _, err := deadline(start, store); !errors.Is(err, ErrInvalidStore) {
			t.Errorf("%d: %v", store, err)
		}
	}
}
