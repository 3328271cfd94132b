package claims

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		rule  string
		check func(string) error
		name  string
		says  string // "" if the name is legal
	}{
		{"a channel is not empty", CheckChannel, "", "empty"},
		{"a channel of 256 characters", CheckChannel, strings.Repeat("é", 256), ""},
		{"a channel of 257 characters", CheckChannel, strings.Repeat("a", 257), "256 characters"},
		{"a channel of a megabyte", CheckChannel, strings.Repeat("a", 1<<20), "256 characters"},
		{"a channel with a space", CheckChannel, "a b", "white space"},
		{"a channel with a line break", CheckChannel, "a\nb", "white space"},
		{"a channel with a no-break space", CheckChannel, "a\u00a0b", "white space"},
		{"a channel with a comma", CheckChannel, "a,b", "','"},
		{"a channel with a star", CheckChannel, "a*", "'*'"},
		{"a channel with a hash", CheckChannel, "a#", "'#'"},
		{"a channel that is not UTF-8", CheckChannel, "a\xff", "UTF-8"},
		{"a channel with slashes and dots", CheckChannel, "presence.a/b:c%2F", ""},
		{"an event of 128 characters", CheckEvent, strings.Repeat("😀", 128), ""},
		{"an event of 129 characters", CheckEvent, strings.Repeat("a", 129), "128 characters"},
		{"an event is not empty", CheckEvent, "", "empty"},
		{"an event with a star", CheckEvent, "a*b", "'*'"},
		{"an event that starts with a hash", CheckEvent, "#e", "start with '#'"},
		{"an event with a hash inside", CheckEvent, "a#b", ""},
		{"an event with spaces and commas", CheckEvent, "a b, c", ""},
		{"an event of the system", CheckEvent, "hotsock.x", "hotsock."},
		{"an event that nearly is of the system", CheckEvent, "hotsockx", ""},
		{"any event may be named", CheckEventName, "hotsock.messageReaction", ""},
		{"a storage key is not empty", CheckStorageKey, "", "empty"},
		{"a storage key of 128 characters", CheckStorageKey, strings.Repeat("k", 128), ""},
		{"a storage key of 129 characters", CheckStorageKey, strings.Repeat("k", 129), "128 characters"},
		{"a storage key that is blank", CheckStorageKey, " ", "white space"},
		{"a storage key with a star", CheckStorageKey, "k*", "'*'"},
		{"a storage key with a hash", CheckStorageKey, "k#", "'#'"},
		{"a storage key with a comma", CheckStorageKey, "k,l", "','"},
		{"a reaction", CheckReaction, "👍", ""},
		{"a reaction of 100 bytes", CheckReaction, strings.Repeat("é", 50), ""},
		{"a reaction of 101 bytes", CheckReaction, strings.Repeat("é", 50) + "!", "100 bytes"},
		{"a reaction that is blank", CheckReaction, " \t", "blank"},
		{"a reaction with a hash", CheckReaction, "#1", "'#'"},
		{"a reaction that is not UTF-8", CheckReaction, "\xff", "UTF-8"},
		{"an app", CheckApp, DefaultAppID, ""},
		{"an app is not empty", CheckApp, "", "1 to 64"},
		{"an app of 65 characters", CheckApp, strings.Repeat("a", 65), "1 to 64"},
		{"an app with a slash", CheckApp, "a/b", "consists of"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			err := tt.check(tt.name)
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
	if !IsPresence("presence.r") || IsPresence("presence") || IsPresence("xpresence.r") || IsPresence("Presence.r") {
		t.Error("IsPresence is wrong")
	}
}
