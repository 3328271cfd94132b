package peers

import (
	"fmt"
	"os"
	"strings"
)

// Cores says which processors the server gets and which the load.
type Cores struct {
	Server, Load []int // empty: wherever the system puts them
}

// ChooseCores gives the server n of the processors that this process may use, and the load the next one. With
// fewer than n+1, or n 0, nothing is pinned.
func ChooseCores(n int) (Cores, error) {
	allowed, err := allowedCores()
	if err != nil {
		return Cores{}, fmt.Errorf("peers: %w", err)
	}
	if n <= 0 || len(allowed) <= n {
		return Cores{}, nil
	}
	return Cores{Server: allowed[:n], Load: allowed[n : n+1]}, nil
}

// PinLoad keeps this process's threads, and those they start, to the load's processors.
func (c Cores) PinLoad() error {
	if len(c.Load) == 0 {
		return nil
	}
	if err := pinProcess(c.Load); err != nil {
		return fmt.Errorf("peers: pin the load: %w", err)
	}
	return nil
}

func (c Cores) String() string {
	if len(c.Load) == 0 {
		return "not pinned"
	}
	if len(c.Server) == 1 {
		return "server on one processor, load on another"
	}
	return fmt.Sprintf("server on %d processors, load on another", len(c.Server))
}

// ProcessorModel is what the system calls its first processor; "" if it does not say.
func ProcessorModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return ""
}
