package page

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	pusher "github.com/pusher/pusher-http-go/v5"
)

// A visitor is a tab in which pusher-js runs, as it comes from npm.
type visitor struct{ *tab }

func (v visitor) is(state string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`pusher.connection.state === %q`, state))
}

// joins subscribes, and waits for the answer.
func (v visitor) joins(channels ...string) {
	v.t.Helper()
	for _, c := range channels {
		v.eval(fmt.Sprintf(`join(%q)`, c))
	}
	for _, c := range channels {
		v.until(fmt.Sprintf(`pusher.channel(%q).subscribed`, c))
	}
}

// hears waits until a list, that of a channel, has all of what is given since it was last asked for, and nothing else.
// Each is an event and its data.
func (v visitor) hears(list string, events ...[]any) {
	v.t.Helper()
	var want strings.Builder
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(events); err != nil {
		v.t.Fatal(err)
	}
	v.until(fmt.Sprintf(`(heard[%q]?.length ?? 0) >= %d`, list, len(events)))
	if got := v.eval(fmt.Sprintf(`JSON.stringify(heard[%q].splice(0))`, list)); got != strings.TrimSpace(want.String()) {
		v.t.Errorf("tab %s hears on %s\n%s, want\n%s", v.Name, list, got, &want)
	}
}

// TestPusherInABrowser: case X2. Two tabs with pusher-js, unmodified, and a backend do what applications do, on the
// program as soketi's users start it; then it is killed, and everybody comes back.
func TestPusherInABrowser(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first, address := soketi(t, data, "127.0.0.1:0")
	app := apply(t, address)
	chromium := browser(t)
	visit := func(user string) visitor {
		t.Helper()
		return visitor{open(t, chromium, user, app.URL+"/?port="+app.port+"&user="+user)}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	restart := func() { soketi(t, data, address) } // and go on to the end of all
	const done = "pusher:subscription_succeeded"
	none := map[string]any{}

	ann, bob := visit("ann"), visit("bob")
	ann.is("connected")
	bob.is("connected")

	t.Run("X2 public channels", func(t *testing.T) {
		for _, v := range []visitor{ann, bob} {
			v.joins("news")
			v.hears("news", []any{done, none})
		}
		must(app.Trigger("news", "flash", map[string]any{"text": "ä <b> \"q\""}))
		id := ann.eval(`pusher.connection.socket_id`).(string)
		_, err := app.TriggerWithParams("news", "flash", 2, pusher.TriggerParams{SocketID: &id})
		must(err)
		must(app.Trigger("news", "flash", 3))
		ann.hears("news", []any{"flash", map[string]any{"text": "ä <b> \"q\""}}, []any{"flash", 3})
		bob.hears("news", []any{"flash", map[string]any{"text": "ä <b> \"q\""}}, []any{"flash", 2}, []any{"flash", 3})
	})

	t.Run("X2 private channels, and events between two tabs", func(t *testing.T) {
		for _, v := range []visitor{ann, bob} {
			v.joins("private-chat")
			v.hears("private-chat", []any{done, none})
		}
		bob.eval(`pusher.channel("private-chat").trigger("client-typing", { n: 1 })`)
		ann.hears("private-chat", []any{"client-typing", map[string]any{"n": 1}})
		ann.eval(`pusher.channel("private-chat").trigger("client-typing", "two")`)
		bob.hears("private-chat", []any{"client-typing", "two"})
		bob.joins("private-of-bob")
		ann.eval(`join("private-of-bob")`)
		ann.until(`heard["private-of-bob"]?.[0][0] === "pusher:subscription_error" && heard["private-of-bob"][0][1].status === 403`)
	})

	t.Run("X2 presence channels", func(t *testing.T) {
		member := func(user, name string) map[string]any {
			return map[string]any{"id": user, "info": map[string]any{"name": name}}
		}
		ann.joins("presence-room")
		bob.joins("presence-room")
		ann.until(`heard["presence-room"].length === 2 && heard["presence-room"].shift()[0] === "pusher:subscription_succeeded"`)
		ann.hears("presence-room", []any{"pusher:member_added", member("bob", "BOB")})
		bob.until(`const m = pusher.channel("presence-room").members; m.count === 2 && m.me.info.name === "BOB" && m.get("ann").info.name === "ANN"`)
		ann.eval(`pusher.channel("presence-room").bind("client-hi", note("hi")); 0`)
		bob.eval(`pusher.channel("presence-room").trigger("client-hi", {})`)
		ann.hears("hi", []any{none, map[string]any{"user_id": "bob"}})
		ann.hears("presence-room", []any{"client-hi", none})
		second := visit("bob")
		second.joins("presence-room")
		second.Close()
		third := visit("carl")
		third.joins("presence-room")
		third.Close()
		ann.hears("presence-room", []any{"pusher:member_added", member("carl", "CARL")}, []any{"pusher:member_removed", member("carl", "CARL")})
	})

	t.Run("X2 encrypted channels", func(t *testing.T) {
		ann.joins("private-encrypted-box")
		ann.hears("private-encrypted-box", []any{done, none})
		must(app.Trigger("private-encrypted-box", "secret", map[string]any{"hidden": true}))
		ann.hears("private-encrypted-box", []any{"secret", map[string]any{"hidden": true}})
	})

	t.Run("X2 cache channels", func(t *testing.T) {
		ann.joins("cache-price")
		ann.hears("cache-price", []any{done, none}, []any{"pusher:cache_miss", none})
		must(app.Trigger("cache-price", "price", 17))
		ann.hears("cache-price", []any{"price", 17})
		bob.joins("cache-price")
		bob.hears("cache-price", []any{done, none}, []any{"price", 17})
	})

	t.Run("X2 users", func(t *testing.T) {
		ann.eval(`pusher.signin()`)
		ann.until(`pusher.user.serverToUserChannel?.subscribed === true`)
		must(app.SendToUser("ann", "greeting", map[string]any{"n": 1}))
		ann.hears("user", []any{"greeting", map[string]any{"n": 1}})
	})

	t.Run("X2 a server that is killed comes back, and so does everybody", func(t *testing.T) {
		first.kill()
		for _, v := range []visitor{ann, bob} {
			v.until(`pusher.connection.state !== "connected"`)
			v.eval(`for (const list of Object.values(heard)) list.length = 0`)
		}
		restart()
		for _, v := range []visitor{ann, bob} {
			v.is("connected")
			v.hears("cache-price", []any{done, none}, []any{"price", 17})
			v.until(`["news", "private-chat", "presence-room"].every((name) => pusher.channel(name).subscribed)`)
		}
		ann.until(`pusher.channel("presence-room").members.count === 2 && pusher.user.serverToUserChannel?.subscribed === true`)
		must(app.SendToUser("ann", "greeting", 2))
		ann.hears("user", []any{"greeting", 2})
		must(app.Trigger("news", "flash", 4))
		bob.hears("news", []any{done, none}, []any{"flash", 4})
	})

	t.Run("X2 what is refused is told, and what is final ends it", func(t *testing.T) {
		bob.eval(`heard.errors.length = 0; pusher.channel("news").trigger("client-x", 1)`)
		bob.until(`heard.errors[0]?.[0].message === "Client event rejected - only supported on private and presence channels"`)
		bob.is("connected")
		ann.eval(`heard.errors.length = 0; heard.states.length = 0; pusher.config.userAuthenticator = (_, done) => done(null, { auth: "page-key:0", user_data: '{"id":"ann"}' });
			pusher.user.signin_requested = false; pusher.signin()`)
		ann.is("disconnected")
		ann.until(`heard.errors[0][0].code === 4009`)
	})
}
