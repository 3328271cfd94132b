package cmd

import (
	"strings"
	"testing"
)

// What is wrong in a list of records is told by record, field and line, all of it at once, and the records that can
// be read are read. token.keys, lambda.keys and events.webhooks are such lists.
func TestRecordsTellWhatIsWrong(t *testing.T) {
	l := load(sources{file: write(t, "x.yaml", `token:
  keys:
    - alg: [HS256]
      kid: a
      kye: x
    - HS256
    - {alg: HS256, kid: good, key: MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=}
    - key: ""
      alg:
events:
  webhooks:
    - url: https://example.com/
      timeout: 5
      allow_private:
        - yes
      colour: red
`)})
	got := l.faults.Error()
	for _, want := range []string{
		"x.yaml:3   token.keys       key 1: alg: wants one value, not a list",
		"x.yaml:3   token.keys       key 1: key is missing: the material, or file:/path",
		`x.yaml:5   token.keys       key 1: unknown key "kye", none of alg, kid, key; did you mean key?`,
		"x.yaml:6   token.keys       key 2: write {alg: ES256, kid: a, key: file:/path}",
		"x.yaml:8   token.keys       key 4: alg is missing: one of HS256 … EdDSA",
		"x.yaml:8   token.keys       key 4: key is missing: the material, or file:/path",
		`x.yaml:13  events.webhooks  webhook 1: timeout: "5" has no unit`,
		"x.yaml:14  events.webhooks  webhook 1: allow_private: wants one value, not a list",
		`x.yaml:16  events.webhooks  webhook 1: unknown key "colour", none of name, url, secret`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it is not said that %s", want)
		}
	}
	if t.Failed() || len(l.faults) != 9 {
		t.Errorf("%d faults, want 9:\n%s", len(l.faults), got)
	}
	if len(l.TokenKeys) != 1 || l.TokenKeys[0].kid != "good" || l.TokenKeys[0].line != 7 {
		t.Errorf("the key that can be read is %v", l.TokenKeys)
	}
}

// A list in a variable or flag has no lines.
func TestRecordsInAVariable(t *testing.T) {
	for _, text := range []string{`[{alg: HS256, key: x, kidd: a}]`, `{alg: HS256, key: x, kidd: a}`} {
		for name, s := range map[string]sources{
			"DORMOUSE_TOKEN_KEYS": {env: []string{"DORMOUSE_TOKEN_KEYS=" + text}},
			"--token-keys":        {flags: map[string][]string{"token.keys": {text}}},
		} {
			l := load(s)
			want := name + `  token.keys  key 1: unknown key "kidd", none of alg, kid, key; did you mean kid?`
			if got := l.faults.Error(); len(l.faults) != 1 || !strings.Contains(got, want) {
				t.Errorf("%s gives %s", text, got)
			}
		}
	}
}
