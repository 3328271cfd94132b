package apps

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dormouse/claims"
)

// ErrInvalid says that a record is no app: it lacks an id, a key or a secret. Nothing is put in their place,
// since whoever knows the substitute could sign for the app.
var ErrInvalid = errors.New("the record is no app")

// Decode reads one app's record, whichever source it came from.
//
// Each attribute may have any of its three names; if there are several with a value, snake_case wins over
// PascalCase, and that over camelCase. Null and empty text count as absent. Absent attributes have defaults, and
// one that cannot be read has it too, and a Warning. Warnings also tell of booleans that soketi read otherwise.
// d may have zero fields. The app shares nothing with r. Decode never panics, whatever r holds.
//
// Errors: ErrInvalid, wrapped, naming every attribute that is missing.
// Source: soketi, "App Management"; its SQL schema and its DynamoDB item.
func Decode(r Record, d Defaults) (*claims.App, []Warning, error) {
	d.EnsureDefaults()
	var app claims.App
	var errs []error
	need := func(to *string, f Field, bound int) {
		if err := required(to, r, f, bound); err != nil {
			errs = append(errs, err)
		}
	}
	need(&app.ID, fieldID, claims.MaxAppName)
	need(&app.Key, fieldKey, claims.MaxAppName)
	need(&app.Secret, fieldSecret, maxSecret)
	if len(errs) > 0 {
		return nil, nil, fmt.Errorf("%w: app %s: %w", ErrInvalid, cut(app.ID), join(errs))
	}
	x := decoding{record: r, defaults: d, app: app.ID}
	x.limits(&app)
	x.switches(&app)
	x.extras(&app)
	app.Webhooks = x.webhooks()
	return &app, x.warnings, nil
}

// maxSecret bounds what every signature is made with.
const maxSecret = 64 << 10

func required(to *string, r Record, f Field, bound int) error {
	name, v, ok := f.in(r)
	if !ok {
		return fmt.Errorf("%s is missing or empty", f)
	}
	text, ok := readText(v)
	switch {
	case !ok:
		return fmt.Errorf("%s is %s, expected text", name, kind(v))
	case len(text) > bound:
		return fmt.Errorf("%s has %d bytes, at most %d are allowed", name, len(text), bound)
	}
	*to = text
	return nil
}

// join is errors.Join on one line.
func join(errs []error) error {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// decoding is one record on its way to an app.
type decoding struct {
	record   Record
	defaults Defaults
	app      string
	warnings []Warning
}

// maxWarnings keeps what one record can say bounded.
const maxWarnings = 50

func (x *decoding) warn(attribute, format string, args ...any) {
	if len(x.warnings) < maxWarnings {
		x.warnings = append(x.warnings, Warning{x.app, attribute, fmt.Sprintf(format, args...)})
	}
}

func (x *decoding) limits(a *claims.App) {
	a.MaxConnections = x.unlimited(fieldMaxConnections)
	if a.MaxConnections == 0 {
		a.MaxConnections = claims.Unlimited // as soketi has it: only the rates know a zero
	}
	a.MaxBackendEventsPerSecond = x.unlimited(fieldBackendEvents)
	a.MaxClientEventsPerSecond = x.unlimited(fieldClientEvents)
	a.MaxReadRequestsPerSecond = x.unlimited(fieldReadRequests)

	a.MaxPresenceMembersPerChannel = x.positive(fieldPresenceMembers, x.defaults.MaxPresenceMembersPerChannel)
	a.MaxPresenceMemberSizeInKB = x.size(fieldPresenceMemberSize, x.defaults.MaxPresenceMemberSizeInKB)
	a.MaxChannelNameLength = x.positive(fieldChannelNameLength, x.defaults.MaxChannelNameLength)
	a.MaxEventChannelsAtOnce = x.positive(fieldEventChannels, x.defaults.MaxEventChannelsAtOnce)
	a.MaxEventNameLength = x.positive(fieldEventNameLength, x.defaults.MaxEventNameLength)
	a.MaxEventPayloadInKB = x.size(fieldEventPayload, x.defaults.MaxEventPayloadInKB)
	a.MaxEventBatchSize = x.positive(fieldEventBatch, x.defaults.MaxEventBatchSize)
}

// unlimited reads a limit that is Unlimited unless the record says otherwise.
func (x *decoding) unlimited(f Field) int {
	name, v, ok := f.in(x.record)
	if !ok {
		return claims.Unlimited
	}
	n, ok := readInt(v)
	if !ok {
		x.warn(name, "is %s, expected a whole number; there is no limit", quote(v))
	}
	if !ok || n < 0 {
		return claims.Unlimited
	}
	return n
}

// positive reads a limit that must let something through. Zero and less are the server's default, without a
// warning: soketi's own sample item has -1 here.
func (x *decoding) positive(f Field, def int) int {
	name, v, ok := f.in(x.record)
	if !ok {
		return def
	}
	n, ok := readInt(v)
	if !ok {
		x.warn(name, "is %s, expected a whole number; %d is used", quote(v), def)
	}
	if !ok || n <= 0 {
		return def
	}
	return n
}

// size is positive for KiB, which have fractions.
func (x *decoding) size(f Field, def float64) float64 {
	name, v, ok := f.in(x.record)
	if !ok {
		return def
	}
	kb, ok := readFloat(v)
	if !ok {
		x.warn(name, "is %s, expected a number; %s is used", quote(v), strconv.FormatFloat(def, 'g', -1, 64))
	}
	if !ok || !(kb > 0) {
		return def
	}
	return kb
}

func (x *decoding) switches(a *claims.App) {
	a.Enabled = x.soketi(fieldEnabled, true, truthy)
	a.EnableClientMessages = x.soketi(fieldClientMessages, false, truthyButBytes)
	a.EnableUserAuthentication = x.soketi(fieldUserAuthentication, false, truthy)
	a.EnableSubscriptionCount = x.boolean(fieldSubscriptionCount, false)
	a.EnableWatchlist = x.boolean(fieldWatchlist, true)
	a.EnableStorageEvents = x.boolean(fieldStorageEvents, false)
	a.AllowClientEventsOnPublic = x.boolean(fieldClientEventsOnPublic, x.defaults.AllowClientEventsOnPublic)
}

func (x *decoding) boolean(f Field, def bool) bool {
	name, v, ok := f.in(x.record)
	if !ok {
		return def
	}
	b, ok := readBool(v)
	if !ok {
		x.warn(name, "is %s, expected %s; %t is used", quote(v), Words, def)
		return def
	}
	return b
}

// soketi is boolean for a switch that soketi has too, and reads by its own rule.
func (x *decoding) soketi(f Field, def bool, theirs func(any) bool) bool {
	name, v, ok := f.in(x.record)
	if !ok {
		return def
	}
	if x.defaults.LegacyTruthiness {
		return theirs(v)
	}
	b, ok := readBool(v)
	if ok && b != theirs(v) {
		x.warn(name, "is %s, which means %t here and meant %t in soketi; apps.legacy_truthiness brings that back",
			quote(v), b, !b)
	}
	if !ok {
		return x.boolean(f, def)
	}
	return b
}

func (x *decoding) extras(a *claims.App) {
	if name, v, ok := fieldPreviousSecret.in(x.record); ok {
		text, ok := readText(v)
		if !ok || len(text) > maxSecret {
			x.warn(name, "is %s, expected text of at most %d bytes; only the secret itself is accepted", kind(v), maxSecret)
			text = ""
		}
		a.PreviousSecret = text
	}
	if name, _, ok := fieldNamespace.in(x.record); ok {
		x.warn(name, "is not supported: no two apps share channels; the app keeps its own")
	}
	a.WebhookDelay = x.delay(fieldWebhookDelay, max(x.defaults.WebhookDelay, 0))
	a.AllowedOrigins = x.origins(fieldAllowedOrigins)
}

// delay reads milliseconds; unlike in limits, zero is meant.
func (x *decoding) delay(f Field, def time.Duration) time.Duration {
	name, v, ok := f.in(x.record)
	if !ok {
		return def
	}
	ms, ok := readInt(v)
	if !ok || ms < 0 {
		x.warn(name, "is %s, expected milliseconds; %v is used", quote(v), def)
		return def
	}
	if most := int(maxWebhookDelay / time.Millisecond); ms > most {
		x.warn(name, "is longer than %d; that is used", most)
		ms = most
	}
	return time.Duration(ms) * time.Millisecond
}

// origins reads whom browsers may come from. A list that is there and has nothing usable in it allows none:
// somebody wanted a restriction, and a mistake in it must not lift it.
func (x *decoding) origins(f Field) []string {
	name, v, ok := f.in(x.record)
	if !ok {
		return nil
	}
	list, dropped, ok := x.texts(name, v)
	if !ok {
		x.warn(name, "is %s, expected a list of origins; none is allowed", kind(v))
		return []string{}
	}
	if len(list)+dropped == 0 {
		return nil // written out, but empty: no restriction
	}
	origins := make([]string, 0, len(list))
	for _, o := range list {
		switch o = strings.TrimRight(o, "/"); o {
		case "*":
			return nil
		case "":
		default:
			origins = append(origins, o)
		}
	}
	return origins
}

// maxListed bounds lists of text.
const maxListed = 1000

// texts reads a list of text: a list, a JSON array in text, or text with commas. Elements that are no text are
// left out with a warning, and counted.
func (x *decoding) texts(name string, v any) (list []string, dropped int, ok bool) {
	v, err := unwrapped(v, "[")
	if err != nil {
		x.warn(name, "is text that is %v", err)
		return nil, 0, false
	}
	var parts []any
	switch v := v.(type) {
	case string:
		for part := range strings.SplitSeq(v, ",") {
			parts = append(parts, part)
		}
	case []string:
		for _, part := range v {
			parts = append(parts, part)
		}
	case []any:
		parts = v
	default:
		return nil, 0, false
	}
	if len(parts) > maxListed {
		x.warn(name, "has %d elements; those after the first %d are left out", len(parts), maxListed)
		parts = parts[:maxListed]
	}
	for _, part := range parts {
		text, ok := readText(part)
		if !ok {
			x.warn(name, "has %s in its list, expected text; it is left out", kind(part))
			dropped++
		} else if text = strings.TrimSpace(text); text != "" {
			list = append(list, text)
		}
	}
	return list, dropped, true
}
