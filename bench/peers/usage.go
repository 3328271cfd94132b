package peers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CPU is the processor time that the server has used since it started, with the processes that it had started when it
// said where it listens.
func (s *Server) CPU() (time.Duration, error) {
	all, err := cpuTime(s.PID())
	for _, pid := range s.children {
		if d, err := cpuTime(pid); err == nil { // it may have ended
			all += d
		}
	}
	return all, err
}

// descendants are the processes below one, in no order.
func descendants(pid int) (found []int) {
	below := map[int][]int{}
	processes, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, path := range processes {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// 12 (any name (of it)) S 3: the parent is the second word behind the name.
		_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ")
		words := strings.Fields(rest)
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(words) < 2 {
			continue
		}
		parent, _ := strconv.Atoi(words[1])
		below[parent] = append(below[parent], child)
	}
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		found, next = append(found, below[next[0]]...), append(next, below[next[0]]...)
	}
	return found
}

// Others is the processor time that the whole machine has used, without the server's and this process's. The
// kernel counts it in hundredths of a second.
func (s *Server) Others() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("peers: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	var all time.Duration
	for i, field := range strings.Fields(first) {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if busy := i >= 1 && i <= 8 && i != 4 && i != 5; busy && err == nil { // 4 and 5 are idle time
			all += time.Duration(ticks) * (time.Second / 100)
		}
	}
	server, err := s.CPU()
	if err != nil {
		return 0, err
	}
	own, err := cpuTime(os.Getpid())
	return all - server - own, err
}

// Descriptors is how many files and sockets the server has open, with its children's.
func (s *Server) Descriptors() (n int, err error) {
	for i, pid := range append([]int{s.PID()}, s.children...) {
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil && i == 0 { // a child may have ended
			return 0, fmt.Errorf("peers: descriptors of %s: %w", s.Peer.Name, err)
		}
		n += len(open)
	}
	return n, nil
}

// RSS is the server's resident memory in bytes, with its children's, counted page by page: the kernel's running count
// is off by some pages for each processor.
func (s *Server) RSS() (int64, error) {
	all, err := s.rss(s.PID())
	for _, pid := range s.children {
		if n, err := s.rss(pid); err == nil { // it may have ended
			all += n
		}
	}
	return all, err
}

// Resident is the kernel's running count of the same, in bytes: it costs a few microseconds, and is off by some pages.
func (s *Server) Resident() (int64, error) {
	var all int64
	for i, pid := range append([]int{s.PID()}, s.children...) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if words := strings.Fields(string(text)); err == nil && len(words) > 1 {
			var pages int64
			pages, err = strconv.ParseInt(words[1], 10, 64)
			all += pages * int64(os.Getpagesize())
		}
		if err != nil && i == 0 {
			return 0, fmt.Errorf("peers: memory of %s: %w", s.Peer.Name, err)
		}
	}
	return all, nil
}

func (s *Server) rss(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, fmt.Errorf("peers: memory of %s: %w", s.Peer.Name, err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Rss:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("peers: memory of %s: no Rss in smaps_rollup", s.Peer.Name)
}

// Counters are the numbers of the server's metrics page that have no labels, by name; none if it has no such page.
func (s *Server) Counters(ctx context.Context) (map[string]float64, error) {
	if s.Peer.counters != nil {
		return s.Peer.counters(ctx, s)
	}
	if s.Admin == "" {
		return nil, nil
	}
	text, err := s.admin(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	counters := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil && !strings.ContainsAny(name, "#{") {
			counters[name] = v
		}
	}
	return counters, nil
}

// Collect makes the server collect its garbage. One without an admin listener keeps it.
func (s *Server) Collect(ctx context.Context) error {
	if s.Peer.collect != nil {
		return s.Peer.collect(ctx, s)
	}
	if s.Admin == "" {
		return nil
	}
	_, err := s.HeapProfile(ctx)
	return err
}

// HeapProfile is a profile of what the server's heap holds after a collection, for go tool pprof.
func (s *Server) HeapProfile(ctx context.Context) ([]byte, error) {
	return s.admin(ctx, "/debug/pprof/heap?gc=1")
}

// Profile is a profile of the server's processor time over the next seconds, for go tool pprof.
func (s *Server) Profile(ctx context.Context, seconds int) ([]byte, error) {
	return s.admin(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", seconds))
}

func (s *Server) admin(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Admin+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("peers: %s of %s: %s", path, s.Peer.Name, resp.Status)
	}
	return body, err
}
