package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// A longSuite is a test of the program that is run with every check, and for hours with the tag long: more
// rounds of the same, or the size that a promise names.
type longSuite struct {
	test      string
	pkg       string
	constants []string // of rounds_long_test.go that say how long
	does      string
}

var longSuites = []longSuite{
	{"TestKillNine", acceptance, []string{"killRounds"}, "kill -9 under load: what was told stays true"},
	{"TestKillNineLosesNoEvent", acceptance, []string{"eventKillRounds"}, "kill -9 with webhooks, NATS and JetStream on: no event is lost"},
	{"TestSchedulesThroughAKill", acceptance, []string{"scheduleChannels", "scheduleSeconds", "scheduleLateness"},
		"10,000 schedules of sleeping channels in a minute, a kill in the middle, p99 within 250 ms; wants a quiet machine"},
	{"TestSnapshotThenLive", acceptance, []string{"snapshotJoins"}, "joins: a snapshot, then every later value once"},
	{"TestResume", acceptance, []string{"resumeReturns"}, "returns: what was missed, once and in order"},
	{"TestResumeAfterRestarts", acceptance, []string{"resumeRestarts"}, "the same over kills and restarts"},
}

const acceptance = "./cmd/acceptance"

// longTimeout bounds one suite.
const longTimeout = 3 * time.Hour

// longSteps are the suites as steps, in their order.
func longSteps() []step {
	list := make([]step, len(longSuites))
	for i, s := range longSuites {
		list[i] = step{s.test, s.does, s.run}
	}
	return list
}

// run runs the suite, prints what it logs as it comes, and returns the last of that, which is its figures.
// The race detector is off: figures are those of the program that people get.
func (s *longSuite) run(ctx context.Context, r *run) (string, error) {
	args := []string{"test", "-tags", "long", "-count=1", "-timeout", longTimeout.String(), "-json", "-run", "^" + s.test + "$", s.pkg}
	r.say("  go %s", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = r.root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var complaints strings.Builder
	cmd.Stderr = &complaints
	events, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	stop := r.stillRunning()
	said, readErr := r.follow(events)
	err = cmd.Wait()
	stop()
	switch {
	case readErr != nil:
		return "", readErr
	case err != nil:
		return "", fmt.Errorf("%s: %w\n%s", firstLine(said.figure), err, said.all+complaints.String())
	case !said.passed:
		return "", fmt.Errorf("%s has no test %s", s.pkg, s.test)
	}
	return said.figure, nil
}

// stillRunning says every minute that the suite goes on, until it is stopped.
func (r *run) stillRunning() (stop func()) {
	began, done, over := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		ticker := time.NewTicker(time.Minute)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				r.say("      … %v", time.Since(began).Round(time.Minute))
			}
		}
	}()
	return func() {
		close(done)
		<-over
	}
}

// What a suite said.
type suiteOutput struct {
	all    string
	figure string // the last that it logged
	passed bool
}

// logLine is one call of t.Log.
var logLine = regexp.MustCompile(`^ +\w+_test\.go:\d+: (.*)\n$`)

// follow reads the events of one test and prints its log.
func (r *run) follow(events io.Reader) (said suiteOutput, err error) {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e testEvent
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		said.all += e.Output
		said.passed = said.passed || e.Action == "pass" && e.Test != ""
		if found := logLine.FindStringSubmatch(e.Output); found != nil {
			said.figure = found[1]
			r.say("      %s", said.figure)
		}
	}
	return said, lines.Err()
}
