package cmd

import (
	"io/fs"
	"math"
	"testing"
)

func TestGroupLimit(t *testing.T) {
	const none = math.MaxInt64
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"no groups", nil, none},
		{"version 2, at the root of a container", map[string]string{
			"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		{"version 2, the parent is tighter", map[string]string{
			"/proc/self/cgroup":                                       "0::/system.slice/dormouse.service\n",
			"/sys/fs/cgroup/system.slice/memory.max":                  "1073741824\n",
			"/sys/fs/cgroup/system.slice/dormouse.service/memory.max": "max\n"}, 1 << 30},
		{"version 2 without a limit", map[string]string{
			"/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/memory.max": "max\n"}, none},
		{"version 1", map[string]string{
			"/proc/self/cgroup": "5:cpu:/x\n4:memory:/docker/1\n",
			"/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "268435456\n",
			"/sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n"}, 256 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := func(path string) ([]byte, error) {
				if text, ok := c.files[path]; ok {
					return []byte(text), nil
				}
				return nil, fs.ErrNotExist
			}
			if got := groupLimit(read); got != c.want {
				t.Errorf("limit %d, want %d", got, c.want)
			}
		})
	}
}

func TestMemTotal(t *testing.T) {
	if got := memTotal("MemTotal:       24576000 kB\nMemFree: 1 kB\n"); got != 24576000<<10 {
		t.Errorf("got %d", got)
	}
	if got := memTotal("nonsense"); got != math.MaxInt64 {
		t.Errorf("got %d for nonsense", got)
	}
}
