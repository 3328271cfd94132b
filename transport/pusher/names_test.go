package pusher

import (
	"strings"
	"testing"
)

func TestKindOf(t *testing.T) {
	for name, want := range map[string]string{
		"presence-cache-x":          "presence-cache-",
		"presence-x":                "presence-",
		"presence-cache":            "presence-",
		"private-encrypted-cache-x": "private-encrypted-cache-",
		"private-encrypted-x":       "private-encrypted-",
		"private-cache-x":           "private-cache-",
		"private-x":                 "private-",
		"private-cach":              "private-",
		"cache-x":                   "cache-",
		"#server-to-user-9":         "#server-to-user-",
		"room":                      "",
		"my-private-thing":          "",
		"my-cache-thing":            "",
		"Private-x":                 "",
		"private":                   "",
	} {
		if got := kindOf(name).prefix; got != want {
			t.Errorf("%s is of the kind %q, want %q", name, got, want)
		}
		if kindOf(name).members != hasMembers(name) {
			t.Errorf("%s has members or not", name)
		}
	}
}

// TestKindsAreOrdered: a prefix of another one stands after it.
func TestKindsAreOrdered(t *testing.T) {
	for i, k := range channelKinds {
		for _, later := range channelKinds[i+1:] {
			if strings.HasPrefix(later.prefix, k.prefix) {
				t.Errorf("%q hides %q", k.prefix, later.prefix)
			}
		}
	}
	if last := channelKinds[len(channelKinds)-1]; last != (channelKind{}) {
		t.Errorf("the last kind is %+v", last)
	}
}

func TestIsChannelName(t *testing.T) {
	for name, want := range map[string]bool{
		"room":                    true,
		"a-Z_0=9@x,y.z;":          true,
		"":                        false,
		"bad channel!":            false,
		"grün":                    false,
		"a/b":                     false,
		"#room":                   false,
		"a#b":                     false,
		"#server-to-user-":        false,
		"#server-to-user-9":       true,
		"#server-to-user-a b":     false,
		"##server-to-user-9":      false,
		"a\x00":                   false,
		"a\n":                     false,
		strings.Repeat("x", 5000): true,
	} {
		if got := isChannelName(name); got != want {
			t.Errorf("isChannelName(%.40q) = %v", name, got)
		}
	}
}

func TestUTF16Length(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "grün": 4, "€": 1, "🐭": 2, "a🐭b": 4} {
		if got := utf16Length(s); got != want {
			t.Errorf("utf16Length(%q) = %d, want %d", s, got, want)
		}
		if longerThan(s, want) || want > 0 && !longerThan(s, want-1) {
			t.Errorf("longerThan(%q)", s)
		}
	}
}

func TestSocketIDs(t *testing.T) {
	seed := byte(0)
	random := func(p []byte) {
		for i := range p {
			seed += 7
			p[i] = seed
		}
	}
	if a, b := newSocketID(random), newSocketID(random); !isSocketID(a) || !isSocketID(b) || a == b || len(a) > 21 {
		t.Errorf("ids %q and %q", a, b)
	}
	if id := newSocketID(func(p []byte) { clear(p) }); id != "0.0" {
		t.Errorf("id %q of nothing", id)
	}
	for id, want := range map[string]bool{
		"7700718564.9959326996": true, "1.2": true,
		"": false, ".": false, "1.": false, ".2": false, "12": false, "1.2.3": false, "1.2\n": false, "-1.2": false,
		strings.Repeat("1", 64) + ".1": false,
	} {
		if got := isSocketID(id); got != want {
			t.Errorf("isSocketID(%q) = %v", id, got)
		}
	}
}
