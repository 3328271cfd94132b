package apps

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"dormouse/claims"
)

// names lists a page, with "…" behind it if there are others.
func names(page []*claims.App, more bool) string {
	var all []string
	for _, app := range page {
		all = append(all, app.ID)
	}
	if more {
		all = append(all, "…")
	}
	return strings.Join(all, " ")
}

// Of a table only what was asked for is known, and looking at that reads nothing and keeps nothing.
func TestKnownOfATable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var records []Record
		for i := range 9 {
			records = append(records, appRecord(fmt.Sprintf("shop-%d", i)))
		}
		r := newRig(t, CacheOptions{Apps: 4}, append(records, appRecord("bank"))...)
		if got := names(r.Known("", "", 10)); got != "" {
			t.Errorf("before anybody asked: %s", got)
		}
		for _, what := range []string{"id shop-3", "key shop-1-key", "id bank", "id nobody", "id shop-7"} {
			r.is(what)
		}
		reads := len(r.store.reads)
		for _, tt := range []struct {
			prefix, after string
			limit         int
			want          string
		}{
			{"", "", 10, "bank shop-1 shop-3 shop-7"},
			{"", "", 4, "bank shop-1 shop-3 shop-7"},
			{"", "", 3, "bank shop-1 shop-3 …"},
			{"", "shop-3", 3, "shop-7"},
			{"shop", "", 2, "shop-1 shop-3 …"},
			{"shop", "shop-1", 1, "shop-3 …"},
			{"shop-7", "", 1, "shop-7"},
			{"x", "", 1, ""},
		} {
			if got := names(r.Known(tt.prefix, tt.after, tt.limit)); got != tt.want {
				t.Errorf("%d of %q after %q: %q, want %q", tt.limit, tt.prefix, tt.after, got, tt.want)
			}
		}
		if now := len(r.store.reads); now != reads {
			t.Errorf("%d readings more", now-reads)
		}
		r.is("id shop-8") // the one that was asked for least recently gives way, however often it was listed
		if got := names(r.Known("", "", 10)); got != "bank shop-1 shop-7 shop-8" {
			t.Errorf("after another: %s", got)
		}
	})
}

// Of a list everything is known at once, but for what is no app.
func TestKnownOfAList(t *testing.T) {
	source, _ := NewStatic([]Record{appRecord("b", "enabled", false), appRecord("a"), {"id": "ab"}, appRecord("c")})
	c := NewCache(source, CacheOptions{Logger: discard})
	defer c.Close()
	if got := names(c.Known("", "", 2)); got != "a b …" {
		t.Errorf("a page: %s", got)
	}
	page, more := c.Known("", "b", 2)
	if got := names(page, more); got != "c" {
		t.Errorf("the last: %s", got)
	}
	if page, _ = c.Known("b", "", 1); len(page) != 1 || page[0].Enabled {
		t.Errorf("%v", page)
	}
	source.Replace([]Record{appRecord("z")})
	if got := names(c.Known("", "", 2)); got != "z" {
		t.Errorf("another list: %s", got)
	}
	_ = source.Close()
	if got := names(c.Known("", "", 2)); got != "" {
		t.Errorf("a list that is closed: %s", got)
	}
}
