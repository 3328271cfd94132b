package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// canaries stand for every kind of secret there is.
var canaries = []string{
	"eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6ImNvbm5lY3QifQ.c2lnbmF0dXJlLWNhbmFyeQ",
	"canary-connection-secret", "canary-api-key-0123456789abcdefghij", devMark + "canarycanary",
}

func TestNoSecretReachesTheLog(t *testing.T) {
	jwt, secret, key, dev := canaries[0], canaries[1], canaries[2], canaries[3]
	address := &url.URL{Scheme: "ws", Host: "h", Path: "/v1", RawQuery: "token=" + jwt + "&x=1"}
	header := http.Header{"Authorization": {"Bearer " + key}}
	cases := []struct {
		name string
		log  func(l *slog.Logger)
	}{
		{"an attribute with a secret's name", func(l *slog.Logger) { l.Info("m", "token", jwt, "api_key", key, "connectionSecret", secret) }},
		{"a name in another spelling", func(l *slog.Logger) { l.Info("m", "Api-Key", key, "connection_secret", secret, "AUTHORIZATION", key) }},
		{"a secret that is no text", func(l *slog.Logger) { l.Info("m", "secret", []byte(secret)) }},
		{"a URL as text", func(l *slog.Logger) { l.Info("m", "url", address.String()) }},
		{"a URL as a value", func(l *slog.Logger) { l.Info("m", "url", address) }},
		{"a URL in the message", func(l *slog.Logger) { l.Info("GET " + address.String()) }},
		{"an error", func(l *slog.Logger) { l.Error("m", "err", fmt.Errorf("get %s: %w", address, errors.New("no"))) }},
		{"a header", func(l *slog.Logger) { l.Info("m", "header", fmt.Sprint(header)) }},
		{"a header as a value", func(l *slog.Logger) { l.Info("m", "header", header) }},
		{"a JSON body", func(l *slog.Logger) { l.Info("m", "body", `{"connectionSecret":"`+secret+`","token": "`+jwt+`"}`) }},
		{"a bare token", func(l *slog.Logger) { l.Info("m", "value", jwt) }},
		{"a development key", func(l *slog.Logger) { l.Info("m", "value", dev) }},
		{"a group", func(l *slog.Logger) { l.Info("m", slog.Group("g", "token", jwt, slog.Group("h", "u", address))) }},
		{"attributes kept by With", func(l *slog.Logger) { l.With("token", jwt).WithGroup("g").With("u", address).Info("m") }},
		{"a value that makes itself", func(l *slog.Logger) { l.Info("m", "v", valuer{address.String()}) }},
		{"a form", func(l *slog.Logger) { l.Info("m", "q", "connectionId=a&connectionSecret="+secret+"&limit=3") }},
	}
	for _, format := range []string{"text", "json"} {
		for _, c := range cases {
			t.Run(format+"/"+c.name, func(t *testing.T) {
				var b bytes.Buffer
				c.log(newLogger(&b, "debug", format))
				for _, canary := range canaries {
					if strings.Contains(b.String(), canary) {
						t.Errorf("the log holds %s:\n%s", canary, b.String())
					}
				}
				if !strings.Contains(b.String(), hidden) {
					t.Errorf("nothing was hidden:\n%s", b.String())
				}
			})
		}
	}
}

type valuer struct{ s string }

func (v valuer) LogValue() slog.Value { return slog.StringValue(v.s) }

func TestPlainWordsStay(t *testing.T) {
	var b bytes.Buffer
	newLogger(&b, "info", "text").Info("kept", "channel", "game.lobby", "n", 7, "err", errors.New("no such token"), "nothing", nil)
	for _, want := range []string{"msg=kept", "channel=game.lobby", "n=7", `err="no such token"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in %s", want, b.String())
		}
	}
}

func TestSecretsPrintWhereTheyAre(t *testing.T) {
	for _, s := range []secret{{text: canaries[2]}, {path: "/etc/key"}} {
		if strings.Contains(s.String(), canaries[2]) || s.String() == "" {
			t.Errorf("a secret prints as %s", s)
		}
	}
}
