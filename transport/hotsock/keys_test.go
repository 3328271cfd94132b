package hotsock

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	first, second := strings.Repeat("a", 40), strings.Repeat("b", 32)
	sum := sha256.Sum256([]byte(second))
	var k Keys
	check := func(key string, want bool) {
		t.Helper()
		if k.Check(key) != want {
			t.Errorf("Check(%q) is %v", key, !want)
		}
	}
	check("", false)
	if err := k.Set(first, "sha256:"+strings.ToUpper(hex.EncodeToString(sum[:]))); err != nil {
		t.Fatal(err)
	}
	check(first, true)
	check(second, true)
	check("", false)
	check(first[1:], false)
	check(first+"a", false)
	check(hex.EncodeToString(sum[:]), false)
	check("sha256:"+hex.EncodeToString(sum[:]), false)

	err := k.Set(second, "short-secret", "sha256:00", "sha256:"+strings.Repeat("x", 64), "")
	if err == nil {
		t.Fatal("bad keys were taken")
	}
	for _, want := range []string{"API key 2 has 12 bytes, needs at least 32", "API key 3", "API key 4", "API key 5 has 0 bytes"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	if strings.Contains(err.Error(), "short-secret") || strings.Contains(err.Error(), "xxx") {
		t.Errorf("a key is in %q", err)
	}
	check(first, true) // as they were

	if err := k.Set(second); err != nil {
		t.Fatal(err)
	}
	check(first, false)
	check(second, true)
	if err := k.Set(); err != nil {
		t.Fatal(err)
	}
	check(second, false)
}
