package pusher

import (
	"flag"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dormouse/transport/docs"
)

var rewriteDocs = flag.Bool("rewrite-docs", false, "write the tables of the documentation anew")

// The documentation's tables of codes are Refusals.
func TestDocsHaveAllRefusals(t *testing.T) {
	rows := map[string][][]string{}
	for _, r := range slices.SortedStableFunc(slices.Values(Refusals[:]), func(a, b Refusal) int { return a.Code - b.Code }) {
		code, text := strconv.Itoa(r.Code), strings.NewReplacer("%ss", "`…`s", "%s", "`…`").Replace(r.Text)
		if r.Code == 0 {
			code = "null"
		}
		switch r.Form {
		case FormClose, FormSilentClose:
			rows["closes"] = append(rows["closes"], []string{code, text})
		case FormError:
			rows["errors"] = append(rows["errors"], []string{code, text})
		case FormSubscription:
			rows["subscriptions"] = append(rows["subscriptions"], []string{"`" + r.Type + "`", code, text})
		case FormHTTP:
			rows["answers"] = append(rows["answers"], []string{code, text})
		}
	}
	for name, head := range map[string][]string{
		"closes": {"Code", "Text"}, "errors": {"Code", "Text"}, "subscriptions": {"`type`", "`status`", "`error`"}, "answers": {"Status", "Text"},
	} {
		if err := docs.Keep("../docs/pages/pusher.md", name, docs.Table(head, rows[name]), *rewriteDocs); err != nil {
			t.Errorf("%v: run  go test ./transport/pusher -run TestDocs -rewrite-docs", err)
		}
	}
}
