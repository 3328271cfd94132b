package page

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts Chromium with a profile of its own; it ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("The page is tested in a real browser and chromium is not on PATH: run go run ./cmd/check, which installs it.")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-first-run", true),
		chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = chromedp.Cancel(ctx)
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// A tab is one page.
type tab struct {
	t    *testing.T
	ctx  context.Context
	name string
}

// open opens the page in a new tab. Whatever the page complains of fails the test, but for the network: the
// server is killed on purpose.
func open(t *testing.T, browser context.Context, name, url string) *tab {
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
	p := &tab{t, ctx, name}
	p.do(chromedp.Navigate(url))
	return p
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("tab %s: %v", p.name, err)
	}
}

// eval evaluates an expression in which $ finds an element by its data-testid or its id.
func (p *tab) eval(expression string) any {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	const find = "const $ = id => document.querySelector(`[data-testid=\"${id}\"]`) ?? document.getElementById(id); "
	value, err := chromedp.Run(ctx, chromedp.Evaluate[any]("{ "+find+expression+" }"))
	if err != nil {
		p.t.Fatalf("tab %s: %s: %v", p.name, expression, err)
	}
	return value
}

// until waits for an expression to be true.
func (p *tab) until(expression string) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for p.eval(expression) != true {
		if time.Now().After(deadline) {
			p.t.Fatalf("tab %s: still not: %s\npage: %v", p.name, expression, p.eval("document.body.innerText"))
		}
		<-time.After(50 * time.Millisecond)
	}
}

// put sets a control's value as a hand would leave it.
func (p *tab) put(id string, value any) {
	p.t.Helper()
	text, _ := json.Marshal(value)
	p.eval(fmt.Sprintf(`const e = $(%q); e.value = %s; e.dispatchEvent(new Event("change", {bubbles: true}))`, id, text))
}

// shows waits for a control's value.
func (p *tab) shows(id string, value any) {
	p.t.Helper()
	text, _ := json.Marshal(fmt.Sprint(value))
	p.until(fmt.Sprintf(`$(%q).value === %s`, id, text))
}
