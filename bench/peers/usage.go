package peers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// CPU is the processor time that the server has used since it started.
func (s *Server) CPU() (time.Duration, error) { return cpuTime(s.PID()) }

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

// RSS is the server's resident memory in bytes, counted page by page: the kernel's running count is off by
// some pages for each processor.
func (s *Server) RSS() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", s.PID()))
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

// Counters are the numbers of the server's metrics page that have no labels, by name.
func (s *Server) Counters(ctx context.Context) (map[string]float64, error) {
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

// Collect makes the server collect its garbage.
func (s *Server) Collect(ctx context.Context) error {
	_, err := s.admin(ctx, "/debug/pprof/heap?gc=1")
	return err
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
