package acceptance

import (
	"path/filepath"
	"strings"
	"testing"

	"dormouse/persistence/apps/storetest"
)

// What soketi's users have, and nothing else, is served as it is: the table and the app of soketi's documentation, put
// there by the SDK that it names; soketi's variables, and no file of ours; pusher-js and Pusher's library for Node.js.
func TestOnDynaliteWhatSoketisUsersHaveIsServed(t *testing.T) {
	t.Parallel()
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	store := servers.Dynalite(t)
	runNode(t, nil, "table.cjs", store.URL).expect("there")

	s := prepareServer(t, program, nil)
	s.env = []string{
		"SOKETI_APP_MANAGER_DRIVER=dynamodb", "SOKETI_APP_MANAGER_DYNAMODB_TABLE=apps", "SOKETI_APP_MANAGER_DYNAMODB_REGION=us-east-1",
		"SOKETI_APP_MANAGER_DYNAMODB_ENDPOINT=" + store.URL, "SOKETI_HOST=127.0.0.1", "SOKETI_PORT=0", "SOKETI_METRICS_SERVER_PORT=0",
		"DORMOUSE_DATA=" + s.data(), "DORMOUSE_LOG_FORMAT=json",
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	a := &pusherApp{"app-id", "app-key", "app-secret", nil}
	client, backend := nodeClient(t, nil, s, a, false), nodeBackend(t, s, a)
	for _, channel := range []string{"room", "private-room"} {
		client.tell("subscribe " + channel)
		client.expect("subscribed " + channel)
		const taken = `{"status":200,"body":"{\"ok\":true}"}`
		if said := backend.asks(map[string]any{"trigger": []any{channel, "news", map[string]any{"n": 1, "text": "ä"}}}); said != taken {
			t.Errorf("the backend is answered %s", said)
		}
		client.expect("told " + channel + ` news {"n":1,"text":"ä"}`)
	}
	client.tell("trigger private-room client-typing 1")
	client.expect(`error {"code":4301,"message":"The app does not have client messaging enabled."}`) // as the item says

	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, `"level":"WARN"`) && !strings.Contains(line, "there are no api_keys") {
			t.Errorf("the server warns of what soketi documents: %s", line)
		}
	}
	if found, err := filepath.Glob(filepath.Join(s.dir, "*")); err != nil || len(found) != 1 {
		t.Errorf("beside its data there is %q, %v", found, err)
	}
}
