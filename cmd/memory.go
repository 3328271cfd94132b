package cmd

import (
	"math"
	"os"
	"strconv"
	"strings"
)

// memory is how many bytes of the machine's memory the process has, and how many it may have: what its control group
// allows, or all that there is. Both are 0 where the system does not tell.
func memory() (used, total uint64) { return memoryOf(os.ReadFile, os.Getpagesize()) }

func memoryOf(read func(string) ([]byte, error), page int) (used, total uint64) {
	text, err := read("/proc/self/statm")
	if err != nil {
		return 0, 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0, 0
	}
	machine := int64(math.MaxInt64)
	if text, err := read("/proc/meminfo"); err == nil {
		machine = memTotal(string(text))
	}
	if most := min(machine, groupLimit(read)); most < math.MaxInt64 {
		return pages * uint64(page), uint64(most)
	}
	return 0, 0
}
