//go:build pictures

package page

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestConsoleAppsPictures paints the list of apps with a little life in it.
func TestConsoleAppsPictures(t *testing.T) {
	s := serve(t)
	guests := []*guest{}
	for i, name := range []string{"Ann", "Bob", "Cid", "Dora", "Eve"} {
		g := s.visit(t).joins("presence-lobby", fmt.Sprint(7+i), fmt.Sprintf(`{"name":%q,"seat":%d}`, name, i+1))
		g.joins("presence-cache-lobby.1", fmt.Sprint(7+i), fmt.Sprintf(`{"name":%q}`, name))
		g.joins(fmt.Sprintf("order.%d", 1000+i), "", "").joins("news", "", "")
		guests = append(guests, g)
	}
	s.visit(t).joins("cache-prices", "", "")
	s.triggers("presence-cache-lobby.1", "settings", `{"map":"moonlit-barn","players":12,"teams":["owls","dormice"]}`)
	p := inside(t, open(t, browser(t), "admin", s.url+"/console/"))
	p.shortcut("6")
	p.until(`document.querySelectorAll("#panel-apps [data-app]").length === 2`)
	p.paint("apps-closed", 1400, 900, "light")
	p.eval(`document.querySelector("#panel-apps [data-app=shop] button").click()`)
	for i := range 30 {
		for j := range (i*7)%11 + 1 {
			s.triggers("news", "tick", fmt.Sprint(j))
			if i%4 == 0 {
				guests[j%5].joins("news", "", "")
			}
		}
		p.Do(chromedp.Sleep(300 * time.Millisecond))
	}
	p.unfold("#panel-apps .detail [data-channel='presence-cache-lobby.1']")
	p.until(`document.querySelectorAll("#panel-apps [data-user]").length === 5`)
	for _, scheme := range []string{"light", "dark"} {
		p.paint("apps", 1400, 1000, scheme)
	}
	p.eval(`document.querySelector("#panel-apps .facts-part details").open = true; document.querySelector("#panel-apps [data-channel] details").open = true; document.querySelector("#panel-apps [data-user] details").open = true`)
	p.paint("apps-open", 1400, 1200, "light")
	p.paint("apps", 400, 2600, "light")
	p.paint("apps", 360, 2600, "dark")
	p.paint("apps", 900, 1400, "dark")
}
