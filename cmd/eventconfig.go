package cmd

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"dormouse/actors/courier"
	"dormouse/claims"
	"dormouse/transport/emit"
)

// An eventConfig says where backend events go. What is not about one endpoint is in Actors.Events.
type eventConfig struct {
	Webhooks []webhookConfig
	NATS     natsConfig
}

// A webhookConfig is one webhook, as configured.
type webhookConfig struct {
	name, url, format          string
	secret                     secret
	secrets                    []secret // more of them, while one is exchanged
	types, dataTypes, channels []string
	allowPrivate               bool
	timeout                    time.Duration
	line                       int // of the file; zero: it came from elsewhere
}

type natsConfig struct {
	URL, Prefix, Credentials, User, CA string
	Password, Token                    secret
	JetStream                          bool
	Types, DataTypes, Channels         []string
}

// eventSettings are the settings of backend events.
func (c *Config) eventSettings() []setting {
	n, e := &c.Events.NATS, &c.Actors.Events
	return []setting{
		{"events.webhooks", webhooksValue{webhookRecords{&c.Events.Webhooks}}, "", "where events are posted, each {url, secret}, and perhaps secrets (while one is exchanged), types, data_types, channels, format (hotsock, eventbridge, sns), allow_private, timeout, name"},
		{"events.nats.url", natsURLValue{&n.URL}, "", "NATS server that events are published to, such as nats://127.0.0.1:4222; empty: none"},
		{"events.nats.prefix", textValue{&n.Prefix}, "", "beginning of every subject: {prefix}.{dataType}.{type without hotsock.}"},
		{"events.nats.jetstream", boolValue{&n.JetStream}, "", "wait until a JetStream stream has stored each event"},
		{"events.nats.credentials", pathValue{&n.Credentials}, "", "credentials file (.creds) for NATS"},
		{"events.nats.user", textValue{&n.User}, "", "user for NATS"},
		{"events.nats.password", secretValue{&n.Password}, "", "password of that user, or file:/path"},
		{"events.nats.token", secretValue{&n.Token}, "", "token for NATS, or file:/path"},
		{"events.nats.ca", pathValue{&n.CA}, "", "certificates, PEM, that NATS's own must be signed by; empty: the system's"},
		{"events.nats.types", listValue{&n.Types}, "", "types of events that are published; none: all"},
		{"events.nats.data_types", listValue{&n.DataTypes}, "", "data types, likewise"},
		{"events.nats.channels", listValue{&n.Channels}, "", "patterns of channels, likewise; events of connections are of no channel"},
		{"events.backlog", countValue{&e.Backlog}, "courier.Backlog", "events that wait beyond which the server is not ready and says why; none is lost by that"},
		{"events.retry_for", durationValue{&e.RetryFor}, "courier.RetryFor", "how long an event is tried before it becomes a dead letter"},
		{"events.dead_letters", countValue{&e.MaxDead}, "courier.MaxDead", "dead letters that are kept; beyond that the oldest are dropped"},
		{"events.concurrency", countValue{&e.Concurrency}, "courier.Concurrency", "events of one endpoint that are on their way at once; those of one channel never are"},
	}
}

// secretValue is one secret, in text or in a file.
type secretValue struct{ p *secret }

func (v secretValue) set(t tree, folder string) error {
	return scalar(t, v.p, func(s string) (secret, error) {
		if s == "" {
			return secret{}, nil
		}
		return parseSecret(s, folder), nil
	})
}

func (v secretValue) yaml() string {
	if *v.p == (secret{}) {
		return `""`
	}
	return quote(v.p.String())
}
func (v secretValue) unit() string { return "secret" }

// natsURLValue is an address that may have been given a password by mistake.
type natsURLValue struct{ p *string }

var userInfo = regexp.MustCompile(`//[^/@,]*@`)

func (v natsURLValue) set(t tree, _ string) error { return scalar(t, v.p, ident) }
func (v natsURLValue) yaml() string               { return quote(userInfo.ReplaceAllString(*v.p, "//"+hidden+"@")) }
func (v natsURLValue) unit() string               { return "url" }

// webhooksValue prints where a webhook goes, and not the rest of its URL, which may be as good as a secret.
type webhooksValue struct{ webhookRecords }

type webhookRecords = recordsValue[webhookConfig, *webhookConfig]

func (w *webhookConfig) kind() (what, form string) {
	return "webhook", "{url: https://…, secret: …}"
}
func (w *webhookConfig) begins(line int) { w.line = line }
func (w *webhookConfig) fields() []field {
	return []field{
		{"name", textValue{&w.name}, ""}, {"url", textValue{&w.url}, ""},
		{"secret", secretValue{&w.secret}, ""}, {"secrets", secretsValue{&w.secrets}, ""},
		{"types", listValue{&w.types}, ""}, {"data_types", listValue{&w.dataTypes}, ""}, {"channels", listValue{&w.channels}, ""},
		{"format", textValue{&w.format}, ""}, {"allow_private", boolValue{&w.allowPrivate}, ""}, {"timeout", durationValue{&w.timeout}, ""},
	}
}

// allSecrets are those that a receiver may verify with, the one that stands by itself first.
func (w *webhookConfig) allSecrets() []secret {
	if w.secret == (secret{}) {
		return w.secrets
	}
	return append([]secret{w.secret}, w.secrets...)
}

func (v webhooksValue) yaml() string {
	all := make([]string, len(*v.p))
	for i, w := range *v.p {
		o := emit.WebhookOptions{Name: w.name, URL: w.url}
		o.EnsureDefaults()
		host := "?"
		if u, err := url.Parse(w.url); err == nil {
			host = u.Scheme + "://" + u.Host + "/…"
		}
		w.name, w.url, w.secret, w.secrets = o.Name, host, secret{}, w.allSecrets()
		all[i] = recordYAML(slices.DeleteFunc(w.fields(), func(f field) bool { return f.name == "secret" }))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// endpoints are where events go, checked.
type endpoints struct {
	webhooks []emit.WebhookOptions
	nats     *emit.NATSOptions // nil: none
}

// names lists the endpoints.
func (e *endpoints) names() []string {
	var names []string
	for i := range e.webhooks {
		o := e.webhooks[i]
		o.EnsureDefaults()
		names = append(names, o.Name)
	}
	if e.nats != nil {
		names = append(names, "nats")
	}
	return names
}

// endpoints checks every endpoint, and reads its secrets.
func (v *validation) endpoints() endpoints {
	var all endpoints
	names := map[string]int{"nats": 0}
	for i, w := range v.Events.Webhooks {
		o, err := w.options()
		for _, e := range unjoin(err) {
			v.webhookFault(w, i, e)
		}
		if first, taken := names[o.Name]; taken && err == nil {
			v.webhookFault(w, i, fmt.Errorf("its name %s is taken by endpoint %d; two with one url want a name each", o.Name, first))
		}
		names[o.Name] = i + 1
		all.webhooks = append(all.webhooks, o)
	}
	if n := &v.Events.NATS; n.URL != "" {
		all.nats = v.nats(n)
	} else if n.Credentials != "" || n.User != "" || n.Token != (secret{}) || n.JetStream {
		v.fault("events.nats.url", "is missing, and other settings of NATS are there")
	}
	return all
}

func (v *validation) webhookFault(w webhookConfig, i int, err error) {
	fault := Fault{Where: v.where["events.webhooks"], Key: "events.webhooks", Message: fmt.Sprintf("webhook %d: %v", i+1, err)}
	if w.line > 0 {
		fault.Where.line = w.line
	}
	v.faults = append(v.faults, fault)
}

func (w *webhookConfig) options() (emit.WebhookOptions, error) {
	o := emit.WebhookOptions{Name: w.name, URL: w.url, Format: emit.Format(w.format), AllowPrivate: w.allowPrivate, Timeout: w.timeout}
	filter, err := eventFilter(w.types, w.dataTypes, w.channels)
	errs := []error{err}
	o.Filter = filter
	for i, s := range w.allSecrets() {
		text, err := s.read(true)
		if err == nil {
			var parsed emit.Secret
			if parsed, err = emit.ParseSecret(strings.TrimSpace(text)); err == nil {
				o.Secrets = append(o.Secrets, parsed)
				continue
			}
		}
		errs = append(errs, fmt.Errorf("secret %d: %w; make one with  openssl rand -hex 24", i+1, err))
	}
	o.EnsureDefaults()
	for _, e := range unjoin(o.Validate()) {
		if len(w.allSecrets()) == 0 || !strings.HasPrefix(e.Error(), "secret is missing") {
			errs = append(errs, e)
		}
	}
	return o, errors.Join(errs...)
}

// eventFilter reads lists of types, which may leave out "hotsock.", data types, and patterns of channels.
func eventFilter(types, dataTypes, channels []string) (f emit.Filter, err error) {
	var errs []error
	for _, t := range types {
		if !strings.HasPrefix(t, "hotsock.") {
			t = "hotsock." + t
		}
		if _, ok := courier.Types[t]; !ok {
			errs = append(errs, fmt.Errorf("types: %q is no type of event%s", t, didYouMean(t, emit.Types())))
			continue
		}
		f.Types = append(f.Types, t)
	}
	for _, d := range dataTypes {
		check := emit.Filter{DataTypes: []string{d}}
		if check.Validate() != nil {
			errs = append(errs, fmt.Errorf("data_types: %q is none of %s%s", d, strings.Join(emit.DataTypes(), ", "), didYouMean(d, emit.DataTypes())))
			continue
		}
		f.DataTypes = append(f.DataTypes, d)
	}
	for _, c := range channels {
		p, err := claims.ParsePattern(c)
		if err != nil {
			errs = append(errs, fmt.Errorf("channels: %s: %w", c, err))
			continue
		}
		f.Channels = append(f.Channels, p)
	}
	return f, errors.Join(errs...)
}

func (v *validation) nats(n *natsConfig) *emit.NATSOptions {
	o := &emit.NATSOptions{URL: n.URL, Prefix: n.Prefix, JetStream: n.JetStream, Credentials: n.Credentials, User: n.User, CAFile: n.CA}
	if userInfo.MatchString(n.URL) {
		v.fault("events.nats.url", "has a user or password, which would be shown: set events.nats.user and events.nats.password")
	}
	for _, s := range []struct {
		key  string
		from secret
		into *string
	}{{"password", n.Password, &o.Password}, {"token", n.Token, &o.Token}} {
		text, err := s.from.read(true)
		if err != nil {
			v.fault("events.nats."+s.key, "%v", err)
		}
		*s.into = strings.TrimSpace(text)
	}
	for _, f := range []struct{ key, path string }{{"credentials", n.Credentials}, {"ca", n.CA}} {
		if f.path == "" {
			continue
		}
		if _, err := (secret{path: f.path}).read(f.key == "credentials"); err != nil {
			v.fault("events.nats."+f.key, "%v", err)
		}
	}
	var err error
	if o.Filter, err = eventFilter(n.Types, n.DataTypes, n.Channels); err != nil {
		for _, e := range unjoin(err) {
			key, text, _ := strings.Cut(e.Error(), ": ")
			v.fault("events.nats."+key, "%s", text)
		}
	}
	o.EnsureDefaults()
	for _, e := range unjoin(o.Validate()) {
		key, text, _ := strings.Cut(e.Error(), " ")
		v.fault("events.nats."+key, "%s", text)
	}
	return o
}
