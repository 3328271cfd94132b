package page

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// write puts text into a field as typing does.
func (p *tab) write(id, text string) {
	p.t.Helper()
	quoted, _ := json.Marshal(text)
	p.eval(fmt.Sprintf(`const e = $(%q); e.value = %s; e.dispatchEvent(new Event("input", {bubbles: true}))`, id, quoted))
}

func (p *tab) click(id string) { p.t.Helper(); p.eval(fmt.Sprintf(`$(%q).click()`, id)) }

// button clicks the first button that says something, in what a selector finds.
func (p *tab) button(in, says string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`const b = [...document.querySelectorAll(%q)].find((b) => b.innerText === %q && !b.closest("[hidden]")); b?.focus(); b?.click(); !!b`, in+" button", says))
}

// faults waits until a field is said to be wrong, beneath it, with a text that has a part.
func (p *tab) faults(id, part string) {
	p.t.Helper()
	quoted, _ := json.Marshal(part)
	p.until(fmt.Sprintf(`const f = $(%q); f.getAttribute("aria-invalid") === "true" &&
		document.getElementById(f.getAttribute("aria-describedby").split(" ")[0]).innerText.includes(%s)`, id, quoted))
}

// says waits until an element's text has a part.
func (p *tab) says(id, part string) {
	p.t.Helper()
	quoted, _ := json.Marshal(part)
	p.until(fmt.Sprintf(`$(%q).innerText.includes(%s)`, id, quoted))
}

// lets opens the console with a token, and waits until it is connected.
func lets(t *testing.T, s *station, chromium context.Context, name, token string) *tab {
	t.Helper()
	p := open(t, chromium, name, s.url+"/console")
	p.write("token", token)
	p.click("connect")
	p.until(`$("state").dataset.state === "connected" && $("greeting-uid").innerText !== ""`)
	return p
}

func (p *tab) subscribe(channel string) {
	p.t.Helper()
	p.write("channel", channel)
	p.click("subscribe")
	quoted, _ := json.Marshal(channel)
	p.until(fmt.Sprintf(`$("room-h").innerText === %s && $("room-about").innerText === "Subscribed"`, quoted))
}

func (p *tab) publish(event, data string) {
	p.t.Helper()
	p.write("event", event)
	p.write("data", data)
	p.click("publish")
	p.says("publish-outcome", "Published")
}

// TestConsoleClient is the client's side with a pasted token, as a person goes through it.
func TestConsoleClient(t *testing.T) {
	s := serve(t)
	chromium := browser(t)

	t.Run("a token that is no good says what is wrong and what to do", func(t *testing.T) {
		p := open(t, chromium, "refused", s.url+"/console?wssUrl=wss://elsewhere.example/v1")
		p.says("elsewhere", "For elsewhere.example, open the console of that server.")
		for token, want := range map[string]string{
			"":      "Paste a token first",
			"a.b.c": "no JWT",
			s.token("ann", map[string]any{"exp": 1000}):                                  "expired",
			s.token("ann", map[string]any{"scope": "umd"}):                               "lacks the scope connect",
			s.token("ann", map[string]any{"channels": 1}):                                "The server refused the token",
			strings.Join(append(strings.Split(s.token("ann", nil), ".")[:2], "AA"), "."): "The server refused the token",
		} {
			p.write("token", token)
			p.click("connect")
			p.faults("token", want)
			p.until(`$("state").dataset.state === "closed"`)
		}
	})

	ann := lets(t, s, chromium, "ann", s.token("ann", nil))
	bob := lets(t, s, chromium, "bob", s.token("bob", map[string]any{"umd": map[string]any{"name": "Bob"}}))

	t.Run("what is published is seen, by WebSocket and by HTTP", func(t *testing.T) {
		ann.subscribe("game.lobby")
		bob.subscribe("game.lobby")
		ann.publish("chat", `{"text":"hello bob"}`)
		for _, p := range []*tab{ann, bob} {
			p.until(`$("messages").innerText.includes("hello bob") && $("messages").innerText.includes("by ann")`)
		}
		bob.click("by-http")
		bob.publish("score", `12345678901234567890`)
		ann.until(`$("messages").querySelector("li[data-event=score]").innerText.includes("12345678901234567890")`)
		ann.write("data", "no quotes")
		ann.click("publish")
		ann.faults("data", "This is not JSON: ")
		ann.write("event", "hotsock.x")
		ann.write("data", "1")
		ann.click("publish")
		ann.faults("event", "UNKNOWN_EVENT: ")
		ann.write("event", "chat")
	})

	t.Run("reactions are counted", func(t *testing.T) {
		bob.eval(`$("messages").querySelector("li[data-event=chat] .line .button").click()`)
		bob.eval(`$("messages").querySelector("li[data-event=chat] form").requestSubmit()`)
		for _, p := range []*tab{ann, bob} {
			p.until(`$("messages").querySelector("li[data-event=chat] .chips").innerText === "👍 1"`)
		}
		ann.eval(`$("messages").querySelector("li[data-event=chat] [data-do=who]").click()`)
		ann.until(`$("messages").querySelector("li[data-event=chat] .outcome").textContent.includes("👍 bob")`)
	})

	t.Run("a set entry is observed, got, listed and cleared", func(t *testing.T) {
		for _, p := range []*tab{ann, bob} {
			p.click("tab-storage")
		}
		ann.write("key", "settings.mode")
		ann.write("value", `"teams"`)
		ann.click("set")
		ann.says("set-outcome", "Set settings.mode")
		bob.until(`$("entries").querySelector("[data-key='settings.mode']").innerText.includes("teams")`)
		s.call("PUT", "/channels/quiet.room/storage/topic", map[string]any{"data": "tea"})
		bob.write("channel", "quiet.room")
		bob.click("open-room")
		bob.until(`$("room-h").innerText === "quiet.room" && $("entries").innerText === ""`)
		bob.click("list")
		bob.says("set-outcome", "1 entry")
		bob.until(`$("entries").innerText.includes("tea") && $("entries").innerText.includes("by server")`)
		bob.write("key", "nothing")
		bob.click("get")
		bob.says("set-outcome", "nothing is not set")
		ann.write("value", "null")
		ann.click("set")
		ann.until(`!$("entries").querySelector("[data-key='settings.mode']")`)
		ann.click("tab-messages")
	})

	t.Run("history comes page by page", func(t *testing.T) {
		for i := range 60 {
			s.call("POST", "/publish", map[string]any{"channel": "story", "event": "line", "data": i, "store": 3600})
		}
		ann.subscribe("story")
		ann.until(`$("messages").querySelectorAll("li").length === 0`)
		for i, want := range []int{25, 50, 60} {
			ann.until(`$("older").disabled === false`)
			ann.click("older")
			ann.until(fmt.Sprintf(`$("messages").querySelectorAll("li").length === %d`, want))
			if i == 0 {
				ann.until(`$("messages").querySelector("li").innerText.includes("59") && $("older").innerText === "Older"`)
			}
		}
		ann.until(`$("older").disabled && $("messages").querySelector("li:last-child .value").innerText === "0"`)
	})

	t.Run("members come, change and go", func(t *testing.T) {
		ann.subscribe("presence.office")
		ann.click("tab-members")
		bob.subscribe("presence.office")
		ann.until(`$("members-count").innerText === "2" && $("members").innerText.includes("Bob")`)
		bob.write("umd", s.token("bob", map[string]any{"scope": "umd", "umd": map[string]any{"name": "Robert"}, "umdUpdate": true, "umdPropagate": true}))
		bob.click("umd-update")
		bob.says("umd-outcome", "Updated")
		ann.until(`$("members").innerText.includes("Robert")`)
		bob.eval(`[...$("rooms").children].find((li) => li.dataset.channel === "presence.office").lastElementChild.click()`)
		ann.until(`$("members-count").innerText === "1"`)
		ann.click("ask-info")
		ann.says("info-outcome", "1 subscription")
	})

	t.Run("suspend, resume, terminate, ping and a raw frame", func(t *testing.T) {
		bob.click("suspend")
		bob.until(`$("state-text").innerText === "Suspended" && !$("resume").hidden`)
		bob.click("publish")
		bob.says("publish-outcome", "Connect first")
		bob.click("resume")
		bob.until(`$("state").dataset.state === "connected" && $("rooms").querySelectorAll("li[data-state=subscribed]").length === 1`)
		bob.click("ping")
		bob.until(`/ms$/.test($("latency").innerText)`)
		bob.write("raw", `{"event":"hotsock.heartbeat","ref":"by hand"}`)
		bob.click("raw-send")
		bob.until(`[...document.querySelectorAll(".frame.received[data-event='hotsock.ack']")].length > 0`)
		bob.write("raw", `{"event":"hotsock.dance"}`)
		bob.click("raw-send")
		bob.says("toast", "UNKNOWN_EVENT")
		bob.click("terminate")
		bob.until(`$("state").dataset.state === "closed" && $("rooms").children.length === 0 && $("resume").hidden`)
	})

	t.Run("the frames are filtered, held and bounded", func(t *testing.T) {
		ann.write("log-filter", "hello BOB")
		ann.until(`document.querySelectorAll(".frame").length === 2`)
		ann.put("log-way", "sent")
		ann.eval(`$("log-way").dispatchEvent(new Event("input"))`)
		ann.until(`document.querySelectorAll(".frame").length === 1`)
		ann.put("log-way", "")
		ann.write("log-filter", "")
		ann.click("log-pause")
		ann.click("ping")
		ann.says("log-count", "2 new")
		ann.click("log-pause")
		ann.eval(`for (let i = 0; i < 1100; i++) { $("raw").value = '{"event":"hotsock.heartbeat"}'; $("raw-form").requestSubmit(); }`)
		ann.says("log-gone", "The last 1,000 are kept;")
		ann.until(`document.querySelectorAll(".frame").length <= 1000`)
		ann.click("log-clear")
		ann.until(`$("log-gone").hidden`)
	})

	t.Run("a subscribe token, and a denied channel", func(t *testing.T) {
		p := lets(t, s, chromium, "narrow", s.token("eve", map[string]any{"channels": map[string]any{}}))
		p.write("channel", "vault")
		p.click("subscribe")
		p.faults("channel", "or give a subscribe token")
		p.write("subscribe-token", s.token("eve", map[string]any{"scope": "subscribe"}))
		p.click("subscribe")
		p.until(`$("room-h").innerText === "vault" && $("room-about").innerText === "Subscribed"`)
	})
}

const hostile = `<img src=x onerror="document.title='owned'">"'&lt;script&gt;`

// TestConsoleIsInert gives the console names and payloads that would run, were they markup.
func TestConsoleIsInert(t *testing.T) {
	s := serve(t)
	chromium := browser(t)
	name := strings.ReplaceAll(hostile, " ", "\u00a0")[:20] + "<b>"
	uid := hostile[:60]
	p := lets(t, s, chromium, "hostile", s.token(uid, map[string]any{"umd": map[string]any{hostile: hostile}}))
	channel := "presence." + strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' {
			return '/'
		}
		return r
	}, name)
	p.subscribe(channel)
	data, _ := json.Marshal(map[string]any{hostile: hostile})
	p.publish(hostile, string(data))
	p.write("key", "<img/src=x/onerror=document.title=1>")
	p.write("value", string(data))
	p.click("set")
	p.says("set-outcome", "Set <img")
	p.eval(`document.querySelectorAll("details").forEach((d) => (d.open = true))`)
	p.says("messages", hostile)
	p.write("data", hostile)
	p.click("publish")
	p.faults("data", "not JSON")
	p.write("raw", `{"event":"`+strings.ReplaceAll(hostile, `"`, `\"`)+`","channel":"__proto__"}`)
	p.click("raw-send")
	s.call("POST", "/publish", map[string]any{"channel": channel, "event": "hotsock", "data": map[string]any{"__proto__": hostile}})
	s.call("POST", "/publish", map[string]any{"channel": channel, "event": hostile, "data": 1, "scheduleExpression": "at(2090-01-01T00:00:00)"})
	s.call("POST", "/publish", map[string]any{"channel": channel, "event": hostile, "data": hostile, "emitPubSubEvent": true})

	p.eval(`location.hash = "#server"`)
	p.write("api-key", apiKey)
	p.click("key-use")
	p.until(`$("panel-channels").querySelectorAll(".rows li").length === 1`)
	p.eval(`$("panel-channels").querySelector(".rows button").click()`)
	p.until(`$("panel-channels").querySelectorAll(".detail [data-key], .detail [data-uid], .detail [data-id]").length >= 3`)
	for _, list := range []string{"connections", "schedules", "letters"} {
		p.click("tab-" + list)
		p.lists(list, 1)
	}
	p.eval(`document.querySelectorAll("details").forEach((d) => (d.open = true))`)
	p.until(`$("panel-letters").textContent.includes("onerror")`)
	if got := p.eval(`document.querySelectorAll("main img, main script, main b > *, main bdi > *").length + document.title`); got != "0Console · Dormouse" {
		t.Errorf("what was text became something else: %v", got)
	}
}

// lists waits until a list of the server's side has n rows, and refreshes it until then: what it shows may
// come a moment later than what made it.
func (p *tab) lists(list string, n int) {
	p.t.Helper()
	p.until(fmt.Sprintf(`const panel = $("panel-%s"), busy = panel.querySelector(".list-outcome").dataset.state === "waiting";
		const there = panel.querySelectorAll(".rows > li").length === %d;
		if (!there && !busy) panel.querySelector(".bar button").click();
		there && !busy`, list, n))
}

// TestConsoleReady is the console of dormouse dev: nothing need be pasted.
func TestConsoleReady(t *testing.T) {
	s := dev(t, t.TempDir()+"/data", "127.0.0.1:0")
	p := open(t, browser(t), "dev", s.Console)
	p.until(`$("state").dataset.state === "connected" && $("greeting-uid").innerText === "dev"`)
	p.subscribe("presence.here")
	p.write("umd", `{"status":"away"}`)
	p.click("umd-update")
	p.says("umd-outcome", "Updated")
	p.until(`$("members").textContent.includes("away")`)
	p.publish("chat", `"kept"`)
	p.Do(chromedp.Reload())
	p.until(`$("state").dataset.state === "connected"`)
	p.subscribe("presence.here")
	p.click("older")
	p.until(`$("messages").innerText.includes("kept")`)
	p.eval(`location.hash = "#server"`)
	p.until(`!$("key-ready").hidden`)
	p.click("key-ready")
	p.until(`$("panel-channels").innerText.includes("presence.here")`)
}
