package peers

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Read is how many bytes the server has read since it started, from files and from connections, whether or not
// they came from a disk.
func (s *Server) Read() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.PID()))
	if err != nil {
		return 0, fmt.Errorf("peers: what %s reads: %w", s.Peer.Name, err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "rchar:"); ok {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, fmt.Errorf("peers: what %s reads: no rchar", s.Peer.Name)
}
