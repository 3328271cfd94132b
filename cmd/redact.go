package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
)

// A redactor is a handler that hides secrets before another handler writes them: the whole value of an
// attribute with a secret's name, and inside any text whatever looks like one (a token in a URL, a
// bearer's credentials, a JWT). It is the last defence: code should not log secrets to begin with.
type redactor struct{ next slog.Handler }

// redact wraps next.
func redact(next slog.Handler) slog.Handler { return redactor{next} }

func (h redactor) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h redactor) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, redactText(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redactAttr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redactAttr(a)
	}
	return redactor{h.next.WithAttrs(clean)}
}

func (h redactor) WithGroup(name string) slog.Handler { return redactor{h.next.WithGroup(name)} }

func redactAttr(a slog.Attr) slog.Attr {
	if isSecretAttr(a.Key) {
		return slog.String(a.Key, hidden)
	}
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, redactText(v.String()))
	case slog.KindGroup:
		clean := make([]any, 0, len(v.Group()))
		for _, g := range v.Group() {
			clean = append(clean, redactAttr(g))
		}
		return slog.Group(a.Key, clean...)
	case slog.KindAny:
		// An error, a URL or a header would be written as text, or as its fields, by the next handler: only
		// its text can be searched.
		if v.Any() == nil {
			return slog.Attr{Key: a.Key, Value: v}
		}
		return slog.String(a.Key, redactText(fmt.Sprint(v.Any())))
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// What a secret looks like inside a text: a parameter of a URL or form, a header's credentials, a JSON
// member, a JWT anywhere. The first group, if there is one, is kept.
var secretShapes = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b((?:connection_?secret|access_token|api_?key|token|secret|auth_signature)=)[^&\s"']+`),
	regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}`),
	regexp.MustCompile(`(?i)("(?:token|connectionSecret|secret|api_?key|authorization)"\s*:\s*")[^"]*`),
	regexp.MustCompile(`()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?`),
	regexp.MustCompile(`()\b` + devMark + `[A-Za-z0-9]{8,}`),
}

// redactText hides the secrets in a text.
func redactText(s string) string {
	if len(s) < 8 { // nothing that short is a secret
		return s
	}
	for _, shape := range secretShapes {
		s = shape.ReplaceAllString(s, "${1}"+hidden)
	}
	return s
}
