package cmd

import (
	"io/fs"
	"testing"
)

// What the process has and may have comes from the system's files, and is 0 of 0 where they are not there or strange.
func TestMemory(t *testing.T) {
	files := map[string]string{
		"/proc/self/statm":  "90000 1000 300 1 0 500 0\n",
		"/proc/meminfo":     "MemTotal:       8000 kB\n",
		"/proc/self/cgroup": "0::/box\n",
	}
	read := func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
	check := func(wantUsed, wantTotal uint64) {
		t.Helper()
		if used, total := memoryOf(read, 4096); used != wantUsed || total != wantTotal {
			t.Errorf("%d of %d, want %d of %d", used, total, wantUsed, wantTotal)
		}
	}
	check(1000*4096, 8000<<10)
	files["/sys/fs/cgroup/box/memory.max"] = "6000000\n"
	check(1000*4096, 6000000)
	for _, strange := range []string{"", "1", "1 x"} {
		files["/proc/self/statm"] = strange
		check(0, 0)
	}
	delete(files, "/proc/self/statm")
	check(0, 0)
	if used, total := memory(); used == 0 && total != 0 || used > total {
		t.Errorf("here: %d of %d", used, total)
	}
}
