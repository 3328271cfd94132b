package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dormouse/actors/channel"
)

// write puts text into a file of a new folder, closed to others.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	const file, env, flag = "file", "env", "flag"
	for _, c := range []struct {
		name              string
		file, env, flag   string // what each says of token.audience; "-": nothing
		want, where       string
		fileList, envList string // what each says of origins
		wantList          string
	}{
		{"the default, if nobody says anything", "-", "-", "-", "", "", "-", "-", ""},
		{"the file goes before the default", file, "-", "-", file, "dormouse.yaml:2", "[https://a, https://b]", "-", "https://a https://b"},
		{"a variable goes before the file", file, env, "-", env, "DORMOUSE_TOKEN_AUDIENCE", "[https://a, https://b]", "https://c", "https://c"},
		{"a flag goes before a variable", "-", env, flag, flag, "--token-audience", "-", "https://c,https://d", "https://c https://d"},
		{"a flag goes before all", file, env, flag, flag, "--token-audience", "-", "-", ""},
		{"an empty variable is none", file, "", "-", file, "dormouse.yaml:2", "[https://a]", "", "https://a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "token:\n"
			if c.file != "-" {
				text += "  audience: " + c.file + "\n"
			}
			if c.fileList != "-" {
				text += "origins: " + c.fileList + "\n"
			}
			s := sources{file: write(t, "dormouse.yaml", text), flags: map[string][]string{}}
			if c.env != "-" {
				s.env = append(s.env, "DORMOUSE_TOKEN_AUDIENCE="+c.env)
			}
			if c.envList != "-" {
				s.env = append(s.env, "DORMOUSE_ORIGINS="+c.envList)
			}
			if c.flag != "-" {
				s.flags["token.audience"] = []string{c.flag}
			}
			l := load(s)
			if err := l.faults.err(); err != nil {
				t.Fatal(err)
			}
			if got := l.Claims.Audience; got != c.want {
				t.Errorf("token.audience is %q, want %q", got, c.want)
			}
			where := l.where["token.audience"]
			if got := filepath.Base(where.String()); where != (place{}) && got != c.where {
				t.Errorf("it came from %q, want %q", got, c.where)
			}
			if got := strings.Join(l.WS.Origins, " "); got != c.wantList {
				t.Errorf("origins are %q, want %q", got, c.wantList)
			}
		})
	}
}

// Every setting can be given by file, by variable and by flag, and prints as what it reads. The printed value
// of a default, read back, is the default: so units and spellings agree.
func TestEverySettingReadsWhatItPrints(t *testing.T) {
	for _, s := range DefaultConfig().settings() {
		if _, hidden := s.value.(secretsValue); hidden {
			continue
		}
		text := s.value.yaml()
		path := write(t, "one.yaml", yamlOf(s.key, text))
		byFile := load(sources{file: path})
		byFlag := load(sources{flags: map[string][]string{s.key: {unquoted(text)}}})
		byEnv := load(sources{env: []string{envName(s.key) + "=" + unquoted(text)}})
		for source, l := range map[string]*loaded{"file": byFile, "flag": byFlag, "variable": byEnv} {
			if err := l.faults.err(); err != nil {
				t.Errorf("%s by %s: %v", s.key, source, err)
				continue
			}
			want := text
			if s.key == "data" && source == "file" {
				want = quote(filepath.Join(filepath.Dir(path), defaultData))
			}
			if got := l.asMap()[s.key]; got != want && text != "[]" && text != "{}" {
				t.Errorf("%s by %s: %s became %s", s.key, source, want, got)
			}
		}
	}
}

func yamlOf(key, text string) string {
	if section, name, nested := strings.Cut(key, "."); nested {
		return section + ":\n  " + name + ": " + text + "\n"
	}
	return key + ": " + text + "\n"
}

func unquoted(s string) string { return strings.Trim(s, `"`) }

// The commented file says what is true: with all its # taken away, it is the default configuration.
func TestPrintedDefaultsAreTheDefaults(t *testing.T) {
	var b bytes.Buffer
	printDefaults(&b)
	text := regexp.MustCompile(`(?m)^#`).ReplaceAllString(b.String(), "")
	text = regexp.MustCompile(`(?m)^ (Dormouse's|it\.|DORMOUSE_TOKEN|Relative).*$`).ReplaceAllString(text, "")
	path := write(t, "defaults.yaml", text)
	l := load(sources{file: path})
	if err := l.faults.err(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	l.Store.Dir = defaultData // a file's paths start at its folder
	want := (&loaded{Config: DefaultConfig()}).asMap()
	for key, got := range l.asMap() {
		if got != want[key] {
			t.Errorf("%s is %s, want %s", key, got, want[key])
		}
		if l.where[key] == (place{}) {
			t.Errorf("%s is not in the file", key)
		}
	}
	if strings.Contains(b.String(), "\t") {
		t.Error("YAML knows no tabs")
	}
}

func TestKeysHaveOneNameEach(t *testing.T) {
	keys, flags, envs := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range DefaultConfig().settings() {
		if keys[s.key] || flags[flagName(s.key)] || envs[envName(s.key)] {
			t.Errorf("%s is there twice, by key, flag or variable", s.key)
		}
		keys[s.key], flags[flagName(s.key)], envs[envName(s.key)] = true, true, true
		if s.help == "" || strings.HasSuffix(s.help, ".") {
			t.Errorf("%s: help is a sentence without its full stop: %q", s.key, s.help)
		}
	}
}

func TestValuesRefuseWhatTheyAreNot(t *testing.T) {
	for _, c := range []struct{ key, text, want string }{
		{"allow_plain", "maybe", "neither true nor false"},
		{"limits.connections", "1.5", "write a whole number"},
		{"limits.connections", "[1]", "wants one value, not a list"},
		{"limits.outbox_size", "1TB", "is no size"},
		{"limits.outbox_size", "99999999999GiB", "is no size"},
		{"limits.idle_after", "-1s", "is negative"},
		{"limits.idle_after", "{a: 1}", "wants one value, not keys"},
		{"limits.frame_rate", ".inf", "is no rate"},
		{"storage.read_only_at", "101%", "is no share"},
		{"durability.channels", "{a: sometimes}", "is none of sync, async, none"},
		{"durability.channels", "a", "has no =; write cursor.*=none"},
		{"durability.channels", "{a: [sync]}", "a wants one value"},
		{"presence.leave_grace.channels", "{a: 10}", "a: \"10\" has no unit"},
		{"presence.deltas.channels", "{a: sometimes}", "neither true nor false"},
		{"token.keys", "x", "write [{alg: ES256"},
		{"token.keys", "[{alg: HS256}]", "key is missing"},
		{"origins", "[{a: 1}]", "wants a list of words"},
		{"limits", "7", "wants keys below it: connections,"},
	} {
		l := load(sources{file: write(t, "x.yaml", yamlOf(c.key, c.text))})
		if err := l.faults.err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s gives %v, want %q", c.key, c.text, err, c.want)
		}
	}
}

func TestValuesReadManySpellings(t *testing.T) {
	l := load(sources{file: write(t, "x.yaml", `
limits: {outbox_size: 2mib, message_size: 65536, idle_after: 7d, frame_rate: 2.5, umd_size: 1 KiB}
storage: {read_only_at: 0.8}
durability: async
`)})
	if err := l.faults.err(); err != nil {
		t.Fatal(err)
	}
	if l.WS.OutboxBytes != 2<<20 || l.WS.MaxMessage != 65536 || l.Claims.Limits.UMDSize != 1024 {
		t.Errorf("sizes: %d, %d, %d", l.WS.OutboxBytes, l.WS.MaxMessage, l.Claims.Limits.UMDSize)
	}
	if l.Actors.IdleAfter != 7*24*time.Hour || l.Hotsock.FrameRate != 2.5 || l.Store.ReadOnlyAt != .8 {
		t.Errorf("others: %v, %v, %v", l.Actors.IdleAfter, l.Hotsock.FrameRate, l.Store.ReadOnlyAt)
	}
	if l.Durability != "async" {
		t.Errorf("durability: a word is the default's: %q", l.Durability)
	}
}

// Patterns are tried in the file's order, and the first that matches decides.
func TestDurabilityByPattern(t *testing.T) {
	l := load(sources{file: write(t, "x.yaml", "durability: {default: sync, channels: {'cursor.safe': sync, 'cursor.*': none}}")})
	c, _ := l.validate(forServe)
	for name, want := range map[string]string{"cursor.1": "none", "cursor.safe": "sync", "game": "sync"} {
		if got := c.durability(address(name)).String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestBoundsAreSomething(t *testing.T) {
	l := load(sources{file: write(t, "x.yaml", "limits: {schedules: 0, schedule_rate: 0.5, schedule_burst: 1, tails: 0, channel_tails: 1, tail_rate: 0, tail_queue: 0, tail_time: 0s}")})
	_, faults := l.validate(forServe)
	var keys []string
	for _, f := range faults {
		if strings.Contains(f.Message, "is 0: ") {
			keys = append(keys, f.Key)
		}
	}
	slices.Sort(keys)
	if want := []string{"limits.schedules", "limits.tail_queue", "limits.tail_rate", "limits.tail_time", "limits.tails"}; !slices.Equal(keys, want) {
		t.Errorf("%v are 0, not %v", keys, want)
	}
}

func TestPresenceByPattern(t *testing.T) {
	l := load(sources{file: write(t, "x.yaml", "presence: {leave_grace: 5s, deltas: {channels: {'presence.hall.*': true}}}")})
	if err := l.faults.err(); err != nil {
		t.Fatal(err)
	}
	l.ChannelGrace = []patternWord{{"presence.game.*", "30s"}, {"presence.hall.*", "0s"}}
	c, _ := l.validate(forServe)
	for name, want := range map[string]channel.Options{
		"presence.game.1": {LeaveGrace: 30 * time.Second},
		"presence.hall.1": {MemberDeltas: true},
		"presence.r":      {LeaveGrace: 5 * time.Second},
	} {
		got := c.Actors.Channel
		c.Actors.TuneChannel(address(name), &got)
		if got.LeaveGrace != want.LeaveGrace || got.MemberDeltas != want.MemberDeltas {
			t.Errorf("%s has %v %v", name, got.LeaveGrace, got.MemberDeltas)
		}
	}
	l = load(sources{env: []string{"DORMOUSE_PRESENCE_LEAVE_GRACE_CHANNELS=#regex:[=30s"}})
	if _, faults := l.validate(forServe); !strings.Contains(faults.err().Error(), "presence.leave_grace.channels") {
		t.Error(faults)
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"listn", "listen"}, {"lisetn", "listen"}, {"Listen", "listen"}, {"tokens", "token"},
		{"durabilty", "durability"}, {"xyz", ""}, {"", ""},
	} {
		if got := suggest(c.word, []string{"listen", "token", "durability", "data"}); got != c.want {
			t.Errorf("suggest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}
