package docs

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Table writes a Markdown table. A cell is Markdown in one line; bars in it are escaped.
func Table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// Splice puts made between the marks <!-- name --> and <!-- /name --> of a page, each a line of its own.
//
// Errors: the page has no such marks.
func Splice(page, name, made string) (string, error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		return "", fmt.Errorf("docs: the page has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + made + "\n" + end + after, nil
}

// ErrStale: a page has not the table that was made.
var ErrStale = errors.New("docs: the page is behind the program")

// Keep compares what stands between the marks of the page at path with made. It is for tests that live beside
// what a table is made of; with rewrite, it puts made there.
//
// Errors: ErrStale, Splice's, or the file's.
func Keep(path, name, made string, rewrite bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	now, err := Splice(string(text), name, made)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case now == string(text):
		return nil
	case rewrite:
		return os.WriteFile(path, []byte(now), 0o644)
	}
	return fmt.Errorf("%s: %w", path, ErrStale)
}
