package scenario

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
	"time"

	"dormouse/bench/peers"
)

// Who opens connections wants to know where the time goes, and who holds them where the memory is.
func TestIdleConnectionsHaveProfiles(t *testing.T) {
	p, dir := built(t, peers.Plain)
	size := Size{Window: time.Second, Idle: 200}
	for _, size.Profile = range []bool{false, true} {
		sample, err := Measure(t.Context(), idleScenario.Cases(size)[0], p, peers.Cores{}, dir, size)
		if err != nil {
			t.Fatal(err)
		}
		if !size.Profile {
			if sample.Profiles != nil {
				t.Errorf("nobody asked for %d profiles", len(sample.Profiles))
			}
			continue
		}
		for kind, has := range map[string]string{cpuProfile: "nanoseconds", heapProfile: "inuse_space"} {
			z, err := gzip.NewReader(bytes.NewReader(sample.Profiles[kind]))
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			if text, err := io.ReadAll(z); err != nil || !bytes.Contains(text, []byte(has)) {
				t.Errorf("%s: no %q in %d bytes, %v", kind, has, len(text), err)
			}
		}
	}
}
