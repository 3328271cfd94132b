package page

import (
	"path/filepath"
	"testing"
)

// TestTwoTabsShareALobby is the main job as a person sees it: what one tab changes the other shows, and after
// a kill it is still there.
func TestTwoTabsShareALobby(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := dev(t, data, "127.0.0.1:0")
	chromium := browser(t)
	ann, bob := open(t, chromium, "ann", first.Page), open(t, chromium, "bob", first.Page)

	for _, p := range []*tab{ann, bob} {
		p.until(`$("state").dataset.state === "connected"`)
	}

	ann.put("setting-maxPlayers", 12)
	bob.shows("setting-maxPlayers", 12)
	bob.put("setting-title", "Owls against dormice")
	ann.shows("setting-title", "Owls against dormice")
	ann.until(`$("members").querySelectorAll("li").length === 2`)
	ann.eval(`$("chat-input").value = "Ready?"; $("chat-send").click()`)
	bob.until(`$("chat-log").innerText.includes("Ready?")`)
	picture(bob, "lobby")

	first.kill()
	bob.until(`$("state").dataset.state !== "connected"`)
	second := dev(t, data, first.address(t))
	for _, p := range []*tab{ann, bob, open(t, chromium, "carl", second.Page)} {
		p.until(`$("state").dataset.state === "connected"`)
		p.shows("setting-maxPlayers", 12)
		p.shows("setting-title", "Owls against dormice")
	}
	bob.put("setting-maxPlayers", 16)
	ann.shows("setting-maxPlayers", 16)
}
