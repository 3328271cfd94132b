package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"dormouse/claims"
	"dormouse/persistence/apps"
)

// appsCmd are the commands about apps.
type appsCmd struct {
	List        appsListCmd   `cmd:"" help:"List them."`
	Get         appsGetCmd    `cmd:"" help:"Print one, with everything that it may do."`
	Check       appsCheckCmd  `cmd:"" help:"Look every app up as a server does, and tell what is wrong with it or with its table."`
	PrintSchema appsSchemaCmd `cmd:"" help:"Print what makes a table for apps."`

	DeleteData appsDeleteDataCmd `cmd:"" help:"Delete what the channels of one keep, on a running server."`
}

func (c *appsCmd) flags() []*appsFlags {
	return []*appsFlags{&c.List.appsFlags, &c.Get.appsFlags, &c.Check.appsFlags, &c.PrintSchema.appsFlags}
}

// appsFlags say where the apps are, as a server's configuration does.
type appsFlags struct {
	Config string `placeholder:"FILE" help:"Configuration file, YAML; also DORMOUSE_CONFIG."`
	soketiFlag
	kong.Plugins
}

// store reads the configuration. Only what concerns apps must be right in it.
func (f *appsFlags) store(p *program) (*appStore, error) {
	l := load(f.sources(p, f.Config, f.Plugins))
	v := &validation{loaded: l, use: forServe, faults: slices.Clone(l.faults)}
	s := v.appStore()
	warn := newPrinter(p.err, p.env)
	for _, w := range l.warnings {
		warn.line("warning: %s", w)
	}
	v.faults.sort()
	return s, v.faults.err()
}

// open reads the configuration and opens the source that it names. It must be closed.
func (f *appsFlags) open(p *program) (*appStore, apps.Source, error) {
	s, err := f.store(p)
	if err != nil {
		return nil, nil, err
	}
	source, err := s.open(slog.New(warningLog{func(text string) { newPrinter(p.err, p.env).line("warning: %s", text) }}))
	return s, source, err
}

// A warningLog is a log that says each warning in one line.
type warningLog struct{ say func(text string) }

func (h warningLog) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (h warningLog) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h warningLog) WithGroup(string) slog.Handler                { return h }

func (h warningLog) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" (%s: %v)", a.Key, a.Value)
		return true
	})
	h.say(redactText(text))
	return nil
}

// where is where the apps are, for people.
func (s *appStore) where() string {
	if s.table == "" {
		return "apps.static"
	}
	return s.table
}

// each calls do with every app that can be listed, until it fails.
func (s *appStore) each(ctx context.Context, source apps.Source, do func(apps.Record) error) error {
	lister, ok := source.(apps.Lister)
	if !ok {
		return fmt.Errorf("%s: %w", s.where(), errNoLister)
	}
	for r, err := range lister.List(ctx) {
		if err != nil {
			return err
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

type appsListCmd struct {
	appsFlags
	JSON bool `help:"Print one JSON object a line, an app each, without secrets."`
}

func (*appsListCmd) Help() string {
	return "Of a table in DynamoDB this wants the permission dynamodb:Scan, which a server does without."
}

// Run lists the apps, those that cannot be used in their places too.
func (c *appsListCmd) Run(ctx context.Context, p *program) error {
	s, source, err := c.open(p)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it only reads
	out := newPrinter(p.out, p.env)
	rows := [][]string{{out.bold("id"), "key", "enabled", "connections", "client events", "webhooks", "note"}}
	unusable := 0
	err = s.each(ctx, source, func(r apps.Record) error {
		app, warnings, err := apps.Decode(r, s.defaults)
		if err != nil {
			unusable++
			id, key := apps.Name(r)
			if c.JSON {
				return printJSON(p.out, map[string]any{"id": id, "key": key, "fault": noApp(id, err)})
			}
			rows = append(rows, []string{id, key, "", "", "", "", noApp(id, err)})
			return nil
		}
		if c.JSON {
			return printJSON(p.out, appJSON(app))
		}
		note := ""
		if n := len(warnings); n > 0 {
			note = fmt.Sprintf("%s: %s apps check %s", counted(n, "warning"), p.invoked, shellQuote(app.ID))
		}
		rows = append(rows, []string{
			app.ID, app.Key, yesNo(app.Enabled), limit(app.MaxConnections), yesNo(app.EnableClientMessages),
			strconv.Itoa(len(app.Webhooks)), note,
		})
		return nil
	})
	switch {
	case err != nil:
		return err
	case c.JSON:
	case len(rows) == 1 && s.driver == driverStatic:
		out.line("there is no app: put some into apps.static, or say with apps.driver where they are")
	case len(rows) == 1:
		out.line("there is no app in %s", s.where())
	default:
		out.table(rows)
	}
	if unusable > 0 {
		return fmt.Errorf("%d of these cannot be used: a server does not know them", unusable)
	}
	return nil
}

// noApp is why a record is no app, for who has its id before their eyes.
func noApp(id string, err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), apps.ErrInvalid.Error()+": "), fmt.Sprintf("app %q: ", id))
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// limit is a limit in words.
func limit(n int) string {
	if n == claims.Unlimited {
		return "any"
	}
	return strconv.Itoa(n)
}

type appsGetCmd struct {
	appsFlags
	Name   string `arg:"" name:"id" help:"The app's id, or with --by-key its key."`
	ByKey  bool   `help:"The name is the app's key, as Pusher clients have it."`
	Secret bool   `name:"show-secret" help:"Print the secrets too."`
	JSON   bool   `help:"Print one JSON object."`
}

// Run prints the app as a server has it, with every limit that it did not set itself.
func (c *appsGetCmd) Run(ctx context.Context, p *program) error {
	s, source, err := c.open(p)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it only reads
	find, what := source.ByID, "id"
	if c.ByKey {
		find, what = source.ByKey, "key"
	}
	r, err := find(ctx, c.Name)
	if errors.Is(err, apps.ErrNoRecord) {
		return s.missing(ctx, p, source, what, c.Name)
	}
	if err != nil {
		return err
	}
	app, warnings, err := apps.Decode(r, s.defaults)
	if err != nil {
		return err
	}
	printed := appJSON(app)
	if c.Secret {
		printed["secret"] = app.Secret
		if app.PreviousSecret != "" {
			printed["previous_secret"] = app.PreviousSecret
		}
	}
	if c.JSON {
		err = printJSON(p.out, printed)
	} else {
		out := newPrinter(p.out, p.env)
		for _, f := range apps.Fields() {
			if v, ok := printed[f.Snake]; ok {
				out.line("%s:%s", f.Snake, shownAttribute(v))
			}
		}
	}
	for _, w := range warnings {
		newPrinter(p.err, p.env).line("warning: %s", w)
	}
	return err
}

// missing says that there is no such app, and what may have been meant.
func (s *appStore) missing(ctx context.Context, p *program, source apps.Source, what, name string) error {
	other, find := "key", source.ByKey
	if what == "key" {
		other, find = "id", source.ByID
	}
	if _, err := find(ctx, name); err == nil {
		hint := "add --by-key"
		if other == "id" {
			hint = "leave out --by-key"
		}
		return fmt.Errorf("no app in %s has the %s %q; one has it as its %s: %s", s.where(), what, name, other, hint)
	}
	return fmt.Errorf("no app in %s has the %s %q; see  %s apps list", s.where(), what, name, p.invoked)
}

// appJSON is an app for programs and people, by the names of columns, without its secrets. A list or limit that is
// none is null.
func appJSON(a *claims.App) map[string]any {
	limit := func(n int) any {
		if n == claims.Unlimited {
			return nil
		}
		return n
	}
	m := map[string]any{
		"id": a.ID, "key": a.Key, "enabled": a.Enabled,
		"enable_client_messages": a.EnableClientMessages, "allow_client_events_on_public": a.AllowClientEventsOnPublic,
		"enable_user_authentication": a.EnableUserAuthentication, "enable_subscription_count": a.EnableSubscriptionCount,
		"enable_watchlist": a.EnableWatchlist, "enable_storage_events": a.EnableStorageEvents,
		"max_connections": limit(a.MaxConnections), "max_backend_events_per_sec": limit(a.MaxBackendEventsPerSecond),
		"max_client_events_per_sec": limit(a.MaxClientEventsPerSecond), "max_read_req_per_sec": limit(a.MaxReadRequestsPerSecond),
		"max_presence_members_per_channel": a.MaxPresenceMembersPerChannel, "max_presence_member_size_in_kb": a.MaxPresenceMemberSizeInKB,
		"max_channel_name_length": a.MaxChannelNameLength, "max_event_channels_at_once": a.MaxEventChannelsAtOnce,
		"max_event_name_length": a.MaxEventNameLength, "max_event_payload_in_kb": a.MaxEventPayloadInKB,
		"max_event_batch_size": a.MaxEventBatchSize, "webhook_delay_ms": a.WebhookDelay.Milliseconds(),
		"allowed_origins": nil, "webhooks": webhookJSON(a.Webhooks),
	}
	if a.AllowedOrigins != nil {
		m["allowed_origins"] = a.AllowedOrigins
	}
	return m
}

// webhookJSON is where webhooks go and what they hear. Their headers and credentials stay out, and of URLs all but the
// host: any of these may be as good as a secret.
func webhookJSON(hooks []claims.Webhook) []map[string]any {
	all := make([]map[string]any, len(hooks))
	for i, h := range hooks {
		m := map[string]any{"event_types": h.EventTypes}
		if h.Lambda != nil {
			m["lambda_function"], m["region"], m["async"] = h.Lambda.Function, h.Lambda.Region, h.Lambda.Async
		} else {
			m["url"] = hostOf(h.URL)
		}
		if len(h.Headers) > 0 {
			m["headers"] = slices.Sorted(maps.Keys(h.Headers))
		}
		for name, text := range map[string]string{"channel_name_starts_with": h.ChannelNameStartsWith, "channel_name_ends_with": h.ChannelNameEndsWith} {
			if text != "" {
				m[name] = text
			}
		}
		all[i] = m
	}
	return all
}

// shownAttribute writes a value of appJSON for a person, with the space before it.
func shownAttribute(v any) string {
	switch v := v.(type) {
	case nil:
		return " any"
	case []map[string]any:
		if len(v) == 0 {
			return " none"
		}
		all := make([]string, len(v))
		for i, m := range v {
			all[i] = "\n  " + flowYAML(m)
		}
		return strings.Join(all, "")
	case []string:
		if len(v) == 0 {
			return " none"
		}
		return " " + strings.Join(v, ", ")
	}
	return " " + fmt.Sprint(v)
}
