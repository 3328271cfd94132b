package cmd

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// tuning is what the Go runtime is told, and why.
type tuning struct {
	MemoryLimit int64 // bytes
	GCPercent   int
	HeapFloor   uint64 // bytes; zero: whoever set GCPercent meant it
	Procs       int
	From        string // where the memory limit comes from
}

// tune fits the Go runtime to the machine. memoryLimit and gcPercent are the configured ones, zero for
// "choose". GOMEMLIMIT, GOGC and GOMAXPROCS in the environment go before all of this: whoever set them knew.
//
// The collector's soft limit is nine tenths of what the control group allows, or four fifths of the
// machine's memory, which others use too: Go's heap is most but not all of what the process takes. With
// such a limit in place the heap may grow more between collections, so GOGC is 200 when there is room for
// that: the steady work of a server like this makes little garbage and a large live heap. A small one may
// grow to heapFloor, or an eighth of the limit, first.
//
// At least two Ps: with one, a goroutine in fsync holds the only one, and grouped commits fall to a tenth.
func tune(memoryLimit int64, gcPercent int) tuning {
	t := tuning{MemoryLimit: memoryLimit, GCPercent: gcPercent, From: "configuration"}
	if os.Getenv("GOMEMLIMIT") != "" {
		t.MemoryLimit, t.From = debug.SetMemoryLimit(-1), "GOMEMLIMIT"
	} else {
		if t.MemoryLimit == 0 {
			t.MemoryLimit, t.From = machineMemory()
		}
		debug.SetMemoryLimit(t.MemoryLimit)
	}
	if os.Getenv("GOGC") == "" {
		if t.GCPercent == 0 {
			t.GCPercent = 100
			if t.MemoryLimit >= 1<<30 && t.MemoryLimit < math.MaxInt64 {
				t.GCPercent = 200
			}
			t.HeapFloor = uint64(min(heapFloor, t.MemoryLimit/8))
		}
		debug.SetGCPercent(t.GCPercent)
	} else {
		t.GCPercent = debug.SetGCPercent(100)
		debug.SetGCPercent(t.GCPercent)
	}
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < 2 {
		runtime.GOMAXPROCS(2)
	}
	t.Procs = runtime.GOMAXPROCS(0)
	return t
}

// machineMemory is the memory that the heap should stay below, and what said so.
func machineMemory() (limit int64, from string) {
	machine := int64(math.MaxInt64)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		machine = memTotal(string(text))
	}
	if group := groupLimit(os.ReadFile); group < machine {
		return group / 10 * 9, "control group"
	}
	if machine == math.MaxInt64 {
		return machine, "no limit known"
	}
	return machine / 5 * 4, "machine"
}

// memTotal reads MemTotal of /proc/meminfo, in bytes; MaxInt64 if it is not there.
func memTotal(meminfo string) int64 {
	for line := range strings.Lines(meminfo) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			fields := strings.Fields(rest)
			if len(fields) == 2 && fields[1] == "kB" {
				if n, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
					return n << 10
				}
			}
		}
	}
	return math.MaxInt64
}

// groupLimit is the least memory limit of this process's control groups, version 2 or 1, from its own
// group up to the root; MaxInt64 if there is none.
func groupLimit(read func(string) ([]byte, error)) int64 {
	limit := int64(math.MaxInt64)
	lower := func(path string) {
		text, err := read(path)
		if err != nil {
			return
		}
		// "max", and version 1's number near 2^63, mean none
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < 1<<60 {
			limit = min(limit, n)
		}
	}
	own, _ := read("/proc/self/cgroup")
	for line := range strings.Lines(string(own)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, file := "/sys/fs/cgroup", "memory.max"
		if parts[0] != "0" {
			if parts[1] != "memory" {
				continue
			}
			base, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		for group := parts[2]; ; group = group[:strings.LastIndexByte(group, '/')] {
			lower(base + strings.TrimSuffix(group, "/") + "/" + file)
			if !strings.Contains(group, "/") {
				break
			}
		}
	}
	return limit
}
