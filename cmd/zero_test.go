package cmd

import (
	"strings"
	"testing"
)

// TestZeroIsNeverADefaultInSilence: whoever sets a bound to 0 either has none then, as the help says, or is told that
// it cannot be 0. To the packages 0 is their default, which nobody who writes a file can know.
func TestZeroIsNeverADefaultInSilence(t *testing.T) {
	zeros := map[string]string{"count": "0", "size": "0", "duration": "0s", "per second": "0", "share": "0%"}
	seen := 0
	for _, s := range DefaultConfig().settings() {
		zero, ok := zeros[s.value.unit()]
		if !ok || s.value.yaml() == zero {
			continue
		}
		seen++
		l := load(sources{flags: map[string][]string{s.key: {zero}}})
		_, faults := l.validate(forServe)
		refused := false
		for _, f := range faults {
			refused = refused || f.Key == s.key
		}
		if says := strings.Contains(s.help, "; 0: "); says == refused {
			t.Errorf("%s: 0 is refused: %v, and the help says what it means: %v", s.key, refused, says)
		}
	}
	if seen < 20 {
		t.Errorf("%d settings have a default, which cannot be", seen)
	}
}
