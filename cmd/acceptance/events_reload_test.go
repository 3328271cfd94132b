package acceptance

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// reload writes another configuration, signals the server, and waits until its log says what was expected.
func (s *server) reload(t *testing.T, with settings, says string) {
	t.Helper()
	file := s.settings.with(settings{"data": s.data()}).with(with).file()
	if err := os.WriteFile(s.config(), file, 0o600); err != nil {
		t.Fatal(err)
	}
	before := strings.Count(s.log.String(), says)
	if err := s.process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); strings.Count(s.log.String(), says) == before; {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not say %q:\n%s", says, s.log.tail(20))
		}
		if err := pause(t.Context(), pollEvery); err != nil {
			t.Fatal(err)
		}
	}
}

// webhooksTo send every event to each, under names of their own.
func webhooksTo(hooks map[string]*hooks) settings {
	list := []any{}
	for name, h := range hooks {
		list = append(list, map[string]any{"name": name, "url": h.URL, "secret": hookSecret, "allow_private": true})
	}
	return settings{"events.webhooks": list}
}

// TestEndpointsReload adds, changes and takes away endpoints while messages are published. Every message comes to
// one endpoint at least; while there is none, none is made.
func TestEndpointsReload(t *testing.T) {
	first, second := newHooks(t, nil), newHooks(t, nil)
	srv := serve(t, defaults())
	s := newScene(t, srv)
	n := 0
	publish := func(count int) {
		t.Helper()
		for range count {
			n++
			s.answers(202, `"<any>"`)(srv.publish(t.Context(), fmt.Sprintf(`{"channel":"c","event":"e","data":%d,"emitPubSubEvent":true}`, n)))
		}
	}
	has := func(h *hooks, data int) func([]hookCall) bool {
		return func([]hookCall) bool { return counted(h)[data] > 0 }
	}
	publish(1) // nobody is told
	const done = `"endpoints of events reloaded"`
	srv.reload(t, webhooksTo(map[string]*hooks{"one": first}), done)
	publish(20)
	first.wait(t, has(first, n))
	srv.reload(t, webhooksTo(map[string]*hooks{"one": first, "two": second}), done)
	publish(20)
	first.wait(t, has(first, n))
	second.wait(t, has(second, n))

	// What is wrong changes nothing.
	srv.reload(t, settings{"events.webhooks": []any{map[string]any{"name": "bad", "url": "http://nowhere.invalid/", "secret": hookSecret}}},
		"configuration not reloaded: the old keys stay, and the endpoints of events")
	publish(5)
	first.wait(t, has(first, n))
	second.wait(t, has(second, n))

	// One goes, while its events are on their way.
	publish(30)
	srv.reload(t, webhooksTo(map[string]*hooks{"two": second}), done)
	publish(20)
	second.wait(t, has(second, n))
	last := n
	// The same again is no change, and another URL under the old name is.
	srv.reload(t, webhooksTo(map[string]*hooks{"two": second}), `"keys reloaded"`)
	srv.reload(t, webhooksTo(map[string]*hooks{"two": first}), done)
	publish(5)
	first.wait(t, has(first, n))
	srv.reload(t, settings{}, done)
	publish(5)

	got := [2]map[int]int{counted(first), counted(second)}
	for data := 2; data <= n-5; data++ {
		switch {
		case got[0][data]+got[1][data] == 0:
			t.Errorf("message %d came to nobody", data)
		case data <= 21 && got[1][data] > 0, data > last && got[1][data] > 0:
			t.Errorf("message %d came to the second, who was not there", data)
		}
	}
	for _, data := range []int{1, n - 4, n} {
		if got[0][data]+got[1][data] > 0 {
			t.Errorf("message %d was told, and there was no endpoint", data)
		}
	}
	for i, h := range got {
		for data, times := range h {
			if times > 1 {
				t.Errorf("endpoint %d has message %d %d times", i+1, data, times)
			}
		}
	}
}

// counted is how often each message came.
func counted(h *hooks) map[int]int {
	n := map[int]int{}
	for _, c := range h.all() {
		var data int
		if _, err := fmt.Sscanf(dataOf(c), "%d", &data); err == nil {
			n[data]++
		}
	}
	return n
}

// dataOf is the data of the message that an event tells of.
func dataOf(c hookCall) string {
	_, after, _ := strings.Cut(string(c.event.Data), `"data":`)
	return after
}
