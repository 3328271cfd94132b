package acceptance

import (
	"testing"

	appsinsql "dormouse/persistence/apps/sql"
	"dormouse/persistence/apps/storetest"
)

var reloadCases = []pusherCase{
	{"reload", "SIGHUP takes the apps of the file as they are now", caseReload},
}

func caseReload(t *testing.T) {
	kept, closed, removed, added := newPusherApp("kept", nil), newPusherApp("closed", nil), newPusherApp("removed", nil), newPusherApp("added", nil)
	s := servePusher(t, settings{"apps.cache.confirm_after": "200ms"}, kept, closed, removed)
	one, two, three := talk(t, s, kept), talk(t, s, closed), talk(t, s, removed)
	one.subscribe("room")
	two.subscribe("room")
	three.subscribe("room")

	s.reload(t, withApps(kept.but(map[string]any{"enable_client_messages": false}), closed.but(map[string]any{"enabled": false}), added), "keys reloaded")
	two.refused(4003, "The app is not enabled.")
	three.refused(4001, "App key removed-key does not exist.")
	talk(t, s, added).subscribe("room")
	one.subscribe("private-room")
	one.trigger("private-room", "client-e", "1")
	one.expect(pusherError("private-room", 4301, "The app does not have client messaging enabled."))

	// A file with a fault changes nothing.
	s.reload(t, withApps(kept.but(map[string]any{"secret": ""})), "configuration not reloaded")
	s.triggered(t, kept, "room", "e", "1")
	one.expect(pusherEvent("room", "e", "1"))

	s.reload(t, withApps(kept, closed), "keys reloaded")
	until(t, "the disabled app is served again", func() bool {
		c, err := s.openPusher(t.Context(), closed)
		if c != nil {
			defer c.hangUp()
		}
		return err == nil
	})
	one.ping()
}

// POST /admin/apps/{id}/refresh has a changed app seen now, by a server that would not look for itself.
func TestOnPostgresAnAppIsRefreshed(t *testing.T) {
	t.Parallel()
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	table := newSQLTable(t, servers.Postgres(t), appsinsql.Postgres, "pgx")
	a, b := newPusherApp("a", nil), newPusherApp("b/ü", nil)
	table.put(t, a)
	table.put(t, b)
	s := serve(t, defaults().with(table.settings()).with(settings{"apps.cache.ttl": "0s"}))
	one, two := talk(t, s, a), talk(t, s, b)
	table.put(t, a.but(map[string]any{"enabled": false}))
	table.put(t, b.but(map[string]any{"enabled": false}))
	one.ping()

	refresh := func(path, key string) response {
		t.Helper()
		resp, err := s.request(t.Context(), "POST", "http://"+s.admin+path, key, "")
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	if resp := refresh("/admin/apps/a/refresh", "wrong"); resp.status != 401 {
		t.Errorf("without a key: %s", resp)
	}
	one.ping()
	if resp := refresh("/admin/apps/a/refresh", apiKey); resp.status != 202 {
		t.Errorf("with a key: %s", resp)
	}
	one.refused(4003, "The app is not enabled.")
	two.ping()
	if resp := refresh("/admin/apps/b%2F%C3%BC/refresh", apiKey); resp.status != 202 {
		t.Errorf("an id that is escaped: %s", resp)
	}
	two.refused(4003, "The app is not enabled.")
}
