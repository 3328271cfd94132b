package consoletest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Pictures returns the folder into which pictures are painted, $PICTURES, and fails the test if there is none.
func Pictures(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PICTURES")
	if dir == "" {
		t.Fatal("set PICTURES to the folder into which the pages are to be painted")
	}
	return dir
}

// settle is how long a page may move before a picture is taken of it.
const settle = 1200 * time.Millisecond

// Scheme makes the color scheme of the tab light or dark.
func (p *Tab) Scheme(name string) {
	p.t.Helper()
	p.Do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
	})
}

// Paint writes the page as a person sees it, in a window of width and height, in the color scheme light or dark,
// into name.png in [Pictures].
func (p *Tab) Paint(name string, width, height int64, scheme string) {
	p.t.Helper()
	dir := Pictures(p.t)
	p.Scheme(scheme)
	p.Do(chromedp.EmulateViewport(width, height), chromedp.Sleep(settle))
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
