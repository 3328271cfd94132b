package cmd

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"dormouse/claims"
	"dormouse/transport/metrics"
)

// Apps of the file are looked up, and a reload changes them at once: who lives on one hears of it.
func TestAppsOfTheFile(t *testing.T) {
	of := func(text string) *checked {
		t.Helper()
		c, faults := load(sources{file: write(t, "x.yaml", text)}).validate(forServe)
		if err := faults.err(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := of("apps:\n  static: [{id: a, key: ak, secret: s}, {id: b, key: bk, secret: s}]\n  limits: {event_batch: 3}\n  webhook_delay: 0s\n")
	a, err := openApps(c, metrics.New(metrics.Build{}).Apps(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	app, err := a.ByKey(t.Context(), "ak")
	if err != nil || app.ID != "a" || app.MaxEventBatchSize != 3 || app.WebhookDelay != 0 {
		t.Fatalf("%+v, %v", app, err)
	}
	heard := make(chan *claims.App, 10)
	stop, err := a.Watch(app, func(now *claims.App) { heard <- now })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	a.reload(of("apps: {static: [{id: a, key: ak, secret: s, enabled: false}, {id: c, key: ck, secret: s}]}"))
	select {
	case now := <-heard:
		if now == nil || now.Enabled {
			t.Errorf("heard %+v", now)
		}
	case <-time.After(patience):
		t.Fatal("nothing was heard")
	}
	if now, err := a.ByKey(t.Context(), "ck"); err != nil || now.ID != "c" {
		t.Errorf("the new one: %+v, %v", now, err)
	}
	if _, err := a.ByKey(t.Context(), "nobody"); !errors.Is(err, claims.ErrNoApp) {
		t.Errorf("nobody: %v", err)
	}
}
