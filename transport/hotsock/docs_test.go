package hotsock

import (
	"flag"
	"strconv"
	"testing"

	"dormouse/transport/docs"
)

var rewriteDocs = flag.Bool("rewrite-docs", false, "write the tables of the documentation anew")

// The documentation's table of codes is Codes.
func TestDocsHaveAllCodes(t *testing.T) {
	var rows [][]string
	for _, c := range Codes {
		rows = append(rows, []string{"`" + c.Name + "`", strconv.Itoa(c.Status), c.Meaning})
	}
	table := docs.Table([]string{"Code", "HTTP", "What it means"}, rows)
	if err := docs.Keep("../docs/pages/errors.md", "codes", table, *rewriteDocs); err != nil {
		t.Errorf("%v: run  go test ./transport/hotsock -run TestDocs -rewrite-docs", err)
	}
}
