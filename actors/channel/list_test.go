package channel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dormouse/actors/channel/channeltest"
	"dormouse/claims"
)

// countingRows counts what is read of the entries.
type countingRows struct {
	channeltest.Rows
	touched int
}

func (r *countingRows) Get(key string) ([]byte, error) {
	r.touched++
	return r.Rows.Get(key)
}

func (r *countingRows) Scan(from, to string, reverse bool, visit func(key string, value []byte) bool) error {
	return r.Rows.Scan(from, to, reverse, func(key string, value []byte) bool {
		r.touched++
		return visit(key, value)
	})
}

// A list that may show little of a large channel reads little of it.
func TestListReadsItsRangesAlone(t *testing.T) {
	const users, each = 1000, 10
	rows := &countingRows{}
	c := New("app", "c", rows, Options{})
	at, fx := time.Unix(1_000_000, 0), &Effects{}
	for user := range users {
		for key := range each {
			if err := c.SetStorage(Step{Seq: uint64(user*each + key + 1), At: at}, &SetStorage{Key: fmt.Sprintf("user.%d.%d", user, key), Data: []byte("1"), Store: -1, Server: true}, fx); err != nil {
				t.Fatal(err)
			}
			rows.Apply(fx.Writes)
			fx.Reset()
		}
	}
	for _, tt := range []struct {
		rule    string
		ranges  []claims.KeyRange
		prefix  string
		after   string
		limit   int
		want    int
		touched int // at most
	}{
		{"nowhere", []claims.KeyRange{}, "user.7.", "", 100, 0, 0},
		{"one user", []claims.KeyRange{{From: "user.7.", To: "user.7/"}}, "user.7.", "", 100, each, each},
		{"after some", []claims.KeyRange{{From: "user.7.", To: "user.7/"}}, "user.7.", "user.7.3", 100, each - 4, each - 4},
		{"after all", []claims.KeyRange{{From: "user.7.", To: "user.7/"}}, "user.7.", "user.8", 100, 0, 0},
		{"two users", []claims.KeyRange{{From: "user.7.", To: "user.7/"}, {From: "user.9.", To: "user.9/"}}, "user.", "", 100, 2 * each, 2 * each},
		{"a page of two users", []claims.KeyRange{{From: "user.7.", To: "user.7/"}, {From: "user.9.", To: "user.9/"}}, "user.", "", each - 1, each - 1, each},
		{"everywhere", nil, "user.7.", "", 100, each, users * each},
	} {
		rows.touched = 0
		cmd := &ListStorage{After: tt.after, Limit: tt.limit, Within: tt.ranges, Allow: func(key string) bool { return strings.HasPrefix(key, tt.prefix) }}
		if err := c.ListStorage(Step{At: at}, cmd, fx); err != nil {
			t.Fatal(err)
		}
		page := fx.Result.(*Entries)
		if len(page.Items) != tt.want || rows.touched > tt.touched {
			t.Errorf("%s: %d entries, want %d; %d rows were touched, want %d at most", tt.rule, len(page.Items), tt.want, rows.touched, tt.touched)
		}
		if !slices.IsSortedFunc(page.Items, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) }) {
			t.Errorf("%s: the entries are not in order", tt.rule)
		}
		fx.Reset()
	}
}

// A list in parts finds what it finds in one go, however much each part reads.
func TestListInParts(t *testing.T) {
	const entries = 60
	rows := &countingRows{}
	c := New("app", "c", rows, Options{})
	at, fx := time.Unix(1_000_000, 0), &Effects{}
	var keys []string
	for i := range entries {
		store := int64(-1)
		if i%7 == 3 {
			store = 1 // it has expired by then
		}
		keys = append(keys, fmt.Sprintf("k%02d", i))
		if err := c.SetStorage(Step{Seq: uint64(i + 1), At: at}, &SetStorage{Key: keys[i], Data: []byte(strings.Repeat("1", 1+i%5)), Store: store, Server: true}, fx); err != nil {
			t.Fatal(err)
		}
		rows.Apply(fx.Writes)
		fx.Reset()
	}
	at = at.Add(time.Minute)
	list := func(cmd ListStorage) (page *Entries, parts int) {
		t.Helper()
		for next := &cmd; next != nil; next = page.Rest {
			parts++
			rows.touched = 0
			if err := c.ListStorage(Step{At: at}, next, fx); err != nil {
				t.Fatal(err)
			}
			page = fx.Result.(*Entries)
			fx.Reset()
			if cmd.Visit > 0 && cmd.Keys == nil && rows.touched > cmd.Visit+len(cmd.Within)+1 {
				t.Fatalf("%+v: a part touches %d rows", cmd, rows.touched)
			}
		}
		return page, parts
	}
	for _, rare := range []string{"", "5", "none"} {
		for _, within := range [][]claims.KeyRange{nil, {{From: "k05", To: "k05\x00"}, {From: "k1", To: "k3"}, {From: "k35", To: ""}}} {
			for _, some := range [][]string{nil, keys[10:40]} {
				for _, after := range []string{"", "k17"} {
					for _, size := range []struct{ limit, bytes int }{{100, 0}, {4, 0}, {1, 0}, {100, 7}} {
						cmd := ListStorage{Keys: some, Within: within, After: after, Limit: size.limit, Bytes: size.bytes,
							Allow: func(key string) bool { return strings.HasSuffix(key, rare) }}
						want, _ := list(cmd)
						for _, visit := range []int{1, 2, 3, 10, 59, 60, 61} {
							cmd.Visit = visit
							got, parts := list(cmd)
							if d := cmp.Diff(want, got); d != "" {
								t.Fatalf("%+v in parts of %d: %s", cmd, visit, d)
							}
							if rare == "none" && visit == 1 && parts < 2 {
								t.Fatalf("%+v: one part", cmd)
							}
						}
					}
				}
			}
		}
	}
}
