//go:build pictures

package page

import (
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"
)

// picture paints the tab into $PICTURES, for people to look at: run the test with -tags pictures.
func picture(p *tab, name string) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(1280, 1180), chromedp.Sleep(2*time.Second))
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(os.Getenv("PICTURES"), name+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
