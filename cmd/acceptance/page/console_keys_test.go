package page

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// press sends keys to whatever has the focus, as a keyboard does.
func (p *tab) press(keys string) {
	p.t.Helper()
	p.Do(chromedp.KeyEvent(keys))
}

// shortcut presses one key as one event, so that a page that takes it keeps it from being typed.
func (p *tab) shortcut(key string) {
	p.t.Helper()
	p.Do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			e := input.DispatchKeyEventParams{Type: kind, Key: key}
			if kind == input.DispatchKeyEventTypeKeyDown {
				e.Text = key
			}
			if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, e); err != nil {
				return chromedp.Void{}, err
			}
		}
		return chromedp.Void{}, nil
	})
}

// reach presses Tab until an element has the focus, and checks on the way that what has it can be seen to.
func (p *tab) reach(expression string) {
	p.t.Helper()
	for range 60 {
		p.press(kb.Tab)
		if ring := p.eval(`const e = document.activeElement; e === document.body || getComputedStyle(e).outlineStyle !== "none"`); ring != true {
			p.t.Errorf("no ring round %v", p.eval(`document.activeElement.outerHTML.slice(0, 100)`))
		}
		if p.eval(`!!document.activeElement.closest("[hidden]")`) == true {
			p.t.Errorf("hidden, and has the focus: %v", p.eval(`document.activeElement.outerHTML.slice(0, 100)`))
		}
		if p.eval(expression) == true {
			return
		}
	}
	p.t.Fatalf("60 Tabs do not reach %s", expression)
}

// TestConsoleByKeyboard goes both sides without a mouse.
func TestConsoleByKeyboard(t *testing.T) {
	s := serve(t)
	p := open(t, browser(t), "keys", s.url+"/console/")
	p.until(`$("state-text").innerText === "Not connected"`)
	p.reach(`document.activeElement === $("token")`)
	p.press(s.token("ann", nil))
	p.reach(`document.activeElement === $("connect")`)
	p.press(kb.Enter)
	p.until(`$("state").dataset.state === "connected"`)

	p.shortcut("n")
	p.until(`document.activeElement === $("channel")`)
	p.press("presence.keys" + kb.Enter)
	p.until(`$("room-about").innerText === "Subscribed"`)
	p.reach(`document.activeElement === $("tab-messages")`)
	p.press(kb.ArrowRight)
	p.until(`document.activeElement === $("tab-storage") && !$("panel-storage").hidden && $("panel-messages").hidden`)
	p.press(kb.End)
	p.until(`document.activeElement === $("tab-members") && $("members").innerText.includes("ann")`)
	p.press(kb.ArrowRight)
	p.until(`document.activeElement === $("tab-messages")`)
	p.reach(`document.activeElement === $("data")`)
	p.eval(`$("data").select()`)
	p.press(`"by keys"`)
	p.Do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(2))) // with Ctrl
	p.until(`$("messages").innerText.includes("by keys")`)

	p.press(kb.Tab)
	p.shortcut("?") // a radio button is not written in
	p.until(`$("help").open`)
	p.press(kb.Escape)
	p.until(`!$("help").open`)
	p.shortcut("/")
	p.until(`document.activeElement === $("log-filter")`)
	p.press("presence")
	p.until(`document.querySelectorAll(".frame").length > 0 && document.querySelectorAll(".frame").length < Number($("log-count").innerText)`)

	p.reach(`document.activeElement === $("log-list")`)
	p.shortcut("s")
	p.until(`location.hash === "#server" && $("client").hidden`)
	p.shortcut("/")
	p.until(`document.activeElement === $("api-key")`)
	p.press(apiKey + kb.Enter)
	p.until(`!$("inside").hidden && document.activeElement === $("tab-channels")`)
	p.lists("channels", 1)
	p.reach(`document.activeElement.matches("#panel-channels .rows button")`)
	p.press(kb.Enter)
	p.until(`!!$("panel-channels").querySelector(".detail [data-uid=ann]")`)
	p.eval(`$("tab-channels").focus()`)
	p.press(kb.ArrowRight)
	p.lists("connections", 1)
	p.reach(`document.activeElement.innerText === "Kick"`)
	p.press(kb.Enter)
	p.until(`document.activeElement.innerText === "Really kick?"`)
	p.press(kb.Enter)
	p.until(`$("panel-connections").querySelector(".list-outcome").innerText.includes("Kicked ann")`)
	p.press(kb.Tab + kb.Tab)
	p.shortcut("c")
	p.until(`location.hash === "#client"`)
}
