package consoletest

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser starts Chromium with a profile of its own; it ends with the test. The context is for [Open].
func Browser(t *testing.T) context.Context {
	t.Helper()
	ctx, end := Start(t)
	t.Cleanup(end)
	return ctx
}

// Start is Browser for all tests of a package: it goes on until end is called, behind the last of them. A browser
// takes longer to start than most tests take.
func Start(t *testing.T) (browser context.Context, end func()) {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("Pages are tested in a real browser and none is on PATH: run  go run ./cmd/check -only needs  which installs one, or on Debian  apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-first-run", true),
		chromedp.WSURLReadTimeout(time.Minute))
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	end = func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = chromedp.Cancel(ctx)
		release()
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		t.Fatal(err)
	}
	return ctx, end
}

// patience is how long the browser may take for one thing.
const patience = 30 * time.Second

// A Tab is one page in a browser. Name tells it from the others when a test fails.
type Tab struct {
	Name string
	// Close closes the tab, as a person does; the end of the test does it too.
	Close func()

	t   *testing.T
	ctx context.Context
}

// Open opens url in a new tab of a [Browser]. Whatever the page complains of fails the test, but for the network:
// tests cut it on purpose, and a server that is down is no fault of the page.
func Open(t *testing.T, browser context.Context, name, url string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("tab %s: %s", name, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
		case *log.EventEntryAdded:
			if e.Entry.Source != "network" {
				t.Errorf("tab %s: %s: %s", name, e.Entry.Source, e.Entry.Text)
			}
		}
	}))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	p := &Tab{Name: name, Close: cancel, t: t, ctx: ctx}
	p.Do(chromedp.Navigate(url))
	return p
}

// Do takes steps, one after the other, or fails the test.
func (p *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("tab %s: %v", p.Name, err)
	}
}

// Eval returns the value of a script in the page, or fails the test.
func (p *Tab) Eval(script string) any {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[any](script))
	if err != nil {
		p.t.Fatalf("tab %s: %s: %v", p.Name, script, err)
	}
	return value
}
