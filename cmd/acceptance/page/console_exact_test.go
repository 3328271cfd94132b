package page

import (
	"encoding/json"
	"strings"
	"testing"
)

// exact are numbers that JavaScript reads as others, and an order of members that it does not keep.
const exact = `{"9":12345678901234567890,"1":0.10000000000000000555,"e":1e400,"one":1.0,"less":-0}`

// TestConsoleKeepsNumbersAsTheyAre sends data as it was typed by each form, and looks for it, digit by digit, in each place that
// shows data.
func TestConsoleKeepsNumbersAsTheyAre(t *testing.T) {
	s := serve(t)
	p := lets(t, s, browser(t), "exact", s.token("ann", map[string]any{"umd": json.RawMessage(exact)}))
	shows := func(id string) {
		t.Helper()
		p.eval(`document.querySelectorAll("details").forEach((d) => (d.open = true))`)
		quoted, _ := json.Marshal(exact)
		p.until(`$("` + id + `").textContent.includes(` + string(quoted) + `)`)
	}

	t.Run("a text is split as it was written", func(t *testing.T) {
		p.eval(`import("./raw.js").then((m) => (window.raw = m)); 0`)
		p.until(`!!window.raw`)
		for text, want := range map[string]string{
			`new raw.Raw('{"a" : [1.0, {"]":"\\\\"} ] ,"\\u0062":"}\\","}').get("a").text`:       `[1.0, {"]":"\\"} ]`,
			`new raw.Raw('{"a" : [1.0, {"]":"\\\\"} ] ,"\\u0062":"}\\","}').get("b").text`:       `"}\","`,
			`new raw.Raw(' [ 1e400 , [2 , 3],{} ]').items().map((r) => r.text).join("|")`:        `1e400|[2 , 3]|{}`,
			`new raw.Raw("{}").items().length + new raw.Raw("[ ]").items().length + ""`:          `0`,
			`String(new raw.Raw('{"a":1}').get("b")) + new raw.Raw("7").get("a")`:                `undefinedundefined`,
			`raw.write({ a: new raw.Raw("1.0"), b: undefined, "c\n": "d" })`:                     `{"a":1.0,"c\n":"d"}`,
			`String(new raw.Raw('{"__proto__":{"n":1.0}}').get("__proto__").get("n").text)`:      `1.0`,
			`new raw.Raw("[".repeat(1e5) + "1.0" + "]".repeat(1e5)).items()[0].text.length + ""`: `200001`,
			`new raw.Raw(JSON.stringify({ s: '"\\'.repeat(5e5) })).get("s").value.length + ""`:   `1000000`,
		} {
			if got := p.eval(text); got != want {
				t.Errorf("%s\nis   %v\nwant %s", text, got, want)
			}
		}
	})

	t.Run("the client's side", func(t *testing.T) {
		shows("greeting-umd")
		p.subscribe("presence.exact")
		p.click("tab-members")
		shows("members")
		p.click("tab-messages")
		for _, by := range []string{"by-socket", "by-http"} {
			p.click(by)
			p.publish(by, exact)
			p.until(`!!$("messages").querySelector("[data-event=` + by + `]")`)
		}
		if sent := p.eval(`[...document.querySelectorAll(".frame.sent")].map((f) => { f.open = true; return f.dataset.event }).join()`).(string); !strings.Contains(sent, "by-socket") {
			t.Errorf("sent were %s", sent)
		}
		shows("messages")
		if n := p.eval(`$("messages").textContent.split("12345678901234567890").length`); n != 5.0 { // two summaries, two blocks
			t.Errorf("the number is shown %v times", n)
		}
		p.subscribe("story")
		s.call("POST", "/publish", map[string]any{"channel": "story", "event": "line", "data": json.RawMessage(exact), "store": 3600})
		p.subscribe("exact.history")
		s.call("PUT", "/channels/exact.history/storage/a", map[string]any{"data": json.RawMessage(exact)})
		p.click("tab-storage")
		shows("entries")
		p.eval(`$("entries").querySelector("[data-key=a] button").click()`)
		p.shows("value", exact)
		p.write("key", "b")
		p.click("set")
		p.until(`!!$("entries").querySelector("[data-key=b]")`)
		p.write("channel", "story")
		p.click("open-room")
		p.click("tab-messages")
		p.click("older")
		shows("messages")
	})

	t.Run("the server's side", func(t *testing.T) {
		s.call("POST", "/publish", map[string]any{"channel": "story", "event": "lost", "data": json.RawMessage(exact), "emitPubSubEvent": true})
		inside(t, p)
		p.eval(`$("panel-channels").querySelector("[data-channel='exact.history'] button").click()`)
		shows("panel-channels")
		p.until(`$("panel-channels").querySelector("[data-key=b]").textContent.includes("12345678901234567890")`)
		p.eval(`$("panel-channels").querySelector("[data-channel='presence.exact'] button").click()`)
		p.until(`!!$("panel-channels").querySelector("[data-uid=ann]")`)
		shows("panel-channels")
		p.click("tab-connections")
		p.lists("connections", 1)
		p.eval(`$("panel-connections").querySelector("details").open = true`)
		p.until(`!!$("panel-connections").querySelector(".inner .value")`)
		shows("panel-connections")
		p.click("tab-letters")
		p.lists("letters", 1)
		p.eval(`$("panel-letters").querySelector("details").open = true`)
		p.until(`["12345678901234567890", "0.10000000000000000555", "1e400", "1.0", "-0"].every((n) => $("panel-letters").querySelector("pre").textContent.includes(": " + n))`)
	})
}
