package claims

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPatternMatches(t *testing.T) {
	for _, tt := range []struct {
		rule, key, name string
		want            bool
	}{
		{"an exact key matches itself", "a.b", "a.b", true},
		{"an exact key matches no more", "a.b", "a.bc", false},
		{"an exact key has exact case", "a", "A", false},
		{"bytes are compared, not letters", "é", "e\u0301", false},
		{"a star matches nothing", "a*", "a", true},
		{"a star matches dots", "room.*", "room.a.b", true},
		{"a prefix needs its dot", "acct.7.*", "acct.7", false},
		{"a prefix is at the start", "acct.7.*", "x.acct.7.y", false},
		{"a suffix is at the end", "*.log", "a.log.b", false},
		{"a star alone matches all", "*", "anything at all", true},
		{"a star alone matches the empty name", "*", "", true},
		{"two stars in a row are one", "a**b", "ab", true},
		{"prefix and suffix do not overlap", "aba*aba", "ababa", false},
		{"the middle is found", "a*b*c", "axxbyyc", true},
		{"the middle is not the end", "a*b*b", "ab", false},
		{"parts keep their order", "*a*b*", "ba", false},
		{"a late match is enough", "*ab*ab", "abxxabab", true},
		{"a star matches code points whole", "é*é", "ééé", true},
		{"an expression is searched anywhere", "#regex:b+", "abbc", true},
		{"an expression with ^ and $ is anchored", "#regex:^team-[0-9]{1,4}$", "team-12345", false},
		{"an expression may match within bounds", "#regex:^team-[0-9]{1,4}$", "team-12", true},
		{"a star in an expression is its own", "#regex:^a*$", "aaa", true},
		{"an expression keeps letter case", "#regex:^a$", "A", false},
		{"an expression may fold it", "#regex:(?i)^a$", "A", true},
		{"an unclosed quotation reaches the end", `#regex:\Qa.b`, "xa.b", true},
		{"nothing matches beyond all names", "*", strings.Repeat("a", maxNameSize+1), false},
		{"no expression does either", "#regex:a", strings.Repeat("a", maxNameSize+1), false},
		{"the longest name is matched", "*", strings.Repeat("😀", 256), true},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			p, err := ParsePattern(tt.key)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match(tt.name); got != tt.want {
				t.Errorf("%q on %q is %v", tt.key, tt.name, got)
			}
			if p.String() != tt.key || p.IsExact() != (!strings.Contains(tt.key, "*") && !strings.HasPrefix(tt.key, "#")) {
				t.Errorf("%q, exact %v", p, p.IsExact())
			}
		})
	}
}

func TestParsePatternRefuses(t *testing.T) {
	for rule, key := range map[string]string{
		"an expression that does not compile":       "#regex:(",
		"an expression with a look-ahead":           "#regex:a(?=b)",
		"an empty expression":                       "#regex:",
		"an expression of 257 bytes":                "#regex:" + strings.Repeat("a", 257),
		"a hash without regex":                      "#rooms",
		"a hash alone":                              "#",
		"regex in other case":                       "#Regex:a",
		"a key over 1 KiB":                          strings.Repeat("a", 1025),
		"a thousand copies of a thousand":           "#regex:(a{1000}){1000}",
		"a folded class that is dear":               "#regex:(?i)[" + strings.Repeat("b-\U0001e942", 5) + "]",
		"many Unicode classes":                      "#regex:" + strings.Repeat(`\pL`, 80),
		"an anchored Unicode class, repeated a lot": `#regex:^\pL{1000}$`,
		"instructions without end":                  `#regex:(a?b?c?){1000}`,
	} {
		if _, err := ParsePattern(key); err == nil {
			t.Errorf("%s was taken", rule)
		}
	}
	for rule, key := range map[string]string{
		"a key of 1 KiB":                strings.Repeat("a", 1024),
		"an expression of 256 bytes":    "#regex:" + strings.Repeat("a", 256),
		"letters and digits, 64":        `#regex:^[\p{L}\p{N}_-]{1,64}$`,
		"a folded word":                 `#regex:(?i)^équipe-[a-z0-9-]{1,32}$`,
		"folded letters beyond ASCII":   `#regex:(?i)^[a-zà-ÿ]+-[a-zà-ÿ]+$`,
		"a UUID":                        `#regex:^user\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`,
		"names with spaces never match": "a b",
		"the empty key never matches":   "",
	} {
		if _, err := ParsePattern(key); err != nil {
			t.Errorf("%s was refused: %v", rule, err)
		}
	}
}

func TestPatternsAreOrderedBySpecificity(t *testing.T) {
	want := []string{"a", "b", "room.x", "room.*x", "*.room", "room.*", "*é*", "*", "**", "#regex:a", "#regex:room.x"}
	var patterns []Pattern
	for _, key := range want {
		patterns = append(patterns, must(ParsePattern(key)))
	}
	for range 20 {
		rand.Shuffle(len(patterns), func(i, j int) { patterns[i], patterns[j] = patterns[j], patterns[i] })
		slices.SortFunc(patterns, Pattern.Compare)
		for i, p := range patterns {
			if p.String() != want[i] {
				t.Fatalf("at %d is %q, want %q", i, p, want[i])
			}
		}
	}
}

// naive is the definition of a wildcard, character by character; slow and plain.
func naive(pattern, name []rune) bool {
	// reach[j]: the pattern so far matches name[:j].
	reach := make([]bool, len(name)+1)
	reach[0] = true
	for _, p := range pattern {
		next := make([]bool, len(name)+1)
		for j := range reach {
			if !reach[j] {
				continue
			}
			if p != '*' {
				if j < len(name) && name[j] == p {
					next[j+1] = true
				}
				continue
			}
			for k := j; k <= len(name); k++ {
				next[k] = true
			}
		}
		reach = next
	}
	return reach[len(name)]
}

func TestWildcardsMatchAsDefined(t *testing.T) {
	alphabet := rapid.SampledFrom([]rune("ab.é"))
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune("ab.é***")), 0, 12, -1).Draw(t, "pattern")
		name := rapid.StringOfN(alphabet, 0, 16, -1).Draw(t, "name")
		p, err := ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.Match(name), naive([]rune(pattern), []rune(name)); got != want {
			t.Fatalf("%q on %q is %v", pattern, name, got)
		}
	})
}

// The definition again, by an independent engine.
func TestWildcardsMatchAsExpressions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune("ab.*")), 1, 12, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab.")), 0, 16, -1).Draw(t, "name")
		expression := "^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$"
		if got, want := must(ParsePattern(pattern)).Match(name), regexp.MustCompile(expression).MatchString(name); got != want {
			t.Fatalf("%q on %q is %v", pattern, name, got)
		}
	})
}

// A matcher that goes back tries this one for seconds.
func TestWildcardsTakeLinearTime(t *testing.T) {
	p := must(ParsePattern(strings.Repeat("*a", 500) + "b"))
	name := strings.Repeat("a", maxNameSize)
	start := time.Now()
	for range 100 {
		if p.Match(name) {
			t.Fatal("matched")
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("100 trials took %s", took)
	}
}

func FuzzWildcard(f *testing.F) {
	f.Add("room.*", "room.a.b")
	f.Add("*a*b*", "xxaxxbxx")
	f.Add("**", "")
	f.Add("é*\xff", "é\xff\xff")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 64 || len(name) > 128 || strings.HasPrefix(pattern, "#") {
			return
		}
		// Bytes as characters: the definition must hold for text that is not UTF-8 too.
		bytesOf := func(s string) (r []rune) {
			for i := range len(s) {
				r = append(r, rune(s[i]))
			}
			return r
		}
		if got, want := must(ParsePattern(pattern)).Match(name), naive(bytesOf(pattern), bytesOf(name)); got != want {
			t.Errorf("%q on %q is %v", pattern, name, got)
		}
	})
}

// Whatever the source, it is refused or it behaves as the bare library does, and stays in its weight.
func FuzzRegex(f *testing.F) {
	f.Add(`^team-[0-9]{1,4}$`, "team-7")
	f.Add(`(?i)[b-\x{1e942}]`, "é")
	f.Add(`\Qa`, "a")
	f.Add(`((a{10}){10}){10}`, "aaa")
	f.Fuzz(func(t *testing.T, source, name string) {
		start := time.Now()
		p, err := ParsePattern(regexPrefix + source)
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("took %s", took)
		}
		if err != nil || len(name) > maxNameSize {
			return
		}
		if got, want := p.Match(name), regexp.MustCompile(source).MatchString(name); got != want {
			t.Errorf("%q on %q is %v", source, name, got)
		}
	})
}
