package page

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"dormouse/transport/console/consoletest"
)

// chromium is the one browser of all tests, each with tabs of its own; endBrowser closes it.
var (
	chromium   context.Context
	endBrowser = func() {}
)

// browser returns Chromium, and starts it for the first who asks.
func browser(t *testing.T) context.Context {
	t.Helper()
	if chromium == nil {
		chromium, endBrowser = consoletest.Start(t)
	}
	return chromium
}

// A tab is one page.
type tab struct {
	*consoletest.Tab
	t *testing.T
}

func open(t *testing.T, browser context.Context, name, url string) *tab {
	t.Helper()
	return &tab{consoletest.Open(t, browser, name, url), t}
}

// eval evaluates an expression in which $ finds an element by its data-testid or its id.
func (p *tab) eval(expression string) any {
	p.t.Helper()
	const find = "const $ = id => document.querySelector(`[data-testid=\"${id}\"]`) ?? document.getElementById(id); "
	return p.Eval("{ " + find + expression + " }")
}

// until waits for an expression to be true.
func (p *tab) until(expression string) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for p.eval(expression) != true {
		if time.Now().After(deadline) {
			p.t.Fatalf("tab %s: still not: %s\npage: %v", p.Name, expression, p.eval("document.body.innerText"))
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
