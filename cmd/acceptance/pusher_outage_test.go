package acceptance

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsinsql "dormouse/persistence/apps/sql"
	"dormouse/persistence/apps/storetest"
)

const (
	outageClients = 1000
	outageApps    = 5
	// outageTTL is how long an app is taken for what it was; an outage here lasts many times as long.
	outageTTL    = 200 * time.Millisecond
	outageRounds = 10
)

// The table of apps hangs, then is gone for far longer than what is known of apps counts as fresh, under 1,000 clients:
// nobody is disconnected, known apps are served, who is unknown is told to come back. When it is there again, what is
// changed in it is seen.
func TestOnDynaliteTheTableStopsUnderClients(t *testing.T) {
	t.Parallel()
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	theTableStops(t, newDynamoTable(t, servers.Dynalite(t)))
}

func TestOnPostgresTheTableStopsUnderClients(t *testing.T) {
	t.Parallel()
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	theTableStops(t, newSQLTable(t, servers.Postgres(t), appsinsql.Postgres, "pgx"))
}

func TestOnMariaDBTheTableStopsUnderClients(t *testing.T) {
	t.Parallel()
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	theTableStops(t, newSQLTable(t, servers.MariaDB(t), appsinsql.MySQL, "mysql"))
}

func theTableStops(t *testing.T, table appTable) {
	var list []*pusherApp
	for i := range outageApps {
		a := newPusherApp(fmt.Sprint("app-", i), nil)
		table.put(t, a)
		list = append(list, a)
	}
	s := prepareServer(t, program, defaults().with(table.settings()).with(settings{"apps.cache.ttl": outageTTL.String()}))
	s.faulty = []string{"app store does not answer"}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	crowd := gatherPusher(t, s, list, outageClients/outageApps)
	crowd.round(t)

	if table.freeze(t) {
		crowd.grows(t)
		crowd.round(t)
		stranger(t, s)
	}
	table.stop()
	for range outageRounds {
		crowd.grows(t)
		crowd.round(t)
		_ = pause(t.Context(), outageTTL)
	}
	stranger(t, s)
	if !strings.Contains(s.log.String(), "app store does not answer") {
		t.Error("the log says nothing of it")
	}

	table.start(t)
	crowd.round(t)
	changed(t, s, table, crowd)
}

// stranger is who comes with a key, or as a backend, that the server has not seen while the table can be asked nothing.
func stranger(t *testing.T, s *server) {
	t.Helper()
	c, err := s.dialPusher(t.Context(), "stranger-key")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.hangUp)
	if err := c.isRefused(t.Context(), 4100, "App lookup failed. Please try again."); err != nil {
		t.Fatalf("a key that nobody knows yet: %v", err)
	}
	resp, err := s.pusherCall(t.Context(), newPusherApp("stranger", nil), "GET", "/channels", "")
	if err != nil || resp.status != 503 || resp.body != `{"error":"App lookup failed.","code":503}` {
		t.Fatalf("a backend that nobody knows yet: %s, %v", resp, err)
	}
}

// changed rewrites apps, and looks at what follows for who is there and who comes.
func changed(t *testing.T, s *server, table appTable, crowd *pusherCrowd) {
	disabled, full, silenced := crowd.apps[0], crowd.apps[1], crowd.apps[2]
	table.put(t, disabled.but(map[string]any{"enabled": false}))
	table.put(t, full.but(map[string]any{"max_connections": len(crowd.members[full])}))
	table.put(t, silenced.but(map[string]any{"enable_client_messages": false}))
	fresh := newPusherApp("fresh", nil)
	table.put(t, fresh)

	for _, m := range crowd.members[disabled] {
		if err := m.isRefused(t.Context(), 4003, "The app is not enabled."); err != nil {
			t.Fatalf("a client of the disabled app: %v", err)
		}
	}
	late, err := s.dialPusher(t.Context(), disabled.key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(late.hangUp)
	if err := late.isRefused(t.Context(), 4003, "The app is not enabled."); err != nil {
		t.Fatalf("who comes to the disabled app: %v", err)
	}
	if resp, err := s.pusherCall(t.Context(), disabled, "GET", "/channels", ""); err != nil || resp.status != 403 {
		t.Errorf("the disabled app's backend: %s, %v", resp, err)
	}
	crowd.apps = crowd.apps[1:]

	until(t, "the smaller limit is seen", func() bool {
		c, err := s.openPusher(t.Context(), full)
		if c != nil {
			defer c.hangUp()
		}
		return err != nil && strings.Contains(err.Error(), `{"code":4100,"message":"The current concurrent connections quota has been reached."}`)
	})
	talker := &pusherTalk{crowd.members[silenced][0], t}
	talker.subscribe("private-x")
	until(t, "client events are off", func() bool {
		talker.trigger("private-x", "client-e", "1")
		talker.send(pusherPing)
		frame, err := talker.next(t.Context())
		talker.check(err)
		if frame == pusherPong {
			return false
		}
		talker.expect(pusherPong)
		return frame == pusherError("private-x", 4301, "The app does not have client messaging enabled.")
	})
	until(t, "the new app is served", func() bool {
		c, err := s.openPusher(t.Context(), fresh)
		if c != nil {
			defer c.hangUp()
		}
		return err == nil
	})
	crowd.round(t)
}

// A pusherCrowd is many clients of several apps, each on the channel room of its app.
type pusherCrowd struct {
	s         *server
	apps      []*pusherApp
	members   map[*pusherApp][]*pusherClient
	published int
}

func gatherPusher(t *testing.T, s *server, list []*pusherApp, each int) *pusherCrowd {
	t.Helper()
	crowd := &pusherCrowd{s: s, apps: list, members: map[*pusherApp][]*pusherClient{}}
	t.Cleanup(func() {
		for _, members := range crowd.members {
			for _, m := range members {
				m.hangUp()
			}
		}
	})
	var mu sync.Mutex
	var opening sync.WaitGroup
	slots := make(chan struct{}, 16)
	for range each {
		for _, a := range list {
			slots <- struct{}{}
			opening.Go(func() {
				defer func() { <-slots }()
				m, err := crowd.open(t.Context(), a)
				mu.Lock()
				defer mu.Unlock()
				if m != nil {
					crowd.members[a] = append(crowd.members[a], m)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return crowd
}

// open opens one more connection and subscribes it.
func (c *pusherCrowd) open(ctx context.Context, a *pusherApp) (*pusherClient, error) {
	m, err := c.s.openPusher(ctx, a)
	if err == nil {
		err = m.joins(ctx, "room")
	}
	return m, err
}

// grows has one more client come to each app.
func (c *pusherCrowd) grows(t *testing.T) {
	t.Helper()
	for _, a := range c.apps {
		m, err := c.open(t.Context(), a)
		if m != nil {
			c.members[a] = append(c.members[a], m)
		}
		if err != nil {
			t.Fatalf("round %d: who comes to %s: %v", c.published, a.id, err)
		}
	}
}

// round has an event be published in each app, which all of its clients hear, and nothing else before it.
func (c *pusherCrowd) round(t *testing.T) {
	t.Helper()
	c.published++
	event := pusherEvent("room", "e", fmt.Sprint(c.published))
	for _, a := range c.apps {
		if err := c.s.triggers(t.Context(), a, "room", "e", fmt.Sprint(c.published)); err != nil {
			t.Fatalf("round %d: %v", c.published, err)
		}
	}
	for _, a := range c.apps {
		for i, m := range c.members[a] {
			if err := m.hears(t.Context(), event); err != nil {
				t.Fatalf("round %d: client %d of %s: %v", c.published, i, a.id, err)
			}
		}
	}
}
