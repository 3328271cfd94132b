package apps_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dormouse/persistence/apps"
	"dormouse/persistence/apps/appstest"
)

func TestStaticConforms(t *testing.T) {
	for name, spelling := range map[string]func(apps.Record) apps.Record{
		"camelCase": func(r apps.Record) apps.Record { return r }, "PascalCase": appstest.Pascal, "snake_case": appstest.Snake,
	} {
		t.Run(name, func(t *testing.T) {
			appstest.Run(t, func(t *testing.T, items []apps.Record) apps.Source {
				for i, item := range items {
					items[i] = spelling(item)
				}
				s, _ := apps.NewStatic(items)
				return s
			})
		})
	}
}

func TestStaticLive(t *testing.T) {
	appstest.RunLive(t, func(t *testing.T) appstest.Table {
		table := map[string]apps.Record{}
		s, _ := apps.NewStatic(nil)
		replace := func() { s.Replace(slices.Collect(maps.Values(table))) }
		return appstest.Table{
			Source: s,
			Put: func(items ...apps.Record) {
				for _, item := range items {
					table[item["id"].(string)] = item
				}
				replace()
			},
			Delete: func(ids ...string) {
				for _, id := range ids {
					delete(table, id)
				}
				replace()
			},
		}
	})
}

func TestStaticTellsWhatIsWrongWithItsList(t *testing.T) {
	s, warnings := apps.NewStatic([]apps.Record{
		{"key": "k"},
		{"id": "b", "key": "same", "secret": "s"},
		{"AppId": "a", "app_key": "ignored", "AppKey": "same", "AppSecret": "s"},
		{"id": "b", "key": "other", "secret": "s"},
		{"id": 5, "key": "c", "secret": "s"},
	})
	defer s.Close()
	for _, part := range []string{"record 1 of the list has no id", `app "b": the key is also that of app "a"`, `app "b": record 4 of the list has the id`} {
		if !slices.ContainsFunc(warnings, func(w apps.Warning) bool { return strings.Contains(w.String(), part) }) {
			t.Errorf("nothing in %v has %q", warnings, part)
		}
	}
	if len(warnings) != 3 {
		t.Errorf("%d warnings: %v", len(warnings), warnings)
	}
	if r, err := s.ByKey(t.Context(), "same"); err != nil || r["AppId"] != "a" {
		t.Errorf("%v, %v", r, err)
	}
	if r, err := s.ByID(t.Context(), "b"); err != nil || r["key"] != "same" {
		t.Errorf("%v, %v", r, err)
	}
	if r, err := s.ByID(t.Context(), "5"); err != nil || r["key"] != "c" {
		t.Errorf("%v, %v", r, err)
	}
}

func TestStaticStaysClosed(t *testing.T) {
	s, _ := apps.NewStatic(nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Replace([]apps.Record{{"id": "a", "key": "k", "secret": "s"}})
	if r, err := s.ByID(t.Context(), "a"); err == nil {
		t.Errorf("found %v", r)
	}
}

func TestStaticLists(t *testing.T) {
	one, two := apps.Record{"id": "z", "key": "z-key", "secret": "s"}, apps.Record{"AppId": "a"}
	s, _ := apps.NewStatic([]apps.Record{one, {"key": "nameless"}, two, {"id": "z", "secret": "other"}})
	var got []apps.Record
	for r, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if want := []apps.Record{one, two}; !cmp.Equal(got, want) {
		t.Errorf("listed %v, want what lookups find, in its order: %v", got, want)
	}
	for range s.List(t.Context()) {
		break // who has seen enough stops
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	lastIsError := func(ctx context.Context) {
		t.Helper()
		n := 0
		for r, err := range s.List(ctx) {
			if n++; n > 1 || r != nil || err == nil {
				t.Errorf("listed %v, %v, want one error", r, err)
			}
		}
		if n != 1 {
			t.Errorf("listed %d things, want one error", n)
		}
	}
	lastIsError(ended)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	lastIsError(t.Context())
}

func TestBuiltInIsAnApp(t *testing.T) {
	r := apps.BuiltIn()
	r["enabled"] = false
	app, warnings, err := apps.Decode(apps.BuiltIn(), apps.Defaults{})
	if err != nil || len(warnings) > 0 || !app.Enabled {
		t.Errorf("%+v, %v, %v", app, warnings, err)
	}
}
