package cmd

import (
	"fmt"
	"io"
	"strings"
)

// printDefaults writes a file that changes nothing: every key with its default, commented out, and above it
// what it does, its unit and its environment variable. Taking the # away from a key and its section sets it.
func printDefaults(w io.Writer) {
	fmt.Fprint(w, `# Dormouse's settings, each with its default. Take away the # of a key, and of the section above it, to set
# it. Every key is also an environment variable and a flag of dormouse serve: token.audience is
# DORMOUSE_TOKEN_AUDIENCE and --token-audience. A flag goes before a variable, and a variable before this file.
# Relative paths start at this file's folder.
`)
	section := ""
	for _, s := range DefaultConfig().settings() {
		name, indent := s.key, ""
		if at, rest, nested := strings.Cut(s.key, "."); nested {
			name, indent = rest, "  "
			if at != section {
				section = at
				fmt.Fprintf(w, "\n#%s:\n", section)
			}
		} else {
			fmt.Fprintln(w)
		}
		for _, line := range wrap(fmt.Sprintf("%s (%s)", s.help, s.value.unit()), 100) {
			fmt.Fprintf(w, "#%s# %s\n", indent, line)
		}
		fmt.Fprintf(w, "#%s%s: %s\n", indent, name, s.value.yaml())
	}
}

// longRow is how wide what the places stand beside may be, in bytes.
const longRow = 100

// print writes the effective configuration, secrets hidden, with the place that each setting came from.
func (l *loaded) print(w io.Writer) {
	var rows [][2]string
	section := ""
	for _, s := range l.settings() {
		name, indent := s.key, ""
		if at, rest, nested := strings.Cut(s.key, "."); nested {
			name, indent = rest, "  "
			if at != section {
				section = at
				rows = append(rows, [2]string{section + ":", ""})
			}
		}
		rows = append(rows, [2]string{indent + name + ": " + s.value.yaml(), l.where[s.key].String()})
	}
	width := 0
	for _, r := range rows {
		if r[1] != "" && len(r[0]) <= longRow { // a list of apps must not push all other places out of sight
			width = max(width, len(r[0]))
		}
	}
	for _, r := range rows {
		if r[1] == "" {
			fmt.Fprintln(w, r[0])
			continue
		}
		fmt.Fprintf(w, "%-*s  # %s\n", width, r[0], r[1])
	}
}

// asMap is the effective configuration for programs: every key, as the file would spell its value.
func (l *loaded) asMap() map[string]string {
	m := map[string]string{}
	for _, s := range l.settings() {
		m[s.key] = s.value.yaml()
	}
	return m
}

// wrap breaks text into lines of at most width bytes, at spaces.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
