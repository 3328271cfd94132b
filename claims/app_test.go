package claims

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestNamespacesNeverMeet(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"a", "a/b", "a\x00b", "pusher/a", "", "default", "A", "a "} {
		ns := (&App{ID: id}).Namespace()
		if other, ok := seen[ns]; ok {
			t.Errorf("%q and %q share %q", id, other, ns)
		}
		seen[ns] = id
		if back, ok := AppID(ns); back != id || !ok {
			t.Errorf("%q is taken for %q's", ns, back)
		}
		if CheckApp(ns) == nil {
			t.Errorf("%q could be a native app's id", ns)
		}
	}
	if got := (&App{ID: "7"}).Namespace(); got != "pusher/7" {
		t.Errorf("namespace %q", got)
	}
	if _, ok := AppID("default"); ok {
		t.Error("a native app is taken for Pusher's")
	}
}

func TestAnAppInTheLogHasNoSecrets(t *testing.T) {
	var log bytes.Buffer
	l := slog.New(slog.NewTextHandler(&log, nil))
	l.Info("an app", "app", &App{ID: "a", Key: "k", Secret: "hidden", PreviousSecret: "hidden"})
	l.Info("none", "app", (*App)(nil))
	if got := log.String(); strings.Contains(got, "hidden") || !strings.Contains(got, "app.id=a") || !strings.Contains(got, "app=none") {
		t.Errorf("log: %s", got)
	}
}
