package claims

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// compiler compiles the keys of one token and counts what its expressions cost.
//
// RE2 never takes exponential time, but it is not free either. Three things are dear, and none of
// them shows in the length of the source: a counted repetition becomes that many instructions, which
// every match may have to step through; a Unicode class becomes hundreds of ranges, kept once per
// instruction when an expression is anchored; and a case-folded range walks through every character
// in it already while being parsed (a class with one such range, seventeen bytes of source, takes
// milliseconds). So the source is charged for what parsing costs before it is parsed, and
// the tree for what compiling and matching cost before it is compiled.
type compiler struct {
	limits  Limits
	regexes int // expressions so far
	weight  int // what they weighed
	cache   *cache[*regexp.Regexp]
}

// Weights, in units of one class range (a few dozen bytes once compiled).
const (
	instructionWeight = 16     // a step per character of every name that is tried
	unicodeWeight     = 1280   // \p or \P: hundreds of ranges to merge, folded perhaps
	foldedWeight      = 16_384 // a case-folded range beyond ASCII: a walk through up to 125,000 characters
)

// newCompiler returns a compiler for one token; cache may be nil.
func newCompiler(l Limits, cache *cache[*regexp.Regexp]) *compiler {
	return &compiler{limits: l, cache: cache}
}

// regex compiles source within what is left of the token's budget.
//
// An expression from the cache costs its budget too: whether a token is accepted must not depend on
// which tokens came before.
func (c *compiler) regex(source string) (*regexp.Regexp, error) {
	if c.regexes++; c.regexes > c.limits.Regexes {
		return nil, fmt.Errorf("more than %d expressions in one token", c.limits.Regexes)
	}
	switch {
	case source == "":
		// It would match every name, and is what a bug in the issuer looks like.
		return nil, errors.New("the expression is empty")
	case len(source) > c.limits.RegexSize:
		return nil, fmt.Errorf("the expression has more than %d bytes", c.limits.RegexSize)
	}
	if w, ok := c.cache.get(source); ok {
		if err := c.charge(w.cost); err != nil {
			return nil, err
		}
		return w.value, nil
	}
	before := c.weight
	if err := c.charge(sourceWeight(source)); err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, errors.New("the expression does not compile")
	}
	if err := c.charge(treeWeight(tree)); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, errors.New("the expression does not compile")
	}
	c.cache.put(source, re, c.weight-before)
	return re, nil
}

func (c *compiler) charge(weight int) error {
	if c.weight += weight; c.weight > c.limits.RegexWeight {
		return errors.New("the expressions of the token are too heavy: fewer or smaller repetitions and Unicode classes, please")
	}
	return nil
}

// sourceWeight is what parsing source may cost. It counts by sight and may count too much, never too
// little.
func sourceWeight(source string) int {
	w := unicodeWeight * (strings.Count(source, `\p`) + strings.Count(source, `\P`))
	if !mayFold(source) {
		return w
	}
	for i := 1; i < len(source); i++ {
		if source[i-1] == '-' && mayStartWide(source[i:]) {
			w += foldedWeight
		}
	}
	return w
}

// mayFold reports whether source may turn case folding on: (?i), (?si:…) and so on.
func mayFold(source string) bool {
	for {
		_, after, ok := strings.Cut(source, "(?")
		if !ok {
			return false
		}
		flags := after[:len(after)-len(strings.TrimLeft(after, "imsU-"))]
		if strings.Contains(flags, "i") {
			return true
		}
		source = after
	}
}

// mayStartWide reports whether s may start with a character beyond ASCII, as the end of a range.
func mayStartWide(s string) bool {
	if s[0] != '\\' {
		return s[0] >= 0x80
	}
	return len(s) > 1 && (s[1] == 'x' || '0' <= s[1] && s[1] <= '9')
}

// treeWeight is what the compiled form of re costs, in memory and per match. Repetitions multiply
// what they repeat; the parser has bounded them to a thousand, nested ones together.
func treeWeight(re *syntax.Regexp) int {
	w := instructionWeight
	switch re.Op {
	case syntax.OpCharClass:
		w += len(re.Rune) / 2
	case syntax.OpLiteral:
		w += instructionWeight * len(re.Rune)
	}
	for _, sub := range re.Sub {
		w += treeWeight(sub)
	}
	if re.Op == syntax.OpRepeat {
		w *= max(re.Min, re.Max, 1)
		if re.Max > re.Min || re.Max < 0 {
			w += instructionWeight * (max(re.Max-re.Min, 0) + 1)
		}
	}
	return w
}
