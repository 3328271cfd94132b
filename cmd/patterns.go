package cmd

import (
	"errors"
	"fmt"
	"strings"

	"dormouse/claims"
)

// A patternWord gives a value, as the file spells it, to the channels whose names match a pattern.
type patternWord struct{ pattern, word string }

// patternsValue is an ordered mapping from channel patterns to values of one kind; in an environment variable
// or flag it is pattern=value,pattern=value, or YAML in one line.
type patternsValue struct {
	p *[]patternWord
	// of makes the kind of value over a place of its own.
	of func() value
}

func (v patternsValue) set(t tree, folder string) error {
	var list []patternWord
	switch t = flow(t); t.kind {
	case treeNull:
		return nil
	case treePairs:
		for _, p := range t.pairs {
			if p.value.kind != treeScalar {
				return fmt.Errorf("%s wants one value", p.name)
			}
			list = append(list, patternWord{p.name, p.value.scalar})
		}
	case treeScalar:
		parts, _ := words(t)
		for _, part := range parts {
			i := strings.LastIndexByte(part, '=')
			if i < 0 {
				return fmt.Errorf("%q has no =; write cursor.*=%s", part, v.of().yaml())
			}
			list = append(list, patternWord{part[:i], part[i+1:]})
		}
	default:
		return errors.New("wants patterns with a value each, such as cursor.*: " + v.of().yaml())
	}
	for i, pw := range list {
		of := v.of()
		if err := of.set(tree{kind: treeScalar, scalar: pw.word}, folder); err != nil {
			return fmt.Errorf("%s: %w", pw.pattern, err)
		}
		list[i].word = of.yaml()
	}
	*v.p = list
	return nil
}
func (v patternsValue) yaml() string {
	all := make([]string, len(*v.p))
	for i, pw := range *v.p {
		all[i] = quote(pw.pattern) + ": " + pw.word
	}
	return "{" + strings.Join(all, ", ") + "}"
}
func (v patternsValue) unit() string { return "pattern=" + v.of().unit() + ",…" }

// byPattern returns what a setting says of a channel, by its name: the value of the first pattern that matches,
// else otherwise. It is nil if there is no pattern.
func byPattern[T any](v *validation, key string, list []patternWord, otherwise T, parse func(word string) T) func(name string) T {
	type rule struct {
		claims.Pattern
		value T
	}
	var rules []rule
	for _, pw := range list {
		p, err := claims.ParsePattern(pw.pattern)
		if err != nil {
			v.fault(key, "%s: %v", pw.pattern, err)
			continue
		}
		rules = append(rules, rule{p, parse(pw.word)})
	}
	if rules == nil {
		return nil
	}
	return func(name string) T {
		for _, r := range rules {
			if r.Match(name) {
				return r.value
			}
		}
		return otherwise
	}
}

// parsed reads a word that a setting has accepted.
func parsed[T any](parse func(string) (T, error)) func(string) T {
	return func(word string) T {
		t, err := parse(word)
		if err != nil {
			panic("cmd: a setting accepted " + word + ": " + err.Error())
		}
		return t
	}
}
