package appstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
	"dormouse/persistence/apps"
)

// Open makes a table with these items and a source over it. Items are in the spelling of config files; they are the
// caller's, which may change them. The suite closes the source; the table ends with t.
type Open func(t *testing.T, items []apps.Record) apps.Source

// Run plays the whole suite against sources that open makes, one for each part.
func Run(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"an app is found whole by id and by key", foundWhole},
		{"what is not there is not found", notFound},
		{"ids and keys are separate worlds", separateWorlds},
		{"names are compared byte by byte", exactNames},
		{"of several apps with one key the smallest id counts", doubledKeys},
		{"names of any form are looked for, and never an outage", hostileNames},
		{"names of any form are found", unusualNames},
		{"a record without secret is handed over as it is", withoutSecret},
		{"lookups go on at the same time", atTheSameTime},
		{"an ended context is no answer", endedContext},
		{"a closed source is an outage", closed},
		{"what can list lists each app once", listsAll},
		{"a listing ends with who asked for it", listingEnds},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, open) })
	}
}

// deadline ends a lookup that hangs; it judges nothing.
const deadline = 30 * time.Second

func opened(t *testing.T, open Open, items ...apps.Record) apps.Source {
	t.Helper()
	copies := make([]apps.Record, len(items))
	for i, item := range items {
		copies[i] = apps.Record{}
		for k, v := range item {
			copies[i][k] = v
		}
	}
	s := open(t, copies)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func lookup(t testing.TB, s apps.Source, byKey bool, name string) (apps.Record, error) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if byKey {
		return s.ByKey(ctx, name)
	}
	return s.ByID(ctx, name)
}

func by(byKey bool) string {
	if byKey {
		return "key"
	}
	return "id"
}

// app is the decoded record that is found.
func app(t testing.TB, s apps.Source, byKey bool, name string) *claims.App {
	t.Helper()
	r, err := lookup(t, s, byKey, name)
	if err != nil {
		t.Fatalf("by %s %q: %v", by(byKey), name, err)
	}
	a, _, err := apps.Decode(r, apps.Defaults{})
	if err != nil {
		t.Fatalf("by %s %q: %v", by(byKey), name, err)
	}
	return a
}

func none(t testing.TB, s apps.Source, byKey bool, name string) {
	t.Helper()
	if r, err := lookup(t, s, byKey, name); !errors.Is(err, apps.ErrNoRecord) {
		t.Errorf("by %s %.60q: error %v and %d attributes, want ErrNoRecord", by(byKey), name, err, len(r))
	}
}

func foundWhole(t *testing.T, open Open) {
	items := []apps.Record{whole(), classic(), Item("bare", "bare-key")}
	s := opened(t, open, items...)
	for _, item := range items {
		want, warnings, err := apps.Decode(item, apps.Defaults{})
		if err != nil || len(warnings) > 0 {
			t.Fatal(err, warnings)
		}
		for _, byKey := range []bool{false, true} {
			name := want.ID
			if byKey {
				name = want.Key
			}
			if diff := cmp.Diff(want, app(t, s, byKey, name)); diff != "" {
				t.Errorf("by %s %q (-want +got):\n%s", by(byKey), name, diff)
			}
		}
	}
}

func notFound(t *testing.T, open Open) {
	s := opened(t, open)
	none(t, s, false, "a")
	none(t, s, true, "a-key")
	s = opened(t, open, Item("b", "b-key"))
	none(t, s, false, "a")
	none(t, s, true, "a-key")
}

func separateWorlds(t *testing.T, open Open) {
	s := opened(t, open, Item("one", "two"), Item("two", "three"))
	for _, l := range []struct {
		byKey      bool
		name, want string
	}{{false, "one", "one"}, {false, "two", "two"}, {true, "two", "one"}, {true, "three", "two"}} {
		if got := app(t, s, l.byKey, l.name).ID; got != l.want {
			t.Errorf("by %s %q: app %q, want %q", by(l.byKey), l.name, got, l.want)
		}
	}
	none(t, s, true, "one")
	none(t, s, false, "three")
}

func exactNames(t *testing.T, open Open) {
	s := opened(t, open, Item("Café", "Schlüssel"))
	for _, name := range []string{"café", "CAFÉ", "Cafe", "Café ", " Café", "Caf", "Café\x00", "Cafe\u0301", "Caf_", "Caf%", "%"} {
		none(t, s, false, name)
	}
	for _, name := range []string{"schlüssel", "SCHLÜSSEL", "Schlussel", "Schluessel", "Schlüssel ", "Schlüssel\t", "Schl_ssel", "%"} {
		none(t, s, true, name)
	}
	if got := app(t, s, false, "Café").Key; got != "Schlüssel" {
		t.Errorf("key %q", got)
	}
}

func doubledKeys(t *testing.T, open Open) {
	s := opened(t, open, Item("b", "same"), Item("9", "same"), Item("10", "same"), Item("a", "same"), Item("other", "other-key"))
	for range 3 {
		if got := app(t, s, true, "same").ID; got != "10" {
			t.Errorf("by key: app %q, want the smallest id, 10", got)
		}
	}
	for _, id := range []string{"b", "9", "10", "a"} {
		if got := app(t, s, false, id).ID; got != id {
			t.Errorf("by id %q: app %q", id, got)
		}
	}
}

// hostile are names as strangers write them into URLs. None may be taken for an outage, since that says to come
// back; a store that cannot hold a name does not have it.
var hostile = []string{
	"'", "''", `"`, "`", `\`, "\\'", "a' OR '1'='1", `a" OR "1"="1`, "a'; DROP TABLE apps; --", "$1", "?", ":app_key",
	"%s", "%", "_", "*", "\x00", "a\x00b", "\xff", "\xc3\x28", "🦔", "null", "NULL", "true", "0", "-1", "1e3",
	" ", "\t", "\n", "a\nb", "../../etc/passwd", "{{.}}", "${jndi:x}",
	strings.Repeat("x", 256), strings.Repeat("ü", claims.MaxAppName/2),
}

func hostileNames(t *testing.T, open Open) {
	s := opened(t, open, Item("a", "a-key"))
	for _, name := range hostile {
		none(t, s, false, name)
		none(t, s, true, name)
	}
	if got := app(t, s, true, "a-key").ID; got != "a" {
		t.Errorf("after all that, app %q", got)
	}
}

func unusualNames(t *testing.T, open Open) {
	names := []string{"12345678901234567890", "a/b", "a b", "a'b", `a"b`, "a`b", `a\b`, "a%b", "ü🦔", "pusher/a", strings.Repeat("x", 200)}
	var items []apps.Record
	for _, n := range names {
		items = append(items, Item(n, "key of "+n))
	}
	s := opened(t, open, items...)
	for _, n := range names {
		if got := app(t, s, false, n).ID; got != n {
			t.Errorf("by id %q: app %q", n, got)
		}
		if got := app(t, s, true, "key of "+n); got.ID != n || got.Secret != n+"-secret" {
			t.Errorf("by key %q: app %q", "key of "+n, got.ID)
		}
	}
}

func withoutSecret(t *testing.T, open Open) {
	s := opened(t, open, with(Item("open", "open-key"), "secret", ""))
	for _, byKey := range []bool{false, true} {
		name := map[bool]string{false: "open", true: "open-key"}[byKey]
		r, err := lookup(t, s, byKey, name)
		if err != nil {
			t.Fatalf("by %s: %v", by(byKey), err)
		}
		if a, _, err := apps.Decode(r, apps.Defaults{}); !errors.Is(err, apps.ErrInvalid) {
			t.Errorf("by %s: app %v, %v, want ErrInvalid", by(byKey), a, err)
		}
	}
}

func atTheSameTime(t *testing.T, open Open) {
	var items []apps.Record
	for i := range 20 {
		items = append(items, Item(fmt.Sprint("app", i), fmt.Sprint("key", i)))
	}
	s := opened(t, open, items...)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			byKey := i%2 == 0
			name := map[bool]string{false: "app", true: "key"}[byKey] + fmt.Sprint(i%20)
			r, err := lookup(t, s, byKey, name)
			if err != nil {
				t.Errorf("by %s %q: %v", by(byKey), name, err)
				return
			}
			if a, _, err := apps.Decode(r, apps.Defaults{}); err != nil || a.ID != fmt.Sprint("app", i%20) {
				t.Errorf("by %s %q: app %v, %v", by(byKey), name, a, err)
			}
		})
	}
	all.Wait()
}

func endedContext(t *testing.T, open Open) {
	s := opened(t, open, Item("a", "a-key"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.ByID(ctx, "a"); err == nil || errors.Is(err, apps.ErrNoRecord) {
		t.Errorf("by id: %v, want an outage", err)
	}
	if _, err := s.ByKey(ctx, "a-key"); err == nil || errors.Is(err, apps.ErrNoRecord) {
		t.Errorf("by key: %v, want an outage", err)
	}
	if got := app(t, s, false, "a").ID; got != "a" {
		t.Errorf("afterwards, app %q", got)
	}
}

func closed(t *testing.T, open Open) {
	s := open(t, []apps.Record{Item("a", "a-key")})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "a-key", "none"} {
		if _, err := lookup(t, s, name == "a-key", name); err == nil || errors.Is(err, apps.ErrNoRecord) {
			t.Errorf("%q: %v, want an outage", name, err)
		}
	}
}
