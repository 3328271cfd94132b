package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A watch is a running  dormouse watch --json  of channel c.
type watch struct {
	t    *testing.T
	out  logBuffer // frames, one a line
	told logBuffer // what it says of itself
	done chan error
}

func watches(t *testing.T, s *server, token string, flags ...string) *watch {
	t.Helper()
	path, err := s.build.binary()
	if err != nil {
		t.Fatal(err)
	}
	w := &watch{t: t, done: make(chan error, 1)}
	ctx, end := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, append([]string{"watch", "--url", "http://" + s.addr, "--token", token, "--json", "c"}, flags...)...)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = &w.out, &w.told
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		w.done <- cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		end()
		<-ended
		if t.Failed() {
			t.Logf("the watch says:\n%s", w.told.tail(30))
		}
	})
	return w
}

// wait waits until it has said, or printed, so often.
func (w *watch) wait(in *logBuffer, text string, n int) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for strings.Count(in.String(), text) < n {
		if time.Now().After(deadline) {
			w.t.Fatalf("%q is not there %d times:\n%s", text, n, in.tail(30))
		}
		_ = pause(w.t.Context(), pollEvery) // the deadline ends it
	}
}

// messages are the data of the messages that it printed, in order.
func (w *watch) messages() (all []int) {
	for line := range bytes.Lines([]byte(w.out.String())) {
		var m struct {
			Event string
			Data  int
		}
		if json.Unmarshal(line, &m) == nil && m.Event == "e" {
			all = append(all, m.Data)
		}
	}
	return all
}

// TestAWatchReadsOnBehindAKill: messages are stored without a pause while the server is killed again and again.
// A watch prints all that were acknowledged, in order and once, and says how it came by them; one whose token shows
// no history says what may be missing.
func TestAWatchReadsOnBehindAKill(t *testing.T) {
	srv := serve(t, defaults())
	srv.settings = srv.settings.with(settings{"listen": srv.addr}) // the watches come back there
	token := func(more string) string {
		return hs256.sign(string(claims(fmt.Sprintf(`{"exp":4000000000,"uid":"u","channels":{"c":{"subscribe":true%s}}}`, more)).completed("connect")))
	}
	address := "http://" + srv.addr + "/publish" // srv changes it at each start
	stores := func(n int) bool {
		resp, err := srv.request(context.Background(), http.MethodPost, address, apiKey, fmt.Sprintf(`{"channel":"c","event":"e","data":%d,"store":-1}`, n))
		return err == nil && resp.status == 202
	}
	for i := range 3 { // was there before
		if !stores(i - 3) {
			t.Fatal("not stored")
		}
	}
	seeing, blind := watches(t, srv, token(`,"historyStart":0`)), watches(t, srv, token(""))
	for _, w := range []*watch{seeing, blind} {
		w.wait(&w.out, "hotsock.subscribed", 1)
	}
	var mu sync.Mutex
	next, stop := 0, make(chan struct{})
	stopped := make(chan map[int]bool)
	go func() {
		accepted := map[int]bool{}
		for {
			select {
			case <-stop:
				stopped <- accepted
				return
			default:
			}
			mu.Lock()
			n := next
			next++
			mu.Unlock()
			if stores(n) {
				accepted[n] = true
			} else {
				_ = pause(context.Background(), pollEvery)
			}
		}
	}()
	published := func(n int) {
		t.Helper()
		mu.Lock()
		until := next + n
		mu.Unlock()
		deadline := time.Now().Add(patience)
		for {
			mu.Lock()
			done := next >= until
			mu.Unlock()
			if done {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("nothing is published any more")
			}
			_ = pause(t.Context(), pollEvery)
		}
	}
	for kill := 1; kill <= 3; kill++ {
		published(20)
		srv.kill()
		if err := srv.start(); err != nil {
			t.Fatal(err)
		}
		published(150) // more than a page is missed, as like as not
		seeing.wait(&seeing.told, "back after", kill)
		blind.wait(&blind.told, "back after", kill)
	}
	published(20)
	close(stop)
	accepted := <-stopped
	if !stores(next) {
		t.Fatal("not stored")
	}
	last := fmt.Sprintf(`"data":%d`, next)
	seeing.wait(&seeing.out, last, 1)
	blind.wait(&blind.out, last, 1)
	printed := seeing.messages()
	seen := map[int]bool{}
	for i, n := range printed {
		if n < 0 || i > 0 && n <= printed[i-1] {
			t.Fatalf("%d comes after %d", n, printed[i-1])
		}
		seen[n] = true
	}
	missing := 0
	for n := range accepted {
		if !seen[n] {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d messages that were acknowledged are missing", missing, len(accepted))
	}
	said := seeing.told.String()
	if strings.Count(said, "the stored messages that were missed follow") != 3 || strings.Count(said, "missed\n") != 3 {
		t.Errorf("it says:\n%s", said)
	}
	if said := blind.told.String(); strings.Count(said, "messages may be missing, since the token has no historyStart for c") != 3 {
		t.Errorf("the other says:\n%s", said)
	}
	t.Logf("%d messages, %d of them acknowledged, %d printed\n%s", next, len(accepted), len(printed), said)
}
