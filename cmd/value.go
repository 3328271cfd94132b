package cmd

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A value is where a setting is kept and how it is read and written. set takes what a file says at its
// place; folder is where relative paths start, "" for the working folder.
type value interface {
	set(t tree, folder string) error
	// yaml returns the value as the file would spell it, secrets hidden.
	yaml() string
	// unit says what to write, for help: "duration", "size", "text".
	unit() string
}

// textValue is a plain word.
type textValue struct{ p *string }

func (v textValue) set(t tree, _ string) error { return scalar(t, v.p, ident) }
func (v textValue) yaml() string               { return quote(*v.p) }
func (v textValue) unit() string               { return "text" }

func ident(s string) (string, error) { return s, nil }

// wordValue is one of a few words.
type wordValue struct {
	p     *string
	words []string
}

func (v wordValue) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (string, error) {
		for _, w := range v.words {
			if s == w {
				return s, nil
			}
		}
		return "", fmt.Errorf("%q is none of %s%s", s, strings.Join(v.words, ", "), didYouMean(s, v.words))
	})
}
func (v wordValue) yaml() string { return *v.p }
func (v wordValue) unit() string { return strings.Join(v.words, "|") }

// pathValue is a file or folder. A relative one starts at the folder of the file that names it.
type pathValue struct{ p *string }

func (v pathValue) set(t tree, folder string) error {
	return scalar(t, v.p, func(s string) (string, error) { return within(folder, s), nil })
}
func (v pathValue) yaml() string { return quote(*v.p) }
func (v pathValue) unit() string { return "path" }

func within(folder, path string) string {
	if path == "" || folder == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// boolValue is true or false.
type boolValue struct{ p *bool }

func (v boolValue) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (bool, error) {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return false, fmt.Errorf("%q is neither true nor false", s)
		}
		return b, nil
	})
}
func (v boolValue) yaml() string { return strconv.FormatBool(*v.p) }
func (v boolValue) unit() string { return "true|false" }

// countValue is a number of things.
type countValue struct{ p *int }

func (v countValue) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%q is no count: write a whole number", s)
		}
		return n, nil
	})
}
func (v countValue) yaml() string { return strconv.Itoa(*v.p) }
func (v countValue) unit() string { return "count" }

// rateValue is a number of things per second; a fraction is allowed.
type rateValue struct{ p *float64 }

func (v rateValue) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (float64, error) {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) {
			return 0, fmt.Errorf("%q is no rate: write how many a second, such as 100", s)
		}
		return n, nil
	})
}
func (v rateValue) yaml() string { return strconv.FormatFloat(*v.p, 'g', -1, 64) }
func (v rateValue) unit() string { return "per second" }

// shareValue is a part of a whole, 0 to 1, also written as percent.
type shareValue struct{ p *float64 }

func (v shareValue) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (float64, error) {
		digits, percent := strings.CutSuffix(s, "%")
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if percent {
			n /= 100
		}
		if err != nil || !(n >= 0 && n <= 1) {
			return 0, fmt.Errorf("%q is no share: write 90%% or 0.9", s)
		}
		return n, nil
	})
}
func (v shareValue) yaml() string { return strconv.FormatFloat(*v.p*100, 'g', -1, 64) + "%" }
func (v shareValue) unit() string { return "share" }

// durationValue is a time span.
type durationValue struct{ p *time.Duration }

func (v durationValue) set(t tree, _ string) error { return scalar(t, v.p, parseDuration) }
func (v durationValue) yaml() string               { return formatDuration(*v.p) }
func (v durationValue) unit() string               { return "duration" }

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok && err != nil {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		d = time.Duration(n * 24 * float64(time.Hour))
	}
	switch {
	case err != nil:
		if _, number := strconv.ParseFloat(s, 64); number == nil {
			return 0, fmt.Errorf("%q has no unit: write %ss, or another of ms, s, m, h, d", s, s)
		}
		return 0, fmt.Errorf("%q is no duration: write 500ms, 30s, 5m, 24h or 7d", s)
	case d < 0:
		return 0, fmt.Errorf("%q is negative", s)
	}
	return d, nil
}

// formatDuration leaves out the zero parts that Duration.String writes: 24h, not 24h0m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// sizeValue is a number of bytes, kept in any of Go's integers.
type sizeValue[T ~int | ~int64] struct{ p *T }

func (v sizeValue[T]) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (T, error) {
		n, err := parseSize(s)
		return T(n), err
	})
}
func (v sizeValue[T]) yaml() string { return formatSize(int64(*v.p)) }
func (v sizeValue[T]) unit() string { return "size" }

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}, {"", 1}}

func parseSize(s string) (int64, error) {
	for _, u := range sizeUnits {
		if len(s) < len(u.name) || !strings.EqualFold(s[len(s)-len(u.name):], u.name) {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(s[:len(s)-len(u.name)]), 10, 64)
		if err == nil && n >= 0 && n <= math.MaxInt64/u.bytes {
			return n * u.bytes, nil
		}
		break
	}
	return 0, fmt.Errorf("%q is no size: write 64KiB, 1MiB or a number of bytes", s)
}

func formatSize(n int64) string {
	for _, u := range sizeUnits[:3] {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// listValue is several words; in an environment variable or flag they stand between commas.
type listValue struct{ p *[]string }

func (v listValue) set(t tree, _ string) error {
	words, err := words(t)
	if err == nil {
		*v.p = words
	}
	return err
}
func (v listValue) yaml() string {
	quoted := make([]string, len(*v.p))
	for i, s := range *v.p {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
func (v listValue) unit() string { return "text,…" }

// flow reads text that is YAML in one line, [a, b] or {a: b}, as variables and flags have it. Other text, and
// what is no text, stays as it is.
func flow(t tree) tree {
	if t.kind == treeScalar && t.scalar != "" && strings.ContainsRune("[{", rune(t.scalar[0])) {
		if inner, err := parseTree([]byte(t.scalar)); err == nil {
			inner.moveTo(t.line)
			return inner
		}
	}
	return t
}

// words reads a list of scalars. One scalar is a list of what stands between its commas.
func words(t tree) ([]string, error) {
	switch t = flow(t); t.kind {
	case treeNull:
		return nil, nil
	case treeScalar:
		var all []string
		for w := range strings.SplitSeq(t.scalar, ",") {
			if w = strings.TrimSpace(w); w != "" {
				all = append(all, w)
			}
		}
		return all, nil
	case treeList:
		all := make([]string, 0, len(t.list))
		for _, item := range t.list {
			if item.kind != treeScalar {
				return nil, errors.New("wants a list of words")
			}
			all = append(all, item.scalar)
		}
		return all, nil
	}
	return nil, errors.New("wants a list of words")
}

// scalar reads one value; nothing at all leaves the default.
func scalar[T any](t tree, p *T, parse func(string) (T, error)) error {
	switch t.kind {
	case treeNull:
		return nil
	case treeScalar:
		parsed, err := parse(strings.TrimSpace(t.scalar))
		if err == nil {
			*p = parsed
		}
		return err
	case treeList:
		return errors.New("wants one value, not a list")
	}
	return errors.New("wants one value, not keys")
}

// quote writes a word so that YAML reads the same word.
func quote(s string) string {
	plain := s != ""
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '/', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '-'):
		case i > 0 && c == ':' && i+1 < len(s):
		default:
			plain = false
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
