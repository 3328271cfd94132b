package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// A printer writes for a person, in colour if it is a terminal that is read.
type printer struct {
	io.Writer
	color bool
}

// newPrinter decides on colour: a terminal, and neither NO_COLOR nor TERM=dumb (https://no-color.org).
func newPrinter(w io.Writer, env []string) printer {
	f, ok := w.(*os.File)
	if !ok || lookup(env, "NO_COLOR") != "" || lookup(env, "TERM") == "dumb" {
		return printer{w, false}
	}
	info, err := f.Stat()
	return printer{w, err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func lookup(env []string, name string) string {
	for _, variable := range env {
		if text, ok := strings.CutPrefix(variable, name+"="); ok {
			return text
		}
	}
	return ""
}

func (p printer) style(code, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p printer) bold(text string) string { return p.style("1", text) }
func (p printer) dim(text string) string  { return p.style("2", text) }
func (p printer) link(text string) string { return p.style("36", text) }

func (p printer) line(format string, args ...any) { fmt.Fprintf(p.Writer, format+"\n", args...) }

// table prints rows in columns that line up.
func (p printer) table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		p.line("%s", strings.TrimRight(b.String(), " "))
	}
}

// printJSON writes v in one line.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// invocation is how a person would call this program again: by go run, by the path they used, or by name.
func invocation() string {
	if exe, err := os.Executable(); err == nil && strings.Contains(exe, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/dormouse"
	}
	name := filepath.Base(os.Args[0])
	if found, err := exec.LookPath(name); err == nil && (found == os.Args[0] || name == os.Args[0]) {
		return name
	}
	return shellQuote(os.Args[0])
}

// shellQuote writes a word so that a POSIX shell reads the same word.
func shellQuote(s string) string {
	safe := s != ""
	for _, c := range s {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,@%+", c) {
			safe = false
		}
	}
	if safe {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
