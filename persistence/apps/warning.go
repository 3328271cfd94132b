package apps

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Warning says what of a record could not be taken as it stands, and what is used instead. It quotes no secret.
type Warning struct {
	App       string // the app's id
	Attribute string // as the record spells it; "" if it is about the record as a whole
	Text      string // what is wrong with it, what was expected; what is used
}

// String is the warning as one sentence.
func (w Warning) String() string {
	if w.Attribute == "" {
		return fmt.Sprintf("app %q: %s", w.App, w.Text)
	}
	return fmt.Sprintf("app %q: %s %s", w.App, w.Attribute, w.Text)
}

// Fault is Text without what is used instead, for a place where nothing is: where the mistake can be mended now.
func (w Warning) Fault() string {
	if i := strings.LastIndex(w.Text, "; "); i >= 0 {
		return w.Text[:i]
	}
	return w.Text
}

// LogValue is the warning in parts.
func (w Warning) LogValue() slog.Value {
	return slog.GroupValue(slog.String("app", w.App), slog.String("attribute", w.Attribute), slog.String("text", w.Text))
}

// kind names what a raw value is, without quoting it.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case []byte:
		return "bytes"
	case bool:
		return "a boolean"
	case []any, []string:
		return "a list"
	case map[string]any:
		return "a map"
	}
	if _, ok := number(v); ok {
		return "a number"
	}
	return fmt.Sprintf("a %T", v)
}

// maxQuoted keeps a log line a line, whatever a table holds.
const maxQuoted = 40

// quote is kind with the value, as far as it is short text. Not for attributes that may hold secrets.
func quote(v any) string {
	switch v := v.(type) {
	case string:
		return "the text " + cut(v)
	case []byte:
		return "the bytes " + cut(string(v))
	case json.Number:
		return "the number " + cut(string(v))
	case bool:
		return strconv.FormatBool(v)
	}
	return kind(v)
}

func cut(s string) string {
	if len(s) > maxQuoted {
		return strconv.Quote(s[:maxQuoted]) + "…"
	}
	return strconv.Quote(s)
}
