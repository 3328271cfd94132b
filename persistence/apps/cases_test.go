package apps

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
)

// dynamoNumber is a number as DynamoDB hands it over.
func dynamoNumber(s string) json.Number { return json.Number(s) }

// item is soketi's documented item of DynamoDB with more attributes, or others, in pairs of name and value.
func item(pairs ...any) Record {
	r := Record{
		"AppId": "a", "AppKey": "a-key", "AppSecret": "a-secret", "MaxConnections": dynamoNumber("-1"),
		"EnableClientMessages": []byte("false"), "Enabled": []byte("true"), "MaxBackendEventsPerSecond": dynamoNumber("-1"),
		"MaxClientEventsPerSecond": dynamoNumber("-1"), "MaxReadRequestsPerSecond": dynamoNumber("-1"), "Webhooks": "[]",
	}
	for i := 0; i < len(pairs); i += 2 {
		r[pairs[i].(string)] = pairs[i+1]
	}
	return r
}

// TestCases are the acceptance cases of apps, by their numbers, as far as no client is in them: what an app becomes out
// of its record, and what a lookup answers and when. What the door makes of that is its own to show: an app that is
// disabled closes with 4003, ErrNoApp with 4001, ErrAppsUnavailable with 4100.
func TestCases(t *testing.T) {
	t.Run("A3: the ten classic attributes leave the server's defaults", func(t *testing.T) {
		app, warnings := decoded(t, item(), Defaults{MaxEventBatchSize: 11})
		want := plain()
		want.MaxEventBatchSize = 11
		if diff := cmp.Diff(want, app); diff != "" || len(warnings) > 0 {
			t.Errorf("%s\nwarned %v", diff, warnings)
		}
	})
	t.Run("A4: all ways to write that it is disabled", func(t *testing.T) {
		for _, off := range []any{[]byte("false"), "false", dynamoNumber("0"), false} {
			if app, _ := decoded(t, item("Enabled", off), Defaults{}); app.Enabled {
				t.Errorf("%T %v enables it", off, off)
			}
		}
	})
	t.Run("A5: all ways to write that it is enabled", func(t *testing.T) {
		absent := item()
		delete(absent, "Enabled")
		for _, r := range []Record{item(), item("Enabled", "1"), item("Enabled", dynamoNumber("1")), item("Enabled", true), item("Enabled", nil), absent} {
			if app, _ := decoded(t, r, Defaults{}); !app.Enabled {
				t.Errorf("%v disables it", r["Enabled"])
			}
		}
	})
	t.Run("A6: client messages are as stored", func(t *testing.T) {
		for _, c := range []struct {
			stored any
			want   bool
		}{
			{[]byte("true"), true},
			{[]byte("false"), false},
			{true, true},
			{false, false},
			{dynamoNumber("1"), true},
			{dynamoNumber("0"), false},
		} {
			if app, _ := decoded(t, item("EnableClientMessages", c.stored), Defaults{}); app.EnableClientMessages != c.want {
				t.Errorf("%T %v gives %t", c.stored, c.stored, app.EnableClientMessages)
			}
		}
	})
	t.Run("A7: user authentication in bytes can be off", func(t *testing.T) {
		r := item("EnableUserAuthentication", []byte("false"))
		app, warnings := decoded(t, r, Defaults{})
		if app.EnableUserAuthentication || len(warnings) != 1 {
			t.Errorf("it is %t, warned %v", app.EnableUserAuthentication, warnings)
		}
		if app, _ := decoded(t, r, Defaults{LegacyTruthiness: true}); !app.EnableUserAuthentication {
			t.Error("it cannot be had as in soketi")
		}
	})
	t.Run("A8: limits of -1 are the server's defaults", func(t *testing.T) {
		r := item()
		for _, f := range fields[10:17] {
			r[f.Pascal] = dynamoNumber("-1")
		}
		if app, _ := decoded(t, r, Defaults{}); !cmp.Equal(app, plain()) {
			t.Error(cmp.Diff(plain(), app))
		}
	})
	t.Run("A9, A10: how many connections", func(t *testing.T) {
		for stored, want := range map[any]int{
			dynamoNumber("1"): 1, "1": 1, dynamoNumber("0"): claims.Unlimited, dynamoNumber("-1"): claims.Unlimited, "0": claims.Unlimited,
		} {
			if app, _ := decoded(t, item("MaxConnections", stored), Defaults{}); app.MaxConnections != want {
				t.Errorf("%T %v gives %d, want %d", stored, stored, app.MaxConnections, want)
			}
		}
	})
	t.Run("A11: without a secret there is no app", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for _, secret := range []any{nil, "", []byte{}, false} {
				r := newRig(t, CacheOptions{}, item("AppSecret", secret))
				r.expect("key a-key", "none")
				r.expect("id a", "none")
			}
		})
	})
	t.Run("A12: webhooks in every form", func(t *testing.T) {
		const one = `{"url":"https://x.example/","event_types":["member_added"]}`
		native := map[string]any{"url": "https://x.example/", "event_types": []any{"member_added"}}
		for _, c := range []struct {
			name           string
			stored         any
			want, warnings int
		}{
			{"JSON in text", "[" + one + "]", 1, 0},
			{"a list of maps", []any{native}, 1, 0},
			{"broken JSON", "[" + one, 0, 1},
			{"one of three without event_types", "[" + one + `,{"url":"https://y.example/"},` + one + "]", 2, 1},
		} {
			app, warnings := decoded(t, item("Webhooks", c.stored), Defaults{})
			if len(app.Webhooks) != c.want || len(warnings) != c.warnings {
				t.Errorf("%s: %d webhooks, warned %v", c.name, len(app.Webhooks), warnings)
			}
		}
	})
	t.Run("A13: of two with one key the smallest id counts", func(t *testing.T) {
		list, warnings := NewStatic([]Record{item("AppId", "b"), item("AppId", "a"), item("AppId", "c")})
		r, err := list.ByKey(t.Context(), "a-key")
		if id, _ := Name(r); err != nil || id != "a" || len(warnings) != 2 {
			t.Errorf("%q, %v, warned %v", id, err, warnings)
		}
	})
	t.Run("A15: a size with a fraction", func(t *testing.T) {
		if app, _ := decoded(t, item("MaxPresenceMemberSizeInKb", dynamoNumber("0.1")), Defaults{}); app.MaxPresenceMemberSizeInKB != .1 {
			t.Errorf("%v KiB", app.MaxPresenceMemberSizeInKB)
		}
	})
	t.Run("A17: columns that are missing", func(t *testing.T) {
		r := Record{
			"id": []byte("a"), "key": []byte("a-key"), "secret": []byte("a-secret"), "max_connections": int64(-1),
			"enable_client_messages": int64(0), "enabled": int64(1), "max_backend_events_per_sec": int64(-1),
			"max_client_events_per_sec": int64(-1), "max_read_req_per_sec": int64(-1), "webhooks": nil,
		}
		if app, _ := decoded(t, r, Defaults{}); !cmp.Equal(app, plain()) {
			t.Error(cmp.Diff(plain(), app))
		}
	})
	t.Run("A19: an app that was seen outlives the store by an hour", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, CacheOptions{}, item())
			r.expect("key a-key", "a a-key")
			r.store.isDown(errDown)
			for range 59 {
				time.Sleep(time.Minute)
				r.expect("key a-key", "a a-key")
				r.expect("id a", "a a-key")
			}
		})
	})
	t.Run("A20: an app never seen is unavailable, not unknown", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, CacheOptions{}, item(), appRecord("b"))
			h, stop := r.watch("b")
			defer stop()
			r.store.isDown(errDown)
			for range 10 {
				time.Sleep(time.Minute)
				r.expect("key a-key", "unavailable")
			}
			expectHeard(t, h, "") // who is connected hears nothing of it
		})
	})
	t.Run("A21: it works within 3 s of the store's return", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, CacheOptions{}, item())
			r.store.isDown(errDown)
			r.expect("key a-key", "unavailable")
			r.store.isDown(nil)
			r.expect("key a-key", "a a-key") // a lookup that failed is not remembered
		})
	})
	t.Run("A22: an app that is disabled is told within TTL and a second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, CacheOptions{}, item())
			h, stop := r.watch("a")
			defer stop()
			time.Sleep(12 * time.Second)
			r.store.has(item("Enabled", []byte("false")))
			time.Sleep(6 * time.Second)
			if heard := h.took(); !strings.HasPrefix(heard, "a a-key disabled at ") {
				t.Errorf("heard %q", heard)
			}
			r.expect("key a-key", "a a-key disabled")
		})
	})
	t.Run("A23: a client that comes back finds a new app within 2 s", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, CacheOptions{})
			for range 20 {
				r.expect("key a-key", "none")
				time.Sleep(100 * time.Millisecond)
			}
			r.store.has(item())
			began := time.Now()
			for r.is("key a-key") != "a a-key" {
				time.Sleep(100 * time.Millisecond)
				if time.Since(began) > 2*time.Second {
					t.Fatal("it is still unknown")
				}
			}
		})
	})
	t.Run("A24: a thousand at once are one reading or two", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, CacheOptions{}, item())
			r.store.set(func(s *store) { s.takes = 50 * time.Millisecond })
			var all sync.WaitGroup
			for range 1000 {
				all.Go(func() { r.expect("key a-key", "a a-key") })
			}
			all.Wait()
			r.expectReads("key a-key")
		})
	})
	t.Run("N7: ids and keys of any bytes never meet", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			names := []string{"a", "a/b", "a\x00b", "pusher/a", "a-key"}
			var records []Record
			for _, id := range names {
				records = append(records, Record{"id": id, "key": id + "-key", "secret": "s"})
			}
			r := newRig(t, CacheOptions{}, records...)
			namespaces := map[string]bool{}
			for _, id := range names {
				r.expect("id "+id, fmt.Sprintf("%s %s-key", id, id))
				app, err := r.ByKey(t.Context(), id+"-key")
				if err != nil || app.ID != id || namespaces[app.Namespace()] {
					t.Errorf("by the key of %q: %+v, %v", id, app, err)
					continue
				}
				namespaces[app.Namespace()] = true
			}
		})
	})
}
