package appstest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
	"dormouse/persistence/apps"
)

// lister returns the source as what can list; not every source can.
func lister(t *testing.T, s apps.Source) apps.Lister {
	t.Helper()
	l, ok := s.(apps.Lister)
	if !ok {
		t.Log("the source does not list")
	}
	return l
}

// manyApps are more than a store hands over at once.
const manyApps = 250

func listsAll(t *testing.T, open Open) {
	if l := lister(t, opened(t, open)); l == nil {
		return
	} else if got := listing(t, l); len(got) > 0 {
		t.Errorf("an empty table lists %v", got)
	}
	items := []apps.Record{whole(), classic(), Item("two", "same"), Item("one", "same")}
	for n := range manyApps {
		items = append(items, Item(fmt.Sprint("app", n), fmt.Sprint("key", n)))
	}
	want := map[string]*claims.App{}
	for _, item := range items {
		a, _, err := apps.Decode(item, apps.Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		want[a.ID] = a
	}
	if diff := cmp.Diff(want, listing(t, lister(t, opened(t, open, items...)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for r, err := range lister(t, opened(t, open, with(Item("open", "open-key"), "secret", ""))).List(t.Context()) {
		if _, _, invalid := apps.Decode(r, apps.Defaults{}); err != nil || !errors.Is(invalid, apps.ErrInvalid) {
			t.Errorf("a record without a secret: %v, %v", r, err)
		}
	}
}

// listing is all that is listed, by id.
func listing(t *testing.T, l apps.Lister) map[string]*claims.App {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	got := map[string]*claims.App{}
	for r, err := range l.List(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := apps.Decode(r, apps.Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		if got[a.ID] != nil {
			t.Errorf("%q is listed twice", a.ID)
		}
		got[a.ID] = a
	}
	return got
}

func listingEnds(t *testing.T, open Open) {
	var items []apps.Record
	for n := range manyApps {
		items = append(items, Item(fmt.Sprint("app", n), fmt.Sprint("key", n)))
	}
	l := lister(t, open(t, items))
	if l == nil {
		return
	}
	for range 10 { // more often than a pool has connections
		for _, err := range l.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if got := app(t, l, false, "app0").ID; got != "app0" {
		t.Errorf("afterwards, app %q", got)
	}
	outage := func(what string, ctx context.Context) {
		t.Helper()
		var last error
		for r, err := range l.List(ctx) {
			if last != nil || (r == nil) != (err != nil) {
				t.Fatalf("%s: %d attributes and %v after %v", what, len(r), err, last)
			}
			last = err
		}
		if last == nil || errors.Is(last, apps.ErrNoRecord) {
			t.Errorf("%s: %v, want an outage", what, last)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	outage("an ended context", ctx)
	closeSource(t, l)
	outage("a closed source", t.Context())
}
