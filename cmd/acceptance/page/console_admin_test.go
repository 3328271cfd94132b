package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// inside opens the server's side with the API key.
func inside(t *testing.T, p *tab) *tab {
	t.Helper()
	p.eval(`location.hash = "#server"`)
	p.until(`!$("gate").hidden`)
	p.write("api-key", apiKey)
	p.click("key-use")
	p.until(`!$("inside").hidden && $("panel-channels").querySelector(".list-outcome").dataset.state === "done"`)
	return p
}

// sure presses a button that asks back, twice.
func (p *tab) sure(panel, row, button string) {
	p.t.Helper()
	find := fmt.Sprintf(`[...$(%q).querySelectorAll(%q)].find((b) => b.innerText === %%q)`, panel, row+" button")
	sure := "Really " + strings.ToLower(button) + "?"
	p.eval(fmt.Sprintf(find, button) + ".click()")
	p.until(fmt.Sprintf("!!"+find, sure))
	p.eval(fmt.Sprintf(find, sure) + ".click()")
}

// TestConsoleServer is the server's side with an API key, as a person who runs the server goes through it.
func TestConsoleServer(t *testing.T) {
	s := serve(t)
	chromium := browser(t)
	ann := lets(t, s, chromium, "ann", s.token("ann", nil))
	ann.subscribe("presence.office")
	for i := range 45 {
		s.call("POST", "/publish", map[string]any{"channel": "story", "event": "line", "data": i, "store": 3600, "emitPubSubEvent": i == 0})
	}
	s.call("PUT", "/channels/story/storage/title", map[string]any{"data": "The long sleep"})

	p := open(t, chromium, "admin", s.url+"/console/")
	p.eval(`location.hash = "#server"`)
	p.click("key-use")
	p.faults("api-key", "Paste an API key first")
	for _, key := range []string{apiKey + "x", "with a space", "schlüssel"} {
		p.write("api-key", key)
		p.click("key-use")
		p.faults("api-key", "UNAUTHORIZED: ")
	}
	if kept := p.eval(`Object.values(sessionStorage).join()`); kept != "" {
		t.Errorf("a key that is none was kept: %v", kept)
	}
	inside(t, p)

	t.Run("the key stays in this tab, and out of addresses", func(t *testing.T) {
		if at := p.eval(`location.href + document.cookie + Object.values(localStorage).join()`); at != s.url+"/console/#server" {
			t.Errorf("the key may be in %v", at)
		}
		p.Do(chromedp.Reload())
		p.until(`!$("inside").hidden && $("gate").hidden`)
	})

	t.Run("channels are searched, and one shows who is in it and what it keeps", func(t *testing.T) {
		p.lists("channels", 2)
		p.eval(`const search = $("panel-channels").querySelector("[type=search]"); search.value = "sto"; search.dispatchEvent(new Event("input", {bubbles: true}))`)
		p.lists("channels", 1)
		p.eval(`$("panel-channels").querySelector("[data-channel=story] button").click()`)
		p.until(`const d = $("panel-channels").querySelector(".detail"); d.querySelectorAll("[data-id]").length === 20 && d.innerText.includes("The long sleep")`)
		for _, n := range []int{40, 45} {
			p.eval(`[...$("panel-channels").querySelectorAll(".detail button")].findLast((b) => b.innerText === "More").click()`)
			p.until(fmt.Sprintf(`$("panel-channels").querySelectorAll(".detail [data-id]").length === %d`, n))
		}
		p.eval(`const search = $("panel-channels").querySelector("[type=search]"); search.value = ""; search.dispatchEvent(new Event("input", {bubbles: true}))`)
		p.lists("channels", 2)
		p.eval(`$("panel-channels").querySelector("[data-channel='presence.office'] button").click()`)
		p.until(`!!$("panel-channels").querySelector(".detail [data-uid=ann]")`)
	})

	t.Run("a connection is looked into and kicked", func(t *testing.T) {
		p.click("tab-connections")
		p.lists("connections", 1)
		p.eval(`$("panel-connections").querySelector("details").open = true`)
		p.until(`$("panel-connections").querySelector(".inner").innerText.includes("presence.office")`)
		before := ann.eval(`$("greeting-id").innerText`)
		p.sure("panel-connections", "[data-uid=ann]", "Kick")
		p.until(`$("panel-connections").querySelector(".list-outcome").innerText.includes("Kicked ann")`)
		ann.until(fmt.Sprintf(`$("state").dataset.state === "connected" && $("greeting-id").innerText !== %q`, before)) // it came back by itself
		ann.until(`$("room-about").innerText === "Subscribed"`)
	})

	t.Run("a schedule is cancelled", func(t *testing.T) {
		s.call("POST", "/publish", map[string]any{"channel": "story", "event": "reminder", "data": 1, "scheduleExpression": "at(2090-01-01T00:00:00)"})
		p.click("tab-schedules")
		p.lists("schedules", 1)
		p.until(`$("panel-schedules").innerText.includes("at(2090-01-01T00:00:00)")`)
		p.sure("panel-schedules", "li", "Cancel")
		p.until(`$("panel-schedules").innerText.includes("Nothing is scheduled") && $("panel-schedules").innerText.includes("Cancelled")`)
	})

	t.Run("a dead letter is replayed", func(t *testing.T) {
		p.click("tab-letters")
		p.lists("letters", 1)
		s.takes.Store(true)
		p.button("#panel-letters .rows", "Replay")
		p.until(`$("panel-letters").innerText.includes("on its way again")`)
		p.lists("letters", 0)
		if n := s.taken.Load(); n != 1 {
			t.Errorf("the endpoint took %d", n)
		}
	})

	t.Run("the charts move", func(t *testing.T) {
		p.until(`Number($("chart-connections").dataset.peak) >= 1`)
		for i := range 20 {
			s.call("POST", "/publish", map[string]any{"channel": "story", "event": "tick", "data": i})
			s.call("PUT", "/channels/story/storage/tick", map[string]any{"data": i})
		}
		p.until(`["messages", "sets"].every((name) => Number($("chart-" + name).dataset.peak) > 0 && Number($("chart-" + name).dataset.points) > 1)`)
		p.until(`$("chart-commits").querySelector(".chart-line").getAttribute("d").startsWith("M") && $("chart-messages").querySelector("svg").getAttribute("aria-label").includes("peak")`)
	})

	t.Run("no width scrolls sideways", func(t *testing.T) {
		for _, width := range []int64{400, 700, 1000, 1400} {
			for _, look := range []struct {
				p     *tab
				hash  string
				scene []string
			}{{ann, "#client", []string{"messages", "storage", "members"}}, {p, "#server", []string{"channels", "connections", "schedules", "letters", "tokens"}}} {
				look.p.Do(chromedp.EmulateViewport(width, 900))
				for _, scene := range look.scene {
					look.p.click("tab-" + scene)
					if wide := look.p.eval(`document.documentElement.scrollWidth`); wide.(float64) > float64(width) {
						t.Errorf("%s %s at %d px is %v px wide", look.hash, scene, width, wide)
					}
				}
			}
		}
	})

	t.Run("a forgotten key shows nothing any more", func(t *testing.T) {
		p.click("key-forget")
		p.until(`$("inside").hidden && document.activeElement === $("api-key")`)
		if left := p.eval(`document.querySelectorAll("#inside .rows li, #inside .detail *").length + Object.values(sessionStorage).join()`); left != "0" {
			t.Errorf("what is left: %v", left)
		}
	})
}
