package page

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// unseen lists what some people cannot see or use of a page as it is: text whose contrast with what is behind it is under AA
// (WCAG 2.2, 1.4.3: 4.5, and 3 for what is large), controls without a name (4.1.2), and ids that are there twice.
const unseen = `(() => {
	const faults = new Set();
	const numbers = (color) => color.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const over = (top, below) => top.length < 4 ? top : top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
	const behind = (node) => {
		if (!node) return [255, 255, 255];
		const color = numbers(getComputedStyle(node).backgroundColor);
		return color[3] === 0 ? behind(node.parentElement) : over(color, color.length < 4 ? color : behind(node.parentElement));
	};
	const called = (node) => node.getAttribute("aria-label") || [...(node.labels ?? [])].map((l) => l.innerText).join("") ||
		node.textContent || document.getElementById(node.getAttribute("aria-labelledby"))?.innerText || "";
	for (const node of document.querySelectorAll("body *")) {
		if (!node.checkVisibility() || node.disabled || node.closest("[aria-hidden], option, svg, noscript")) continue;
		const short = node.outerHTML.slice(0, 90);
		if (node.matches("input, select, textarea, button, a, summary") && !called(node).trim()) faults.add("no name: " + short);
		const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) || node.matches("input, textarea, select");
		if (!text || node.matches(".sr-only, [type=radio], [type=checkbox]")) continue;
		const style = getComputedStyle(node);
		const back = behind(node);
		const pairs = [numbers(style.color)];
		if (node.placeholder) pairs.push(numbers(getComputedStyle(node, "::placeholder").color));
		const size = parseFloat(style.fontSize);
		const want = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
		for (const color of pairs) {
			const [a, b] = [light(over(color, back)), light(back)].sort((x, y) => y - x);
			const ratio = (a + 0.05) / (b + 0.05);
			if (ratio < want) faults.add(ratio.toFixed(2) + ": " + short);
		}
	}
	const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
	for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.add("twice: #" + id);
	return [...faults].join("\n");
})()`

// TestConsoleIsSeenByAll looks at every list and form, light and dark, as [unseen] does, and opens and closes
// the forms by keyboard.
func TestConsoleIsSeenByAll(t *testing.T) {
	s := serve(t)
	chromium := browser(t)
	ann := lets(t, s, chromium, "ann", s.token("ann", map[string]any{"umd": map[string]any{"name": "Ann"}}))
	ann.subscribe("presence.office")
	ann.publish("chat", `{"text":"hello","n":1}`)
	ann.write("data", "no JSON")
	ann.click("publish")
	ann.faults("data", "not JSON")
	s.call("PUT", "/channels/presence.office/storage/mode", map[string]any{"data": "teams"})
	s.call("POST", "/schedules", map[string]any{"channel": "presence.office", "event": "tea", "data": 1, "scheduleExpression": "rate(1 day)"})
	s.call("POST", "/publish", map[string]any{"channel": "presence.office", "event": "lost", "data": 1, "emitPubSubEvent": true, "store": 60})
	s.call("POST", "/tokens/revoke", map[string]any{"jti": "a"})
	p := inside(t, open(t, chromium, "admin", s.url+"/console/"))
	p.eval(`$("panel-channels").querySelector("[data-channel] button").click()`)
	p.reads("#panel-channels .detail [data-key=mode]", "teams")

	look := func(p *tab, what string) {
		t.Helper()
		p.eval(`document.querySelectorAll("details").forEach((d) => (d.open = true))`)
		for _, scheme := range []string{"light", "dark"} {
			p.Scheme(scheme)
			if faults := p.eval(unseen); faults != "" {
				t.Errorf("%s, %s:\n%v", what, scheme, faults)
			}
		}
	}
	for _, list := range []string{"messages", "storage", "members"} {
		ann.click("tab-" + list)
		look(ann, list)
	}
	for i, list := range []string{"channels", "connections", "schedules", "letters", "tokens"} {
		p.eval(`document.activeElement.blur()`)
		p.shortcut(fmt.Sprint(i + 1))
		p.until(fmt.Sprintf(`document.activeElement === $("tab-%s")`, list))
		p.lists(list, 1)
		look(p, list)
		if list == "connections" || list == "letters" {
			continue
		}
		p.shortcut("n")
		p.until(fmt.Sprintf(`document.activeElement.closest("#panel-%s form.form") !== null`, list))
		look(p, list+", its form")
		p.press(kb.Escape)
		p.until(fmt.Sprintf(`document.activeElement.getAttribute("aria-expanded") === "false" && document.activeElement.closest("#panel-%s .bar") !== null`, list))
	}
	p.eval(`$("panel-tokens").querySelector(".rows .danger").focus()`)
	p.press(kb.Enter)
	p.until(`document.activeElement.innerText === "Really lift?"`)
	look(p, "a question")
	p.press(kb.Escape)
	p.until(`document.activeElement.innerText === "Lift"`)
	p.shortcut("?")
	p.until(`$("help").open`)
	look(p, "the shortcuts")
}
