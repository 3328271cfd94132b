package page

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestConsoleApps is the list of apps on the server's side, as a person goes through it who has Pusher clients.
func TestConsoleApps(t *testing.T) {
	s := serve(t)
	chromium := browser(t)
	one := s.visit(t).joins("presence-lobby", "7", exact).joins("cache-prices", "", "")
	s.visit(t).joins("presence-lobby", "8", `{"name":"<img src=x onerror=alert(1)>"}`)
	s.visit(t).joins("presence-lobby", "7", `1`)
	for i := range 120 {
		one.joins(fmt.Sprintf("news-%03d", i), "", "")
	}
	s.triggers("cache-prices", "price", exact)
	s.keeps("news-000", "topic", exact)
	ann := lets(t, s, chromium, "ann", s.token("ann", nil))

	p := inside(t, open(t, chromium, "admin", s.url+"/console/"))
	const apps, app = "#panel-apps", "#panel-apps .detail"
	rows := func(in string, n int) {
		t.Helper()
		p.until(fmt.Sprintf(`document.querySelectorAll(%q).length === %d`, in, n))
	}
	search := func(in, text string) {
		t.Helper()
		p.eval(fmt.Sprintf(`const f = document.querySelector(%q); f.value = %q; f.dispatchEvent(new Event("input", {bubbles: true}))`, in+" [type=search]", text))
	}

	t.Run("the server's own world is first, then each app", func(t *testing.T) {
		p.shortcut("6")
		p.until(`document.activeElement === $("tab-apps")`)
		rows(apps+" [data-app]", 2)
		p.reads(apps+" .own", "1 connection")
		p.reads(apps+" [data-app=shop]", "3 connections, 122 channels")
		p.reads(apps+" [data-app=blog]", "disabled0 connections, 0 channels")
		p.eval(`document.querySelector("#panel-apps .own button").click()`)
		p.until(`document.activeElement === $("tab-channels") && !$("panel-channels").hidden`)
		p.click("tab-apps")
	})

	t.Run("apps are searched, and those that are connected chosen", func(t *testing.T) {
		search(apps, "sh")
		rows(apps+" [data-app]", 1)
		search(apps, "nobody")
		p.until(`document.querySelectorAll("#panel-apps [data-app]").length === 0 && document.querySelector("#panel-apps .rows:not(.own) + .empty").innerText === "Nothing of that name."`)
		search(apps, "")
		rows(apps+" [data-app]", 2)
		p.eval(`const f = document.querySelector("#panel-apps select"); f.value = "true"; f.dispatchEvent(new Event("input", {bubbles: true}))`)
		rows(apps+" [data-app]", 1)
		p.reads(apps+" [data-app=shop]", "3 connections")
	})

	t.Run("an app shows what it does, what it may do, and its channels page by page", func(t *testing.T) {
		p.eval(`document.querySelector("#panel-apps [data-app=shop] button").click()`)
		p.until(`document.querySelector("#panel-apps [data-app=shop] button").getAttribute("aria-pressed") === "true"`)
		p.reads(app, "shop-key")
		p.unfold(app + " .facts-part")
		p.reads(app+" .facts-part", "On: client events, watchlists.")
		p.reads(app+" .limits", "Connections50")
		rows(app+" [data-channel]", 50)
		for _, n := range []int{100, 122} {
			p.button(app, "More")
			rows(app+" [data-channel]", n)
		}
		search(app, "presence-")
		rows(app+" [data-channel]", 1)
		p.reads(app+" [data-channel]", "3 subscriptions, 2 users")
		p.until(`Number($("chart-app-connections").dataset.peak) === 3`)
		for i := range 20 {
			s.triggers("news-001", "tick", fmt.Sprint(i))
		}
		p.until(`["app-out", "app-calls"].every((name) => Number($("chart-" + name).dataset.peak) > 0)`)
	})

	t.Run("a channel shows its users, and what it keeps, as it is", func(t *testing.T) {
		p.unfold(app + " [data-channel=presence-lobby]")
		rows(app+" [data-user]", 2)
		p.eval(`document.querySelectorAll("#panel-apps .detail details").forEach((d) => (d.open = true))`)
		p.reads(app+" [data-user='7']", exact)
		p.reads(app+" [data-user='8']", "onerror")
		search(app, "cache-")
		p.unfold(app + " [data-channel=cache-prices]")
		p.reads(app+" .kept", "Kept for those who come: price")
		p.reads(app+" .kept", exact)
		search(app, "news-000")
		p.unfold(app + " [data-channel=news-000]")
		p.reads(app+" [data-key=topic]", exact)
		search(app, "news-001")
		p.unfold(app + " [data-channel=news-001]")
		p.reads(app+" [data-channel=news-001] .inner", "It has no entries. Only presence channels")
		if got := p.eval(`document.querySelectorAll("main img, main script, main b > *, main bdi > *").length + document.title`); got != "0Console · Dormouse" {
			t.Errorf("what was text became something else: %v", got)
		}
	})

	t.Run("who leaves is gone", func(t *testing.T) {
		_ = one.conn.CloseNow()
		p.until(`document.querySelector("#chart-app-connections .chart-now").innerText === "2"`)
		p.button(app+" .bar", "Refresh")
		search(app, "")
		rows(app+" [data-channel]", 1)
		p.reads(app+" [data-channel]", "2 subscriptions, 2 users")
	})

	t.Run("it is seen by all, and no width scrolls sideways", func(t *testing.T) {
		p.unfold(app + " [data-channel]")
		rows(app+" [data-user]", 2)
		p.eval(`document.querySelectorAll("#panel-apps details").forEach((d) => (d.open = true))`)
		for _, scheme := range []string{"light", "dark"} {
			p.Scheme(scheme)
			if faults := p.eval(unseen); faults != "" {
				t.Errorf("%s:\n%v", scheme, faults)
			}
		}
		for _, width := range []int64{360, 700, 1000, 1400} {
			p.Do(chromedp.EmulateViewport(width, 900))
			if wide := p.eval(`document.documentElement.scrollWidth`); wide.(float64) > float64(width) {
				t.Errorf("at %d px it is %v px wide", width, wide)
			}
		}
	})

	t.Run("what is forgotten with the key is gone, and asked for no more", func(t *testing.T) {
		p.click("key-forget")
		p.until(`document.querySelectorAll("#panel-apps li, #panel-apps .detail *").length === 0`)
		p.eval(`window.asked = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/admin/apps")).length`)
		ann.until(`$("state").dataset.state === "connected"`)
		p.write("api-key", apiKey)
		p.click("key-use")
		p.until(`!$("inside").hidden`)
		if now := p.eval(`performance.getEntriesByType("resource").filter(({ name }) => name.includes("/admin/apps")).length - window.asked`); now != 0.0 {
			t.Errorf("%v calls for apps that nobody looks at", now)
		}
	})
}
