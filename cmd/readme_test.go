package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReadme does what the README's tour says, in its order, and sees what it shows: the blocks of language
// console, where a line after "$ " is a command, what follows is all that it prints, and "…" is anything. A
// server or a watcher goes on in a terminal of its own.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```console\n(.*?)^```$").FindAllSubmatch(text, -1)
	if len(blocks) < 8 {
		t.Fatalf("the README has %d blocks of commands: where is the tour?", len(blocks))
	}
	tour := &readmeTour{t: t, dir: t.TempDir()}
	for _, block := range blocks {
		for step := range strings.SplitSeq(strings.TrimPrefix(string(block[1]), "$ "), "\n$ ") {
			command, shown, _ := strings.Cut(step, "\n")
			for strings.HasSuffix(command, "\\") {
				more, rest, _ := strings.Cut(shown, "\n")
				command, shown = command+"\n"+more, rest
			}
			tour.take(command, strings.TrimSpace(shown))
		}
	}
	for _, watcher := range tour.watchers {
		watcher()
	}
}

// A readmeTour is one walk through the commands, in a folder of its own.
type readmeTour struct {
	t        *testing.T
	dir      string
	url      string   // of the server, which the README has at port 8080
	watchers []func() // wait for their end
}

func (r *readmeTour) take(command, shown string) {
	r.t.Helper()
	command = strings.ReplaceAll(command, "http://127.0.0.1:8080", r.url)
	r.t.Logf("$ %s", command)
	switch {
	case strings.HasPrefix(command, "go build "):
		cmd := exec.Command("go", "build", "-o", r.dir+"/", "./cmd/dormouse")
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			r.t.Fatalf("%v\n%s", err, out)
		}
	case command == "./dormouse dev":
		out, _ := r.start(command + " --listen 127.0.0.1:0")
		r.url = r.wait(out, `Page +(http://[0-9.:]+)/`)
		r.wait(out, pattern(shown))
	case strings.HasPrefix(command, "./dormouse watch "):
		out, done := r.start(command)
		r.wait(out, `hotsock.subscribed.*\n(.*channelStorageUpdated.*\n){2}`)
		r.watchers = append(r.watchers, func() {
			select {
			case <-done:
			case <-time.After(patience):
				r.t.Error("the watcher has not ended")
			}
			r.wait(out, `^`+pattern(shown)+`\s*$`)
		})
	default:
		cmd := r.shell(command)
		out, _ := cmd.CombinedOutput() // some are shown to fail: what they print is what counts
		if !regexp.MustCompile(`^\s*` + pattern(shown) + `\s*$`).Match(out) {
			r.t.Errorf("it prints\n%swhere the README has\n%s", out, shown)
		}
	}
}

// pattern matches what the README shows, spaces as they come.
func pattern(shown string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(shown), "…", `(?s:.*)`)
}

func (r *readmeTour) shell(command string) *exec.Cmd {
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "HOME="+r.dir)
	return cmd
}

// start runs a command of the program until the test ends.
func (r *readmeTour) start(command string) (*transcript, <-chan struct{}) {
	r.t.Helper()
	out, done := &transcript{more: make(chan struct{})}, make(chan struct{})
	args := strings.Fields(command)
	cmd := r.shell("")
	cmd.Path, cmd.Args = filepath.Join(r.dir, args[0]), args
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // one is killed on the way, and what it printed is what counts
		close(done)
	}()
	r.t.Cleanup(func() {
		select {
		case <-done:
		default:
			_ = cmd.Process.Kill() // by its own id, and it is not yet waited for
			<-done
		}
	})
	return out, done
}

// wait returns the first group of expr, or all of it, once out has it.
func (r *readmeTour) wait(out *transcript, expr string) string {
	r.t.Helper()
	deadline := time.After(patience)
	for {
		text, more := out.read()
		if found := regexp.MustCompile(expr).FindStringSubmatch(text); found != nil {
			return found[len(found)-1]
		}
		select {
		case <-more:
		case <-deadline:
			r.t.Fatalf("there is no %s in\n%s", expr, text)
		}
	}
}
