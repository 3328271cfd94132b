package cmd

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// openLog makes the logger of a server, which never waits for who reads standard error. What the program says there
// afterwards goes the same way; run ends it.
func (p *program) openLog(level, format string) *slog.Logger {
	p.log = newLogQueue(p.err, logQueueSize, func(lines uint64) []byte {
		var line bytes.Buffer
		slog.New(newHandler(&line, slog.LevelInfo, format)).Warn(fmt.Sprintf("%d lines were lost, since nobody read the log", lines))
		return line.Bytes()
	})
	p.err = p.log
	return newLogger(p.err, level, format)
}

// newLogger makes the program's logger. level and format are the words of log.level and log.format.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		panic(fmt.Sprintf("log level %q", level)) // the settings allow no other words
	}
	return slog.New(redact(newHandler(w, l, format)))
}

func newHandler(w io.Writer, level slog.Level, format string) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
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
