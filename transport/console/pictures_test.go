//go:build pictures

package console

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dormouse/transport/console/consoletest"
)

// TestPictures paints the page in its states into $PICTURES, for people to look at: run it with
// -tags pictures.
func TestPictures(t *testing.T) {
	consoletest.Pictures(t)
	d := newDouble()
	server := d.serve(t, "127.0.0.1:0")
	p := open(t, browser(t), "A", server)
	p.connected()
	p.picture("empty-light", 1280, 1000, false)
	p.picture("empty-narrow", 360, 1900, false)

	set := func(key string, value any) object {
		return object{"event": "hotsock.channelStorageSet", "channel": DemoLobby, "key": "settings." + key, "data": value}
	}
	chat := func(text string) object {
		return object{"event": "chat", "channel": DemoLobby, "data": object{"text": text}}
	}
	d.guest(t, server, "g1", "Badger", set("map", "moonlit-barn"), chat("Shall we take the barn tonight?"))
	p.Do(chromedp.Sleep(200 * time.Millisecond))
	d.guest(t, server, "g2", "Puffin", set("maxPlayers", 12), chat("Fine with me. I have put it to twelve players, there is room for two more if somebody wants to come late."))
	d.guest(t, server, "g3", "Marten", set("friendlyFire", true))
	d.guest(t, server, "g4", "Kestrel", set("minutes", 25))
	p.Do(chromedp.Sleep(200 * time.Millisecond))
	p.put("setting-title", "Owls against dormice")
	p.say("Title set. Start in five minutes?")
	p.picture("light", 1280, 1100, false)
	p.picture("dark", 1280, 1100, true)
	p.picture("narrow-light", 360, 2300, false)
	p.picture("narrow-dark", 360, 2300, true)
	p.picture("huge", 1920, 1100, false)
	for _, place := range []string{"old-oak", "hazel-hedge", "frozen-pond"} {
		p.put("setting-map", place)
		p.picture("map-"+place, 1000, 420, place == "frozen-pond")
	}
	p.eval(`$("frames-toggle").click()`)
	p.eval(`[...document.querySelectorAll(".frame")].at(-2).open = true`)
	p.picture("frames-light", 1280, 900, false)
	p.picture("frames-dark", 1280, 900, true)
	p.picture("frames-narrow", 360, 740, false)
	p.eval(`$("frames-toggle").click()`)
	d.from(func() {
		d.set(DemoLobby, "settings.mode", "teams", object{"uid": "g1", "umd": object{"name": "Badger", "color": DemoColor("g1")}})
	})
	p.picture("flash", 1280, 1000, false)
	d.hangUp()
	server.Close()
	p.put("setting-maxPlayers", 30)
	p.picture("cut", 1280, 900, true)
	p.picture("cut-narrow", 360, 740, false)
}

// picture paints the tab in a size.
func (p *tab) picture(name string, width, height int64, dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.Paint(name, width, height, scheme)
}
