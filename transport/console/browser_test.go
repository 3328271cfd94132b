package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dormouse/transport/console/consoletest"
)

const xss = `<img src=x onerror=alert(1)>`

func browser(t *testing.T) context.Context { return consoletest.Browser(t) }

// A tab is one page of the demo.
type tab struct {
	*consoletest.Tab
	t *testing.T
}

// open opens the demo in a new tab.
func open(t *testing.T, browser context.Context, name string, server *httptest.Server) *tab {
	t.Helper()
	return &tab{consoletest.Open(t, browser, name, server.URL+DemoPath), t}
}

// eval evaluates an expression in which $ finds an element by its data-testid.
func (p *tab) eval(expression string) any {
	p.t.Helper()
	return p.Eval("(($) => (" + expression + "))((id) => document.querySelector(`[data-testid=\"${id}\"]`))")
}

// until waits for an expression to be true.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for p.eval(expression) != true {
		if time.Now().After(deadline) {
			p.t.Fatalf("tab %s: %s: still not %s\npage: %v", p.Name, what, expression, p.eval("document.body.innerText"))
		}
		<-time.After(30 * time.Millisecond)
	}
}

func (p *tab) connected() {
	p.t.Helper()
	p.until("connected", `$("state").dataset.state === "connected"`)
}

// put sets a control's value as a hand would leave it.
func (p *tab) put(id string, value any) {
	p.t.Helper()
	text, _ := json.Marshal(value)
	p.eval(fmt.Sprintf(`(($e) => { if ($e.type === "checkbox") $e.checked = %[2]s; else $e.value = %[2]s; $e.dispatchEvent(new Event("change", { bubbles: true })); })($(%[1]q))`, id, text))
}

func (p *tab) say(text string) {
	p.t.Helper()
	p.put("chat-input", text)
	p.eval(`$("chat-send").click()`)
}

func (p *tab) shows(what, id, text string) {
	p.t.Helper()
	quoted, _ := json.Marshal(text)
	p.until(what, fmt.Sprintf(`$(%q).innerText.includes(%s)`, id, quoted))
}

func TestTwoTabsShareALobby(t *testing.T) {
	d := newDouble()
	server := d.serve(t, "127.0.0.1:0")
	chrome := browser(t)
	a, b := open(t, chrome, "A", server), open(t, chrome, "B", server)
	a.connected()
	b.connected()

	nameA := a.eval(`$("name").value`).(string)
	a.until("both are here", `$("members-count").innerText === "2"`)
	b.shows("who is here", "members", nameA)
	a.until("a ping was answered", `/ms$/.test($("latency").innerText)`)

	t.Run("a change in one tab is seen in the other", func(t *testing.T) {
		a.put("setting-maxPlayers", 12)
		b.until("the value", `$("setting-maxPlayers").value === "12"`)
		b.shows("who", "note-maxPlayers", nameA)
		b.until("the log", `$("log").firstElementChild?.dataset.name === "maxPlayers" && $("log").innerText.includes("12")`)
		b.shows("what is read out", "announcer", nameA+" changed Players to 12")
		a.until("the tick", `$("setting-maxPlayers").closest(".setting").dataset.state === "saved"`)
		a.shows("who", "note-maxPlayers", "You")

		b.put("setting-map", "moonlit-barn")
		b.put("setting-friendlyFire", true)
		b.put("setting-minutes", 25)
		b.eval(`$("setting-maxPlayers-more").click()`)
		a.until("the map", `$("setting-map").value === "moonlit-barn" && document.querySelector("#match").dataset.map === "moonlit-barn"`)
		a.until("the switch", `$("setting-friendlyFire").checked`)
		a.until("the stepper", `$("setting-maxPlayers").value === "13"`)
		a.shows("the facts", "match-facts", "up to 13 players")
		a.shows("the facts", "match-facts", "25 min")
	})

	t.Run("chat passes, and comes back to its writer", func(t *testing.T) {
		a.say("hello there")
		b.shows("the message", "chat-log", "hello there")
		a.shows("the echo", "chat-log", "hello there")
		a.until("an empty box", `$("chat-input").value === ""`)
	})

	t.Run("the drawer shows frames", func(t *testing.T) {
		a.eval(`$("frames-toggle").click()`)
		a.until("both ways", `!!document.querySelector(".frame.sent[data-event='hotsock.channelStorageSet']") && !!document.querySelector(".frame.received[data-event='hotsock.channelStorageUpdated']")`)
		a.until("no pings", `!document.querySelector(".frame[data-event='hotsock.ping']")`)
		a.eval(`$("frames-pings").click()`)
		a.until("pings", `!!document.querySelector(".frame[data-event='hotsock.ping']")`)
		a.eval(`document.querySelector(".frame.sent[data-event='hotsock.channelStorageSet']").open = true`)
		a.until("pretty JSON", `document.querySelector(".frame[open] pre").textContent.includes('{\n  "event": "hotsock.channelStorageSet",\n  "channel": "game.lobby"')`)

		a.eval(`($("frames-filter").value = "hello THERE", $("frames-filter").dispatchEvent(new Event("input")))`)
		a.until("the filter", `document.querySelectorAll(".frame").length === 2`)
		a.eval(`($("frames-filter").value = "", $("frames-filter").dispatchEvent(new Event("input")))`)

		a.eval(`$("frames-pause").click()`)
		before := a.eval(`document.querySelectorAll(".frame").length`)
		b.say("while you pause")
		a.shows("the message", "chat-log", "while you pause")
		if after := a.eval(`document.querySelectorAll(".frame").length`); after != before {
			t.Errorf("paused, and %v frames became %v", before, after)
		}
		a.eval(`$("frames-pause").click()`)
		a.shows("the frame held back", "frames", "chat")

		d.from(func() {
			for i := range 700 {
				d.deliver(DemoLobby, object{"event": "noise", "channel": DemoLobby, "data": i})
			}
		})
		a.until("the bound", `$("frames-count").innerText === "500" && document.querySelectorAll(".frame").length <= 500`)
		a.eval(`$("frames-clear").click()`)
		a.until("cleared", `document.querySelectorAll(".frame").length < 5`)
		a.eval(`$("frames-close").click()`)
		a.until("closed", `$("frames-drawer").hidden`)
	})

	t.Run("another's words stay text", func(t *testing.T) {
		a.put("name", xss)
		b.shows("the name", "members", xss)
		a.put("setting-title", xss)
		b.shows("the title", "match-title", xss)
		b.until("the control", fmt.Sprintf(`$("setting-title").value === %q`, xss))
		b.shows("the log", "log", xss)
		a.say(xss)
		b.shows("the message", "chat-log", xss)
		d.from(func() {
			hostile := object{"uid": xss, "umd": object{"name": object{"a": 1}, "color": "red;background:url(//evil.example)"}}
			d.set(DemoLobby, "settings."+xss, object{xss: xss}, hostile)
			d.set(DemoLobby, "settings.mode", xss, hostile)
			d.set(DemoLobby, "settings.maxPlayers", "many", object{"uid": nil, "umd": nil})
			d.set(DemoLobby, "settings.minutes", []any{1.0}, nil)
			d.deliver(DemoLobby, object{"event": "chat", "channel": DemoLobby, "data": object{"html": xss}, "meta": hostile})
			d.deliver(DemoLobby, object{"event": "__proto__", "channel": DemoLobby, "data": nil})
		})
		b.shows("the foreign entry", "others", xss)
		b.until("the foreign mode", fmt.Sprintf(`$("setting-mode").value === %q`, xss))
		b.shows("a server's write", "note-maxPlayers", "The server")
		b.eval(`$("frames-toggle").click()`)
		b.eval(`document.querySelectorAll(".frame").forEach((frame) => (frame.open = true))`)
		b.until("the drawer", fmt.Sprintf(`document.querySelector(".frames-list").innerText.includes(%q)`, xss))
		for _, p := range []*tab{a, b} {
			if n := p.eval(`document.querySelectorAll("main img, .frames img, .top .me img").length`); n != 0.0 {
				t.Errorf("tab %s: %v images where there is only text", p.Name, n)
			}
		}
		b.eval(`$("frames-toggle").click()`)
	})

	t.Run("who leaves is gone", func(t *testing.T) {
		a.Close()
		b.until("alone", `$("members-count").innerText === "1"`)
		b.shows("what happened", "chat-log", "left")
	})
}

func TestTheLineIsCut(t *testing.T) {
	d := newDouble()
	d.set(DemoLobby, "settings.mode", "teams", object{"uid": "x", "umd": object{"name": "Early", "color": "#2f6fb0"}})
	server := d.serve(t, "127.0.0.1:0")
	address := server.Listener.Addr().String()
	p := open(t, browser(t), "A", server)
	p.connected()
	p.until("the snapshot", `$("setting-mode").value === "teams"`)
	p.shows("who set it", "note-mode", "Early")
	p.shows("when", "note-mode", "before you came")
	if n := p.eval(`$("log").children.length`); n != 0.0 {
		t.Errorf("%v lines in the log for a snapshot", n)
	}
	uid := p.eval(`JSON.parse(sessionStorage.getItem("dormouse.demo")).uid`)

	d.hangUp()
	server.Close()
	p.until("the loss is seen", `$("state").dataset.state === "reconnecting"`)
	p.put("setting-maxPlayers", 20)
	p.until("it waits", `$("setting-maxPlayers").closest(".setting").dataset.state === "waiting"`)
	p.shows("and says so", "note-maxPlayers", "Waits for the connection")
	p.say("kept")
	p.shows("a reason", "toast", "Not connected")
	if got := p.eval(`$("chat-input").value`); got != "kept" {
		t.Errorf("the message in the box became %q", got)
	}
	p.until("a growing wait", `/^in [1-9]\d* s$/.test($("latency").innerText) && !$("retry").hidden`)

	d.from(func() { d.set(DemoLobby, "settings.map", "frozen-pond", object{"uid": "x", "umd": nil}) })
	d.from(func() { d.set(DemoLobby, "settings.mode", nil, nil) })
	d.serve(t, address)
	p.connected()
	p.until("what waited is saved", `$("setting-maxPlayers").closest(".setting").dataset.state === "saved"`)
	p.until("what changed meanwhile", `$("setting-map").value === "frozen-pond" && $("log").innerText.includes("Frozen Pond")`)
	p.until("what was cleared meanwhile", `$("setting-mode").value === "capture"`)
	p.until("members came back", `$("members-count").innerText === "1"`)

	// A frame that never comes: after a while the page asks.
	d.from(func() { d.silent = true })
	p.put("setting-minutes", 40)
	p.until("saving", `$("setting-minutes").closest(".setting").dataset.state === "saving"`)
	p.until("asked and told", `$("setting-minutes").closest(".setting").dataset.state === "saved"`)
	d.from(func() { d.silent = false })

	p.Do(chromedp.Reload())
	p.connected()
	if again := p.eval(`JSON.parse(sessionStorage.getItem("dormouse.demo")).uid`); again != uid {
		t.Errorf("uid %v became %v over a reload", uid, again)
	}
}

func TestARenameWithoutUMDUpdate(t *testing.T) {
	d := newDouble()
	d.noUMDUpdate = true
	server := d.serve(t, "127.0.0.1:0")
	p := open(t, browser(t), "A", server)
	p.connected()
	p.put("name", "Dormouse")
	p.shows("the new name", "members", "Dormouse")
	p.connected()
}

func TestTheKeyboard(t *testing.T) {
	d := newDouble()
	server := d.serve(t, "127.0.0.1:0")
	p := open(t, browser(t), "A", server)
	p.connected()
	press := func(code, key string, ctrl bool) {
		p.eval(fmt.Sprintf(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { code: %q, key: %q, ctrlKey: %t, bubbles: true, cancelable: true }))`, code, key, ctrl))
	}
	press("Backquote", "`", false)
	p.until("open", `!$("frames-drawer").hidden && document.activeElement === $("frames")`)
	press("Escape", "Escape", false)
	p.until("closed", `$("frames-drawer").hidden`)
	p.eval(`$("chat-input").focus()`)
	press("Backquote", "`", false)
	p.until("a writer is left alone", `$("frames-drawer").hidden`)
	press("Backquote", "`", true)
	p.until("open with Ctrl", `!$("frames-drawer").hidden`)
	press("Escape", "Escape", false)
	p.until("focus came back", `document.activeElement === $("chat-input")`)
}

// No width scrolls sideways, and a row keeps its height whatever its note says.
func TestTheLayoutHolds(t *testing.T) {
	d := newDouble()
	server := d.serve(t, "127.0.0.1:0")
	p := open(t, browser(t), "A", server)
	p.connected()
	long := strings.Repeat("Wolpertinger", 5)
	for _, width := range []int64{360, 414, 768, 1024, 1920} {
		p.Do(chromedp.EmulateViewport(width, 800))
		d.from(func() { d.set(DemoLobby, "settings.title", "short", nil) })
		p.shows("short", "match-title", "short")
		before := p.eval(`document.querySelector(".settings").offsetHeight + " " + document.querySelector(".match").offsetHeight`)
		d.from(func() {
			d.set(DemoLobby, "settings.title", long, object{"uid": "long", "umd": object{"name": long, "color": "#2f6fb0"}})
			d.deliver(DemoLobby, object{"event": "chat", "channel": DemoLobby, "data": long + long, "meta": object{"uid": long, "umd": nil}})
		})
		p.shows("long", "match-title", long)
		if after := p.eval(`document.querySelector(".settings").offsetHeight + " " + document.querySelector(".match").offsetHeight`); after != before {
			t.Errorf("at %d px: heights %v became %v", width, before, after)
		}
		for _, drawer := range []string{"closed", "open"} {
			if wide := p.eval(`document.documentElement.scrollWidth`); wide.(float64) > float64(width) {
				t.Errorf("at %d px, drawer %s: the page is %v px wide", width, drawer, wide)
			}
			p.eval(`$("frames-toggle").click()`)
		}
	}
}
