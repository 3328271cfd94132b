package cmd

import (
	"flag"
	"strings"
	"testing"

	"dormouse/transport/docs"
)

var rewriteDocs = flag.Bool("rewrite-docs", false, "write the tables of the documentation anew")

// The documentation's table of settings is the one that everything else is made of.
func TestDocsHaveAllSettings(t *testing.T) {
	var rows [][]string
	for _, s := range DefaultConfig().settings() {
		help := strings.NewReplacer("<", `\<`, "*", `\*`).Replace(s.help)
		rows = append(rows, []string{"`" + s.key + "`", "`" + s.value.yaml() + "`", help + " (" + s.value.unit() + ")"})
	}
	table := docs.Table([]string{"Key", "Default", "What it does"}, rows)
	if err := docs.Keep("../transport/docs/pages/configuration.md", "settings", table, *rewriteDocs); err != nil {
		t.Errorf("%v: run  go test ./cmd -run TestDocsHave -rewrite-docs", err)
	}
}
