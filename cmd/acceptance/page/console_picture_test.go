//go:build pictures

package page

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// paint paints the tab in a size, light or dark.
func (p *tab) paint(name string, width, height int64, scheme string) {
	p.t.Helper()
	p.Paint(fmt.Sprintf("%s-%d-%s", name, width, scheme), width, height, scheme)
}

// TestConsolePictures paints the console with a little life in it.
func TestConsolePictures(t *testing.T) {
	s := serve(t)
	chromium := browser(t)
	first := open(t, chromium, "first", s.url+"/console/")
	first.paint("empty", 1400, 900, "light")
	first.write("token", "a.b.c")
	first.click("connect")
	first.faults("token", "no JWT")
	first.paint("refused", 400, 1200, "dark")
	first.eval(`location.hash = "#server"`)
	first.paint("gate", 1400, 900, "light")

	ann := lets(t, s, chromium, "ann", s.token("ann", map[string]any{"umd": map[string]any{"name": "Ann"}}))
	bob := lets(t, s, chromium, "bob", s.token("bob", map[string]any{"umd": map[string]any{"name": "Bob", "status": "typing"}}))
	for _, p := range []*tab{ann, bob} {
		for _, c := range []string{"game.lobby", "presence.lobby"} {
			p.subscribe(c)
		}
	}
	for _, p := range []*tab{bob, ann} {
		p.eval(`$("rooms").querySelector("button").click()`)
	}
	for key, value := range map[string]string{"settings.mode": `"teams"`, "settings.maxPlayers": "12", "settings.map": `{"name":"moonlit-barn","size":[64,48]}`} {
		ann.write("key", key)
		ann.write("value", value)
		ann.click("set")
		ann.says("set-outcome", "Set "+key)
	}
	ann.publish("chat", `{"text":"Shall we take the barn tonight?"}`)
	bob.publish("chat", `{"text":"Fine with me. There is room for two more."}`)
	ann.publish("score", `{"team":"owls","points":[3,5,8],"round":7,"by":{"ann":5,"bob":3}}`)
	bob.eval(`$("messages").querySelector("li[data-event=chat] .line .button").click()`)
	bob.eval(`$("messages").querySelector("li[data-event=chat] form input").value = "♥"`)
	bob.eval(`$("messages").querySelector("li[data-event=chat] form").requestSubmit()`)
	ann.until(`!!$("messages").querySelector(".chip")`)
	ann.write("channel", "")
	for _, scheme := range []string{"light", "dark"} {
		ann.paint("client", 1400, 900, scheme)
		ann.paint("client", 400, 2600, scheme)
	}
	ann.paint("client", 900, 1300, "light")
	ann.click("tab-storage")
	ann.eval(`$("entries").querySelector("details").open = true`)
	ann.paint("storage", 1400, 900, "light")
	ann.eval(`$("help").showModal()`)
	ann.paint("help", 1400, 900, "dark")

	for i := range 5 {
		s.call("POST", "/publish", map[string]any{"channel": fmt.Sprintf("order.%d", 1000+i), "event": "placed", "data": i, "store": 3600, "emitPubSubEvent": i < 2})
		s.call("PUT", fmt.Sprintf("/channels/order.%d/storage/state", 1000+i), map[string]any{"data": "placed"})
	}
	s.call("POST", "/publish", map[string]any{"channel": "game.lobby", "event": "reminder", "data": 1, "scheduleExpression": "at(2090-01-01T08:00:00)", "scheduleExpressionTimezone": "Europe/Paris"})
	s.call("POST", "/schedules", map[string]any{"channel": "news", "event": "hotsock.channelStorageSet", "key": "open", "data": 1, "scheduleExpression": "rate(15 minutes)"})
	admin := open(t, chromium, "admin", s.url+"/console/#server")
	admin.write("api-key", apiKey)
	admin.click("key-use")
	admin.until(`$("panel-channels").querySelectorAll(".rows li").length > 5`)
	for i := range 25 {
		for j := range (i*7)%11 + 1 {
			s.call("POST", "/publish", map[string]any{"channel": "game.lobby", "event": "tick", "data": j})
			if j%3 == 0 {
				s.call("PUT", "/channels/game.lobby/storage/turn", map[string]any{"data": i*100 + j})
			}
		}
		admin.Do(chromedp.Sleep(500 * time.Millisecond))
	}
	admin.eval(`[...$("panel-channels").querySelectorAll(".rows button")].find((b) => b.innerText.includes("presence.lobby")).click()`)
	for _, scheme := range []string{"light", "dark"} {
		admin.paint("server", 1400, 900, scheme)
		admin.paint("server", 400, 1800, scheme)
	}
	admin.eval(`$("panel-channels").querySelector(".detail").scrollIntoView()`)
	admin.eval(`[...$("panel-channels").querySelectorAll(".rows button")].find((b) => b.innerText.includes("game.lobby")).click()`)
	admin.until(`$("panel-channels").querySelectorAll(".detail [data-key]").length > 2`)
	admin.eval(`$("panel-channels").querySelector(".tail form").requestSubmit()`)
	admin.until(`$("panel-channels").querySelector(".tail .hint").innerText.includes("Waiting")`)
	for i := range 4 {
		s.call("POST", "/publish", map[string]any{"channel": "game.lobby", "event": "tick", "data": i})
	}
	admin.until(`$("panel-channels").querySelectorAll(".tail .frame").length === 4`)
	admin.paint("tail", 1400, 1100, "light")
	admin.paint("tail", 400, 2600, "dark")
	admin.button(".detail", "Publish or set…")
	admin.paint("writer", 1400, 1100, "light")
	admin.button(".detail", "Delete…")
	admin.paint("sure", 1400, 900, "dark")
	admin.press(kb.Escape)
	for _, list := range []string{"connections", "schedules", "letters", "tokens"} {
		admin.click("tab-" + list)
		admin.until(fmt.Sprintf(`$("panel-%s").querySelector(".list-outcome").dataset.state === "done"`, list))
		admin.paint(list, 1400, 900, "light")
	}
	admin.click("tab-connections")
	admin.lists("connections", 2)
	admin.unfold("#panel-connections .rows > li")
	admin.until(`!!$("panel-connections").querySelector(".subscriptions li")`)
	admin.paint("connection", 1400, 700, "dark")
	admin.click("tab-schedules")
	admin.button("#panel-schedules", "New schedule…")
	admin.paint("schedule", 1400, 900, "light")
	admin.eval(`$("panel-schedules").querySelector(".writer").requestSubmit()`)
	admin.until(`!!$("panel-schedules").querySelector(".fault")`)
	admin.eval(`$("panel-schedules").querySelector("[value=cron]").click(); $("panel-schedules").querySelector("[value=entry]").click()`)
	admin.paint("schedule", 400, 1500, "dark")
	admin.click("tab-tokens")
	admin.button("#panel-tokens", "Revoke…")
	admin.paint("revoke", 1400, 900, "dark")
	admin.paint("letters", 400, 1200, "dark")

	d := dev(t, t.TempDir()+"/data", "127.0.0.1:0")
	p := open(t, chromium, "dev", d.Console)
	p.until(`$("state").dataset.state === "connected"`)
	p.paint("ready", 1400, 900, "light")
	p.eval(`location.hash = "#server"`)
	p.until(`!$("key-ready").hidden`)
	p.click("key-ready")
	p.until(`!$("inside").hidden`)
	p.paint("server-empty", 1400, 900, "light")
	p.click("tab-tokens")
	p.button("#panel-tokens", "Sign a token…")
	p.eval(`$("sign-form").requestSubmit()`)
	p.until(`$("signed").value !== ""`)
	p.paint("sign", 1400, 1300, "light")
	p.paint("sign", 400, 2000, "dark")
}
