package cmd

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// newLogger makes the program's logger. level and format are the words of log.level and log.format.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		panic(fmt.Sprintf("log level %q", level)) // the settings allow no other words
	}
	o := &slog.HandlerOptions{Level: l}
	var h slog.Handler
	if format == "json" {
		h = slog.NewJSONHandler(w, o)
	} else {
		h = slog.NewTextHandler(w, o)
	}
	return slog.New(redact(h))
}

// hidden stands where a secret was.
const hidden = "[redacted]"

// secretAttrs are names of attributes whose values never reach a log, compared without case, '-' and '_'.
var secretAttrs = map[string]bool{
	"token": true, "secret": true, "authorization": true, "apikey": true, "connectionsecret": true,
	"password": true, "cookie": true, "setcookie": true, "jwt": true, "privatekey": true, "signingkey": true,
}

func isSecretAttr(name string) bool {
	return secretAttrs[strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))]
}
