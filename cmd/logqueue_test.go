package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A gated writer takes what it is given when the test lets it, or refuses it.
type gated struct {
	let chan struct{} // one for each Write; closed: all

	mu      sync.Mutex
	got     bytes.Buffer
	refuses bool
}

func (g *gated) Write(p []byte) (int, error) {
	<-g.let
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuses {
		return 0, errors.New("the disk is full")
	}
	return g.got.Write(p)
}

// read returns what came since the last call, in one line.
func (g *gated) read() string {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.got.Reset()
	return strings.Join(strings.Fields(g.got.String()), " ")
}

func gatedQueue(size int) (*gated, *logQueue) {
	g := &gated{let: make(chan struct{})}
	return g, newLogQueue(g, size, func(lines uint64) []byte { return fmt.Appendf(nil, "-%d\n", lines) })
}

// say writes lines of two bytes, a to z.
func say(q *logQueue, lines string) {
	synctest.Wait() // so that what can be written was taken
	for _, line := range lines {
		fmt.Fprintf(q, "%c\n", line)
	}
}

func TestALogThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, q := gatedQueue(8)
		say(q, "a")
		say(q, "bcdef") // e is the last that has room
		if n := q.lost.Load(); n != 1 {
			t.Errorf("%d lines were lost", n)
		}
		fmt.Fprint(q, "g\nh\n")
		g.let <- struct{}{}
		if got := g.read(); got != "a" {
			t.Errorf("got %q", got)
		}
		say(q, "i") // room again, behind the gap
		close(g.let)
		if got, want := g.read(), "b c d e -3 i"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		say(q, "j")
		if got := g.read(); got != "j" || q.lost.Load() != 3 {
			t.Errorf("got %q, %d lost", got, q.lost.Load())
		}
		fmt.Fprint(q, "longer than all of it\n")
		if got := g.read(); got != "-1" {
			t.Errorf("got %q", got)
		}
		q.close()
	})
}

// A gap has one place: a short line that would still have room does not slip in before it.
func TestNoLineStandsBeforeItsGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, q := gatedQueue(8)
		say(q, "a")
		synctest.Wait()
		fmt.Fprint(q, "bbbb\n")
		fmt.Fprint(q, "cccc\n")
		say(q, "d")
		close(g.let)
		if got, want := g.read(), "a bbbb -2"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		q.close()
	})
}

// What cannot be written is told of as soon as something can.
func TestALogThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, q := gatedQueue(8)
		close(g.let)
		g.refuses = true
		say(q, "a")
		say(q, "b")
		if got := g.read(); got != "" {
			t.Errorf("got %q, %d lost", got, q.lost.Load())
		}
		g.mu.Lock()
		g.refuses = false
		g.mu.Unlock()
		say(q, "c")
		if got, want := g.read(), "-1 b c"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if n := q.lost.Load(); n != 1 {
			t.Errorf("%d were lost", n)
		}
		q.close()
	})
}

func TestTheEndWaitsAMomentForTheLog(t *testing.T) {
	for _, c := range []struct {
		name         string
		takes, waits time.Duration
		lines        string
	}{
		{"slow", 10 * time.Millisecond, 10 * time.Millisecond, "a b"},
		{"stuck", time.Hour, logEnds, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			g, q := gatedQueue(8)
			say(q, "a")
			say(q, "b")
			time.AfterFunc(c.takes, func() { close(g.let) })
			began := time.Now()
			q.close()
			if took := time.Since(began); took != c.waits {
				t.Errorf("%s: the end took %v, want %v", c.name, took, c.waits)
			}
			if got := g.read(); got != c.lines {
				t.Errorf("%s: got %q, want %q", c.name, got, c.lines)
			}
			q.close()
			say(q, "c")
			if q.lost.Load() != 1 {
				t.Errorf("%s: a line after the end is not counted", c.name)
			}
			<-g.let
		})
	}
}
