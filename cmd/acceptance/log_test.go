package acceptance

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// A logBuffer keeps what a process prints.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	line func(line string) // called for every whole line; nil: nobody cares
	rest []byte
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	if b.line == nil {
		return len(p), nil
	}
	b.rest = append(b.rest, p...)
	for {
		line, rest, whole := bytes.Cut(b.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		b.line(string(line))
		b.rest = rest
	}
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// tail returns the last n lines.
func (b *logBuffer) tail(n int) string {
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// A transcript is what was said in one test, in order, shown if the test fails.
type transcript struct {
	began time.Time

	mu    sync.Mutex
	lines []string
	lost  int
}

const (
	transcriptLines = 400
	transcriptWidth = 600
)

func newTranscript(t testing.TB) *transcript {
	tr := &transcript{began: time.Now()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the transcript:\n%s", tr)
		}
	})
	return tr
}

// add appends one line.
func (tr *transcript) add(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if len(line) > transcriptWidth {
		line = fmt.Sprintf("%s … (%d bytes)", line[:transcriptWidth], len(line))
	}
	line = fmt.Sprintf("%8.3f  %s", time.Since(tr.began).Seconds(), line)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.lines) == transcriptLines {
		copy(tr.lines, tr.lines[1:])
		tr.lines = tr.lines[:transcriptLines-1]
		tr.lost++
	}
	tr.lines = append(tr.lines, line)
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	text := strings.Join(tr.lines, "\n")
	if tr.lost > 0 {
		text = fmt.Sprintf("          (%d lines before)\n%s", tr.lost, text)
	}
	return text
}
