package acceptance

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// A build is the program, as made from the checkout.
type build struct {
	tags string // "" for the right one
	once sync.Once
	path string
	err  error
}

var (
	// program is what people get.
	program = &build{}
	// baitAckBeforeCommit says yes before it has written anything. What does not catch it proves nothing.
	baitAckBeforeCommit = &build{tags: "bait_ack_before_commit"}
	// baitSettleBeforeSending takes an event out of the outbox when it is sent, and not when it has arrived.
	baitSettleBeforeSending = &build{tags: "bait_settle_before_sending"}
	// baitPanic panics at every command to a channel whose name begins with "panic.".
	baitPanic = &build{tags: "bait_panic"}
)

var builds struct {
	sync.Mutex
	dir string
}

// binary builds b, once for all tests, and returns its path.
func (b *build) binary() (string, error) {
	b.once.Do(func() { b.path, b.err = b.make() })
	return b.path, b.err
}

func (b *build) make() (string, error) {
	dir, err := buildsDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dormouse"+b.tags)
	args := []string{"build", "-o", path}
	if raceDetector {
		args = append(args, "-race")
	}
	if b.tags != "" {
		args = append(args, "-tags", b.tags)
	}
	args = append(args, "dormouse/cmd/dormouse")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %v: %w\n%s", args, err, out)
	}
	return path, nil
}

func buildsDir() (string, error) {
	builds.Lock()
	defer builds.Unlock()
	var err error
	if builds.dir == "" {
		builds.dir, err = os.MkdirTemp("", "dormouse-acceptance-")
	}
	return builds.dir, err
}

func removeBuilds() error {
	builds.Lock()
	defer builds.Unlock()
	if builds.dir == "" {
		return nil
	}
	return os.RemoveAll(builds.dir)
}

// outcome is how a run of the program ended that was expected to end by itself.
type outcome struct {
	code           int
	stdout, stderr string
}

// run runs the program to its end.
func run(t *testing.T, args ...string) outcome {
	t.Helper()
	path, err := program.binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = environment()
	var stdout, stderr logBuffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
