package claims

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRangesOfKeys(t *testing.T) {
	everything := []KeyRange{{}}
	one := func(key string) KeyRange { return KeyRange{key, key + "\x00"} }
	for _, x := range []struct {
		rule, subscribed, connect string
		want                      []KeyRange
	}{
		{"no rules hold nothing", ``, `{}`, []KeyRange{}},
		{"a key", ``, `{"k":{"observe":true}}`, []KeyRange{one("k")}},
		{"keys, in order, of both tokens", `{"c":{"observe":true},"a":{"observe":true}}`, `{"b":{"observe":true}}`, []KeyRange{one("a"), one("b"), one("c")}},
		{"one key twice", `{"a":{"observe":true}}`, `{"a":{"observe":true}}`, []KeyRange{one("a")}},
		{"a pattern's beginning", ``, `{"a.*.b":{"observe":true}}`, []KeyRange{{"a.", "a/"}}},
		{"a pattern holds what begins as it does", ``, `{"a*":{"observe":true},"ab":{"observe":true},"abc*":{"observe":true},"b":{"observe":true},"c":{"observe":true}}`,
			[]KeyRange{{"a", "b\x00"}, one("c")}},
		{"a pattern without a beginning is everything", ``, `{"a":{"observe":true},"*.b":{"observe":true}}`, everything},
		{"an expression is everything", ``, `{"#regex:^a$":{"observe":true}}`, everything},
		{"what is denied needs no look", ``, `{"*":{"observe":false,"get":true},"a":{"observe":true}}`, []KeyRange{one("a")}},
	} {
		t.Run(x.rule, func(t *testing.T) {
			subscribed := ""
			if x.subscribed != "" {
				subscribed = `{"c":{"storage":` + x.subscribed + `}}`
			}
			g := layers(t, subscribed, `{"c":{"storage":`+x.connect+`}}`).Channel("c")
			if d := cmp.Diff(x.want, g.ObserveRanges()); d != "" {
				t.Error(d)
			}
		})
	}
	g := layers(t, ``, `{"c":{"storage":{"a":{"observe":true},"b":{"get":true}}}}`).Channel("c")
	if d := cmp.Diff([]KeyRange{one("b")}, g.GetRanges()); d != "" {
		t.Error(d)
	}
	if !one("k").One() || !one("").One() || (KeyRange{"a", "b"}).One() || (KeyRange{}).One() {
		t.Error("One is wrong")
	}
	if got := behind("a\xff\xff"); got != "b" || behind("\xff") != "" || behind("") != "" {
		t.Errorf("%q", got)
	}
}

// sameRanges checks that the ranges hold key if its rights say so, and that they are in order and apart.
func sameRanges(t *rapid.T, g *ChannelGrant, key string) {
	for what, x := range map[string]struct {
		ranges []KeyRange
		right  bool
	}{
		"observe": {g.ObserveRanges(), g.Key(key).Observe},
		"get":     {g.GetRanges(), g.Key(key).Get},
	} {
		held := false
		for i, r := range x.ranges {
			held = held || r.From <= key && (r.To == "" || key < r.To)
			if r.To != "" && r.To <= r.From || i > 0 && (x.ranges[i-1].To == "" || x.ranges[i-1].To >= r.From) {
				t.Fatalf("%s: the ranges are %q", what, x.ranges)
			}
		}
		if x.right && !held || x.ranges == nil {
			t.Fatalf("%s: %q is not within %q", what, key, x.ranges)
		}
	}
}
