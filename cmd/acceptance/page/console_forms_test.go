package page

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// field is an expression for the control below a label, in what a selector finds.
func field(in, label string) string {
	return fmt.Sprintf(`[...document.querySelector(%q).querySelectorAll("label")].find((l) => l.innerText.trim().startsWith(%q) && !l.closest("[hidden]")).querySelector("input, select, textarea")`, in, label)
}

// fill puts text into the control below a label.
func (p *tab) fill(in, label, text string) {
	p.t.Helper()
	quoted, _ := json.Marshal(text)
	p.eval(fmt.Sprintf(`const e = %s; e.value = %s; e.dispatchEvent(new Event("input", {bubbles: true}))`, field(in, label), quoted))
}

// pick chooses a radio button or ticks a box.
func (p *tab) pick(in, label string) { p.t.Helper(); p.eval(field(in, label) + ".click()") }

// wrong waits until the control below a label is said to be wrong.
func (p *tab) wrong(in, label, part string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`const f = %s; f.getAttribute("aria-invalid") === "true" && document.activeElement === f &&
		document.getElementById(f.getAttribute("aria-describedby").split(" ")[0]).innerText.includes(%q)`, field(in, label), part))
}

// reads waits until what a selector finds has a text.
func (p *tab) reads(in, part string) {
	p.t.Helper()
	quoted, _ := json.Marshal(part)
	p.until(fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%s) === true`, in, quoted))
}

// unfold opens a row's details.
func (p *tab) unfold(in string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`const d = document.querySelector(%q + " details"); if (d) d.open = true; !!d`, in))
}

// answer answers the question that a dialog asks.
func (p *tab) answer(question string, yes bool) {
	p.t.Helper()
	quoted, _ := json.Marshal(question)
	p.until(fmt.Sprintf(`$("sure").open && $("sure-h").innerText === %s && document.activeElement === $("sure-no")`, quoted))
	if yes {
		p.click("sure-yes")
	} else {
		p.press(kb.Escape)
	}
	p.until(`!$("sure").open`)
}

// TestConsoleForms is what an API key's holder does on the server's side, form by form, on one server.
func TestConsoleForms(t *testing.T) {
	s := serve(t)
	chromium := browser(t)
	p := inside(t, open(t, chromium, "admin", s.url+"/console/"))
	const detail, writer = "#panel-channels .detail", "#panel-channels .detail .writer"

	t.Run("an empty list says why it is, and what to do", func(t *testing.T) {
		for list, next := range map[string]string{
			"channels": "publish a message, set an entry, or subscribe", "connections": "Connect on the client's side",
			"schedules": "A new schedule publishes", "letters": "every event was taken", "tokens": "Revoke those of a user",
		} {
			p.click("tab-" + list)
			p.lists(list, 0)
			p.until(fmt.Sprintf(`const e = $("panel-%s").querySelector(".rows + .empty"); !e.hidden && e.innerText.includes(%q)`, list, next))
		}
	})

	t.Run("a message and an entry are written by the server", func(t *testing.T) {
		p.click("tab-channels")
		const form = "#panel-channels .writer"
		p.button("#panel-channels", "Write…")
		p.button(form, "Publish")
		p.wrong(form, "Channel", "Write the channel's name first")
		p.fill(form, "Channel", "bad name")
		p.button(form, "Publish")
		p.wrong(form, "Event", "Write the event's name first")
		p.fill(form, "Event", "chat")
		p.fill(form, "Data, as JSON", exact)
		p.button(form, "Publish")
		p.wrong(form, "Channel", "INVALID_CHANNEL: ")
		p.fill(form, "Channel", "story")
		p.fill(form, "Keep for, in seconds", "an hour")
		p.button(form, "Publish")
		p.wrong(form, "Keep for", "A whole number")
		p.fill(form, "Keep for, in seconds", "3600")
		p.button(form, "Publish")
		p.lists("channels", 1)
		p.press(kb.Escape)
		p.until(`document.activeElement.innerText === "Write…" && document.activeElement.getAttribute("aria-expanded") === "false"`)

		p.eval(`$("panel-channels").querySelector("[data-channel=story] button").click()`)
		p.reads(detail, exact)
		p.button(detail, "Publish or set…")
		p.pick(writer, "Entry")
		p.fill(writer, "Key", "mode#")
		p.button(writer, "Set")
		p.wrong(writer, "Data", "null clears the entry")
		p.fill(writer, "Data", "teams")
		p.button(writer, "Set")
		p.wrong(writer, "Data", "This is not JSON")
		p.fill(writer, "Data", `"teams"`)
		p.button(writer, "Set")
		p.wrong(writer, "Key", "INVALID_STORAGE_KEY: ")
		p.fill(writer, "Key", "mode")
		p.button(writer, "Set")
		p.reads(detail+" [data-key=mode]", `"teams"`)
		p.button(detail+" [data-key=mode]", "Edit")
		p.until(field(writer, "Data") + `.value === '"teams"'`)
		p.fill(writer, "Data", "1.0")
		p.button(writer, "Set")
		p.reads(detail+" [data-key=mode]", "1.0")
	})

	t.Run("a tail is started, thinned out, filtered and stopped", func(t *testing.T) {
		const tail = detail + " .tail"
		tick := func(n, size int) {
			t.Helper()
			for i := range n {
				messages := make([]map[string]any, size)
				for j := range messages {
					messages[j] = map[string]any{"channel": "story", "event": "tick", "data": json.RawMessage(fmt.Sprintf("%d.50", i*size+j))}
				}
				s.call("POST", "/publish/batch", map[string]any{"messages": messages})
			}
		}
		p.button(tail, "Start")
		p.reads(tail, "Waiting.")
		tick(1, 5)
		p.until(`document.querySelectorAll("` + tail + ` .frame").length === 5`)
		p.reads(tail+" .frame", "0.50")
		p.eval(`const f = document.querySelector("` + tail + ` [type=search]"); f.value = "4.50"; f.dispatchEvent(new Event("input", {bubbles: true}))`)
		p.until(`document.querySelectorAll("` + tail + ` .frame").length === 1`)
		tick(1, 400)
		p.until(`Number(document.querySelector("` + tail + ` .hint").dataset.dropped) > 0`)
		p.reads(tail, "left out by the server")
		p.eval(`const f = document.querySelector("` + tail + ` [type=search]"); f.value = ""; f.dispatchEvent(new Event("input", {bubbles: true}))`)
		p.eval(`const f = document.querySelector("` + tail + ` select"); f.value = "10"; f.dispatchEvent(new Event("input", {bubbles: true}))`)
		p.reads(tail, "0 came, each 10th frame. Waiting.")
		s.until(`dormouse_tails 1`)
		tick(1, 35)
		p.reads(tail, "3 came, each 10th frame")
		p.button(tail, "Stop")
		p.until(`document.querySelectorAll("` + tail + ` .frame").length === 3`)
		s.until(`dormouse_tails 0`)
		p.button(tail, "Start")
		s.until(`dormouse_tails 1`)
	})

	t.Run("a question that follows at once on another has an answer of its own", func(t *testing.T) {
		p.eval(`globalThis.answers = [];
			import(new URL("sure.js", document.querySelector("script[type=module]").src)).then(({ sure }) => {
				sure("A?", "", "A").then((yes) => answers.push("A " + yes));
				$("sure").close();
				sure("B?", "", "B").then((yes) => answers.push("B " + yes));
				setTimeout(() => $("sure").close("yes"), 100); // the first close is told before that
			})`)
		p.until(`answers.join() === "A false,B true"`)
	})

	t.Run("an entry, a message and all that a channel keeps are deleted", func(t *testing.T) {
		s.call("PUT", "/channels/story/storage/other", map[string]any{"data": 1})
		p.button(detail+" .detail-head", "Refresh")
		p.reads(detail, "other")
		p.sure("panel-channels", ".detail [data-key=mode]", "Delete")
		p.until(`!document.querySelector("` + detail + ` [data-key=mode]") && document.activeElement.closest("[data-key=other]") !== null`)
		p.sure("panel-channels", ".detail [data-id]", "Delete")
		p.until(`document.querySelectorAll("` + detail + ` [data-id]").length === 0`)
		p.button(detail+" .detail-head", "Delete…")
		p.answer("Delete story?", false)
		p.until(`document.activeElement.innerText === "Delete…" && !!document.querySelector("` + detail + ` [data-key=other]")`)
		p.button(detail+" .detail-head", "Delete…")
		p.answer("Delete story?", true)
		p.reads(detail, "Deleted what story kept")
		p.until(`!document.querySelector("` + detail + ` [data-key=other]")`)
		p.reads(detail, "None. Set one, or a client with a token that grants set does.")
	})

	t.Run("schedules of every kind are made, looked into and found", func(t *testing.T) {
		const form = "#panel-schedules .writer"
		p.click("tab-schedules")
		p.shortcut("n")
		p.until(`document.activeElement === ` + field(form, "Channel"))
		p.fill(form, "Channel", "office")
		p.fill(form, "Event", "tea")
		p.fill(form, "Data", exact)
		p.fill(form, "At", "2020-06-01T15:45:00")
		p.button(form, "Schedule")
		p.wrong(form, "At", "INVALID_SCHEDULE: The schedule is in the past")
		p.fill(form, "At", "2090-06-01T15:45")
		p.fill(form, "Time zone", "Asia/Nowhere")
		p.button(form, "Schedule")
		p.wrong(form, "Time zone", "scheduleExpressionTimezone")
		p.fill(form, "Time zone", "Asia/Tokyo")
		p.reads(form+" output", "at(2090-06-01T15:45:00)")
		p.button(form, "Schedule")
		p.lists("schedules", 1)
		p.pick(form, "Entry")
		p.fill(form, "Key", "open")
		p.pick(form, "Every")
		p.fill(form, "Interval", "0")
		p.button(form, "Schedule")
		p.wrong(form, "Interval", "INVALID_SCHEDULE: ")
		p.fill(form, "Interval", "1")
		p.reads(form+" output", "rate(1 minute)")
		p.button(form, "Schedule")
		p.lists("schedules", 2)
		p.pick(form, "By the calendar")
		p.fill(form, "Minutes, hours", "0 25 ? * MON-FRI *")
		p.button(form, "Schedule")
		p.wrong(form, "Minutes, hours", "INVALID_SCHEDULE: ")
		p.fill(form, "Minutes, hours", "0 9 ? * MON-FRI *")
		p.button(form, "Schedule")
		p.lists("schedules", 3)
		for _, text := range []string{"at(2090-06-01T15:45:00)Asia/Tokyo", "rate(1 minute)", "cron(0 9 ? * MON-FRI *)Asia/Tokyo", "Jun 1, 2090"} {
			p.reads("#panel-schedules .rows", text)
		}
		p.unfold("#panel-schedules .rows > li:last-child")
		p.reads("#panel-schedules .rows", exact)
		p.sure("panel-schedules", "li", "Cancel")
		p.lists("schedules", 2)
		p.click("tab-channels")
		p.button(detail+" .detail-head", "Schedules")
		p.lists("schedules", 0)
		p.reads("#panel-schedules", "Nothing of that name.")
	})

	t.Run("a subscription is ended, a user kicked, and tokens taken back", func(t *testing.T) {
		ann := lets(t, s, chromium, "ann", s.token("ann", map[string]any{"jti": "ann.1"}))
		ann.subscribe("presence.office")
		p.click("tab-connections")
		p.lists("connections", 1)
		p.unfold("#panel-connections .rows > li")
		p.until(`!!document.querySelector("#panel-connections [data-channel='presence.office'] button")`)
		p.sure("panel-connections", "[data-channel='presence.office']", "End")
		ann.until(`$("rooms").querySelector("li").dataset.state === "open"`)
		p.eval(`const f = $("panel-connections").querySelector("[type=search]"); f.value = "ann"; f.dispatchEvent(new Event("input", {bubbles: true}))`)
		before := ann.eval(`$("greeting-id").innerText`)
		p.button("#panel-connections", "Kick all of them…")
		p.answer("Kick ann?", true)
		p.reads("#panel-connections .list-outcome", "Kicked ann: 1 connection")
		ann.until(fmt.Sprintf(`$("state").dataset.state === "connected" && $("greeting-id").innerText !== %q`, before))
		p.lists("connections", 1)
		p.button("#panel-connections [data-uid=ann]", "Revoke…")
		p.until(`document.activeElement === $("revoke-id") && $("revoke-id").value === "ann" && !$("panel-tokens").hidden`)
		p.button("#revoke-form", "Revoke")
		p.answer("Revoke uid ann?", true)
		p.lists("tokens", 1)
		p.reads("#revoke-form", "1 connection ended")
		ann.until(`$("state").dataset.state !== "connected"`)
		p.pick("#revoke-form", "one")
		p.button("#revoke-form", "Revoke")
		p.faults("revoke-id", "Write the jti first")
		p.write("revoke-id", "bob.1")
		p.write("revoke-until", "2090-01-01T00:00")
		p.button("#revoke-form", "Revoke")
		p.answer("Revoke jti bob.1?", true)
		p.lists("tokens", 2)
		p.reads("#panel-tokens [data-jti='bob.1']", "forgotten Jan 1, 2090")
		p.sure("panel-tokens", "[data-uid=ann]", "Lift")
		p.lists("tokens", 1)
		if hidden := p.eval(`[...$("panel-tokens").querySelectorAll(".bar button")].find((b) => b.textContent === "Sign a token…").hidden`); hidden != true {
			t.Error("a server for others offers to sign tokens")
		}
	})

	t.Run("dead letters are shown, replayed together and deleted", func(t *testing.T) {
		lose := func(n int) {
			t.Helper()
			for i := range n {
				s.call("POST", "/publish", map[string]any{"channel": "shop", "event": "order", "data": i, "emitPubSubEvent": true})
			}
			p.lists("letters", n)
		}
		p.click("tab-letters")
		lose(1)
		p.reads("#letters-total", "1 in all")
		p.unfold("#panel-letters .rows > li")
		p.reads("#panel-letters .rows > li pre", `"event": "order"`)
		s.takes.Store(true)
		p.button("#panel-letters", "Replay all…")
		p.answer("Replay all dead letters?", true)
		p.lists("letters", 0)
		p.reads("#panel-letters .list-outcome", "1 is on the way again")
		s.takes.Store(false)
		lose(2)
		p.sure("panel-letters", "li", "Delete")
		p.lists("letters", 1)
		p.button("#panel-letters", "Delete all…")
		p.answer("Delete all dead letters?", true)
		p.lists("letters", 0)
	})

	t.Run("a forgotten key ends the tail", func(t *testing.T) {
		p.click("key-forget")
		s.until(`dormouse_tails 0`)
	})
}

// TestConsoleSigns is a development server's console, which makes tokens as they are asked for.
func TestConsoleSigns(t *testing.T) {
	s := dev(t, t.TempDir()+"/data", "127.0.0.1:0")
	p := open(t, browser(t), "dev", s.Console)
	p.until(`$("state").dataset.state === "connected"`)
	p.eval(`location.hash = "#server"`)
	p.until(`!$("key-ready").hidden`)
	p.click("key-ready")
	p.until(`!$("inside").hidden`)
	p.shortcut("4")
	p.reads("#panel-letters", "No endpoint for events is configured. Set events.webhooks")
	p.shortcut("5")
	p.button("#panel-tokens", "Sign a token…")
	const form = "#sign-form"
	p.fill(form, "uid", "eve")
	p.fill(form, "Channels", "game.*")
	for _, right := range []string{"publish", "set", "history"} {
		p.pick(form, right)
	}
	var claims struct {
		UID      string                    `json:"uid"`
		Channels map[string]map[string]any `json:"channels"`
	}
	if err := json.Unmarshal([]byte(p.eval(`$("claims").value`).(string)), &claims); err != nil || claims.UID != "eve" || claims.Channels["game.*"]["subscribe"] != true {
		t.Fatalf("claims %+v: %v", claims, err)
	}
	written := p.eval(`$("claims").value`).(string)
	for text, want := range map[string]string{
		"{": "This is not JSON", "[]": "claims are a JSON object", `{"scope":"connect"}`: "exp",
		strings.Replace(written, `"subscribe": true`, `"subscribe": "yes"`, 1): "subscribe",
	} {
		p.write("claims", text)
		p.button(form, "Sign")
		p.faults("claims", want)
	}
	p.write("claims", written)
	p.button(form, "Sign")
	p.until(`$("signed").value.split(".").length === 3`)
	p.button(form, "Connect with it")
	p.until(`location.hash !== "#server" && $("state").dataset.state === "connected" && $("greeting-uid").innerText === "eve"`)
	p.click("connect") // once more, with the same token
	p.until(`$("state").dataset.state === "connected" && $("connect").innerText === "Reconnect"`)
	p.subscribe("game.lobby")
	p.write("event", "chat")
	p.write("data", "1")
	p.click("publish")
	p.faults("event", "PUBLISH_PERMISSION_DENIED")
}
