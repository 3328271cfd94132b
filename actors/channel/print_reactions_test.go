package channel

import "strings"

// known writes labels for the ids in a text that were met before.
func (p *printer) known(text string) string {
	for id, label := range p.labels {
		text = strings.ReplaceAll(text, id.String(), label)
	}
	return text
}

func (p *printer) reactions(all []ReactionCount) {
	for _, k := range all {
		p.printf("  %s %d", k.Reaction, k.Count)
		if k.By != nil {
			p.printf(" %s", list(k.By))
		}
		p.printf("\n")
	}
}

func (p *printer) reactionKey(key string) string {
	end := min(1+len(p.ids["m1"]), len(key))
	id, err := splitID(key[:end], 1)
	what := "reaction "
	if key[:1] == tableCounts {
		what = "counts "
	}
	return what + p.id(id) + " " + key[end:] + fault(err)
}
