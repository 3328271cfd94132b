package cmd

import (
	"testing"
)

// Each limit of the mode, in both modes, and set by each of the places that go before it.
func TestStrictLimits(t *testing.T) {
	own := map[string]string{ // what Dormouse has of its own
		"limits.connection_age": "24h", "limits.connection_age_spread": "5%", "limits.idle_timeout": "0s", "limits.frame_size": "0", "limits.message_size": "320KiB",
		"limits.url_size": "66KiB", "limits.data_size": "256KiB", "limits.history_page_size": "4MiB", "storage.notify_expiry": "false",
	}
	set := map[string]string{ // what somebody sets
		"limits.connection_age": "3h", "limits.connection_age_spread": "10%", "limits.idle_timeout": "1m", "limits.frame_size": "1KiB", "limits.message_size": "1MiB",
		"limits.url_size": "5000", "limits.data_size": "64KiB", "limits.history_page_size": "2MiB", "storage.notify_expiry": "true",
	}
	strict := load(sources{flags: map[string][]string{"mode": {strictAWS}}})
	relaxed := load(sources{flags: map[string][]string{"mode": {compat}}})
	for _, limit := range strictLimits {
		is := formatted(t, limit.key, limit.is)
		if got, where := strict.asMap()[limit.key], strict.where[limit.key].String(); got != is || where != "mode strict-aws" {
			t.Errorf("strict: %s is %s from %q, want %s", limit.key, got, where, is)
		}
		if got, where := relaxed.asMap()[limit.key], relaxed.where[limit.key]; got != own[limit.key] || where != (place{}) {
			t.Errorf("compat: %s is %s from %v, want %s", limit.key, got, where, own[limit.key])
		}
		for source, s := range map[string]sources{
			"file":     {file: write(t, "x.yaml", "mode: strict-aws\n"+yamlOf(limit.key, set[limit.key]))},
			"variable": {env: []string{"DORMOUSE_MODE=strict-aws", envName(limit.key) + "=" + set[limit.key]}},
			"flag":     {env: []string{"DORMOUSE_MODE=strict-aws"}, flags: map[string][]string{limit.key: {set[limit.key]}}},
		} {
			l := load(s)
			if got := l.asMap()[limit.key]; got != set[limit.key] || l.faults.err() != nil {
				t.Errorf("strict, and %s by %s: %s, want %s (%v)", limit.key, source, got, set[limit.key], l.faults.err())
			}
			for _, other := range strictLimits {
				if want := formatted(t, other.key, other.is); other.key != limit.key && l.asMap()[other.key] != want {
					t.Errorf("%s by %s changes %s to %s", limit.key, source, other.key, l.asMap()[other.key])
				}
			}
		}
		delete(own, limit.key)
	}
	if len(own) > 0 {
		t.Errorf("the mode leaves out %v", own)
	}
	for key, value := range strict.asMap() {
		if where := strict.where[key]; where == (place{}) && value != relaxed.asMap()[key] {
			t.Errorf("%s is %s, and nothing says why", key, value)
		}
	}
	if _, faults := strict.validate(forServe); len(faults) != 1 || faults[0].Key != "token.keys" || len(strict.warnings) != 1 {
		t.Errorf("the mode's own limits do not fit together: %v, %v", faults.err(), strict.warnings)
	}
}

// formatted is a value as it is printed.
func formatted(t *testing.T, key, text string) string {
	t.Helper()
	l := load(sources{flags: map[string][]string{key: {text}}})
	if err := l.faults.err(); err != nil {
		t.Fatal(err)
	}
	return l.asMap()[key]
}
