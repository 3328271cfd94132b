package claims

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	regexPrefix = "#regex:"
	maxKeySize  = 1 << 10 // bytes of a key of channels, messages or storage, prefix included
	maxNameSize = 1 << 10 // bytes of a name that patterns are tried on; the longest legal one has as many
)

// Pattern is a key of channels, messages or storage. It is one of three kinds:
//
//   - exact: equal to the name, byte by byte;
//   - wildcard, with at least one '*': each '*' stands for any run of characters, none and dots
//     included, and the rest is literal, from the first character of the name to the last;
//   - "#regex:" and an expression in Go's RE2 syntax, searched anywhere in the name unless the
//     expression has ^ and $ itself.
//
// No pattern matches a name over 1,024 bytes. Matching takes time linear in the name for wildcards;
// for expressions in the name times the expression, whose size [Limits] bound. The zero value
// matches the empty name only. A Pattern is immutable and safe for concurrent use.
//
// Source: Hotsock docs, Claims, "channels", "Wildcards" and "Regular expressions".
type Pattern struct {
	key     string
	kind    patternKind
	literal int            // characters of key other than '*', for wildcards
	parts   []string       // what stands between the '*', for wildcards
	regex   *regexp.Regexp // for expressions
}

type patternKind uint8

// In the order of specificity.
const (
	exactKey patternKind = iota
	wildcardKey
	regexKey
)

// ParsePattern compiles key, of at most 1,024 bytes, with the default [Limits] for expressions.
//
// Errors say which rule key breaks: too long, starts with '#' but not with "#regex:", or an
// expression that is empty, too long, too heavy or does not compile.
func ParsePattern(key string) (Pattern, error) {
	var l Limits
	l.EnsureDefaults()
	return newCompiler(l, nil).pattern(key)
}

// String returns the key as it was written.
func (p Pattern) String() string { return p.key }

// IsExact reports whether p matches one name only, its own.
func (p Pattern) IsExact() bool { return p.kind == exactKey }

// Match reports whether p matches name.
func (p Pattern) Match(name string) bool {
	switch {
	case p.kind == exactKey:
		return p.key == name
	case len(name) > maxNameSize:
		return false
	case p.kind == wildcardKey:
		return matchWildcard(p.parts, name)
	}
	return p.regex.MatchString(name)
}

// Compare orders patterns by specificity, the most specific first: exact keys, then wildcards with
// more literal characters before those with fewer, then expressions; equals by byte order of the key.
//
// Where several patterns set one directive that is not a boolean, the first in this order wins.
func (p Pattern) Compare(q Pattern) int {
	return cmp.Or(
		cmp.Compare(p.kind, q.kind),
		cmp.Compare(q.literal, p.literal),
		strings.Compare(p.key, q.key),
	)
}

// matchWildcard takes each part at its leftmost place after the one before. That is enough: a later
// place leaves less for the rest. So nothing is ever tried again, unlike in the textbook matcher that
// goes back to the last '*' and takes time in the product of both lengths.
func matchWildcard(parts []string, name string) bool {
	name, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	if name, ok = strings.CutSuffix(name, parts[last]); !ok {
		return false
	}
	for _, part := range parts[1:last] {
		_, after, ok := strings.Cut(name, part)
		if !ok {
			return false
		}
		name = after
	}
	return true
}

// pattern compiles one key and counts its cost.
func (c *compiler) pattern(key string) (Pattern, error) {
	switch {
	case len(key) > maxKeySize:
		return Pattern{}, fmt.Errorf("the key has more than %d bytes", maxKeySize)
	case strings.HasPrefix(key, regexPrefix):
		re, err := c.regex(key[len(regexPrefix):])
		return Pattern{key: key, kind: regexKey, regex: re}, err
	case strings.HasPrefix(key, "#"):
		return Pattern{}, errors.New(`the key starts with '#' but not with "#regex:"`)
	case strings.Contains(key, "*"):
		return Pattern{
			key:     key,
			kind:    wildcardKey,
			literal: utf8.RuneCountInString(key) - strings.Count(key, "*"),
			parts:   strings.Split(key, "*"),
		}, nil
	}
	return Pattern{key: key}, nil
}
