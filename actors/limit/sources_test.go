package limit_test

import (
	"fmt"
	"testing"
	"time"

	"dormouse/actors/limit"
)

// Each address has a bucket of its own, and all customers of one are one.
func TestSources(t *testing.T) {
	forgot := 0
	l := limit.NewSources(1, 2, func() { forgot++ })
	at := time.Unix(1_700_000_000, 0)
	for _, step := range []struct {
		ip   string
		want bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", true}, {"192.0.2.1", false}, {"::ffff:192.0.2.1", false}, {"192.0.2.2", true},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3%eth0", false}, {"2001:db8:0:1::1", true},
		{"a proxy's word", true}, {"a proxy's word", true}, {"a proxy's word", false},
	} {
		if got := l.Take(step.ip, at); got != step.want {
			t.Errorf("%s: %v", step.ip, got)
		}
	}
	if !l.Take("192.0.2.1", at.Add(time.Second)) {
		t.Error("a second later, and still refused")
	}
	for i := range limit.DefaultMaxKeys {
		l.Take(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), at)
	}
	if forgot != 1 {
		t.Errorf("all sources were forgotten %d times, want 1", forgot)
	}
	var none *limit.Sources
	if none = limit.NewSources(0, 1, nil); none != nil || !none.Take("192.0.2.1", at) || !none.Take("192.0.2.1", at) {
		t.Error("without a limit somebody is refused")
	}
}
