package channel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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
