package apps

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"dormouse/claims"
)

// maxWebhooks bounds what one event can set in motion.
const maxWebhooks = 100

// webhooks reads the list of webhooks. One that cannot be used is left out with a warning, the others stay. Nothing
// in it is quoted but event types: headers and client_options hold secrets.
func (x *decoding) webhooks() []claims.Webhook {
	name, v, ok := fieldWebhooks.in(x.record)
	if !ok {
		return nil
	}
	v, err := unwrapped(v, "")
	if err != nil {
		x.warn(name, "is text that is %v, expected a JSON array; there are no webhooks", err)
		return nil
	}
	if v == nil {
		return nil // JSON's null in text
	}
	list, ok := v.([]any)
	if !ok {
		x.warn(name, "is %s, expected a list of webhooks; there are none", kind(v))
		return nil
	}
	if len(list) > maxWebhooks {
		x.warn(name, "has %d webhooks; those after the first %d are left out", len(list), maxWebhooks)
		list = list[:maxWebhooks]
	}
	var hooks []claims.Webhook
	for i, v := range list {
		w := webhookReader{decoding: x, name: fmt.Sprintf("%s[%d]", name, i)}
		if hook, ok := w.read(v); ok {
			hooks = append(hooks, hook)
		}
	}
	return hooks
}

// webhookReader reads one webhook of the list.
type webhookReader struct {
	*decoding
	name string // Webhooks[2]
}

func (w webhookReader) read(v any) (hook claims.Webhook, ok bool) {
	members, ok := object(v)
	if !ok {
		w.warn(w.name, "is %s, expected a map; the webhook is left out", kind(v))
		return hook, false
	}
	if hook.EventTypes = w.eventTypes(members["event_types"]); len(hook.EventTypes) == 0 {
		w.warn(w.name+".event_types", "names no event, expected a list out of %s; the webhook is left out",
			strings.Join(claims.WebhookEvents[:], ", "))
		return hook, false
	}
	if ok = w.target(&hook, members) && w.filter(&hook, members["filter"]); ok {
		hook.Headers = w.headers(members["headers"])
	}
	return hook, ok
}

func (w webhookReader) eventTypes(v any) []string {
	if empty(v) {
		return nil
	}
	name := w.name + ".event_types"
	list, _, ok := w.texts(name, v)
	if !ok {
		return nil
	}
	var types []string
	for _, t := range list {
		switch {
		case !slices.Contains(claims.WebhookEvents[:], t):
			w.warn(name, "has %s, which is no event; it is left out", cut(t))
		case !slices.Contains(types, t):
			types = append(types, t)
		}
	}
	return types
}

// target reads where the webhook goes.
func (w webhookReader) target(hook *claims.Webhook, members map[string]any) bool {
	if v := members["url"]; !empty(v) {
		text, ok := readText(v)
		text = strings.TrimSpace(text)
		if u, err := url.Parse(text); !ok || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			w.warn(w.name+".url", "is not an absolute http or https address; the webhook is left out")
			return false
		}
		hook.URL = text
		return true
	}
	function := w.text(members, "lambda_function")
	if function == "" {
		w.warn(w.name, "has neither url nor lambda_function; the webhook is left out")
		return false
	}
	hook.Lambda = w.lambda(function, members)
	return true
}

// defaultRegion is soketi's, for functions without one.
const defaultRegion = "us-east-1"

func (w webhookReader) lambda(function string, members map[string]any) *claims.LambdaTarget {
	lambda := w.part(members, "lambda")
	options := w.within("lambda").part(lambda, "client_options")
	credentials := w.within("lambda.client_options").part(options, "credentials")
	if len(credentials) == 0 {
		credentials = options // the older way to write them
	}
	t := &claims.LambdaTarget{
		Function:        function,
		Region:          w.within("lambda").text(lambda, "region"),
		Endpoint:        w.within("lambda.client_options").text(options, "endpoint"),
		AccessKeyID:     w.text(credentials, "accessKeyId"),
		SecretAccessKey: w.text(credentials, "secretAccessKey"),
		SessionToken:    w.text(credentials, "sessionToken"),
	}
	if v := lambda["async"]; !empty(v) {
		async, ok := readBool(v)
		if !ok {
			w.warn(w.name+".lambda.async", "is %s, expected %s; false is used", kind(v), Words)
		}
		t.Async = async
	}
	if t.Region == "" {
		t.Region = w.text(members, "region")
	}
	if t.Region == "" {
		t.Region = defaultRegion
	}
	return t
}

// filter reads the webhook's filter. Without it the webhook would hear what it was not meant to, so one that cannot
// be read leaves the whole webhook out.
func (w webhookReader) filter(hook *claims.Webhook, v any) bool {
	if empty(v) {
		return true
	}
	members, ok := object(v)
	if !ok {
		w.warn(w.name+".filter", "is %s, expected a map; the webhook is left out", kind(v))
		return false
	}
	part := func(to *string, name string) bool {
		v := members[name]
		if empty(v) {
			return true
		}
		if *to, ok = readText(v); !ok {
			w.warn(w.name+".filter."+name, "is %s, expected text; the webhook is left out", kind(v))
		}
		return ok
	}
	return part(&hook.ChannelNameStartsWith, "channel_name_starts_with") &&
		part(&hook.ChannelNameEndsWith, "channel_name_ends_with")
}

// maxHeaders bounds the headers of a webhook.
const maxHeaders = 50

func (w webhookReader) headers(v any) map[string]string {
	if empty(v) {
		return nil
	}
	name := w.name + ".headers"
	members, ok := object(v)
	if !ok {
		w.warn(name, "is %s, expected a map; there are none", kind(v))
		return nil
	}
	if len(members) > maxHeaders {
		w.warn(name, "has %d headers, at most %d are allowed; none is sent", len(members), maxHeaders)
		return nil
	}
	headers := make(map[string]string, len(members))
	for _, h := range slices.Sorted(maps.Keys(members)) {
		v := members[h]
		value, ok := readText(v)
		switch {
		case strings.EqualFold(h, "X-Pusher-Key") || strings.EqualFold(h, "X-Pusher-Signature"):
			w.warn(name, "has %s, which only the server sets; it is left out", cut(h))
		case !isHeaderName(h):
			w.warn(name, "has the name %s, which HTTP does not allow; it is left out", cut(h))
		case !ok || !isHeaderValue(value):
			w.warn(name, "has a value under %s that HTTP does not allow; it is left out", cut(h))
		default:
			headers[h] = value
		}
	}
	return headers
}

// isHeaderName reports whether s is a token, RFC 9110 §5.6.2.
func isHeaderName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && !isDigit(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isHeaderValue reports whether s is a field value, RFC 9110 §5.5: a line break in it would make headers of its own.
func isHeaderValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// within is w for the members of a part.
func (w webhookReader) within(part string) webhookReader {
	w.name += "." + part
	return w
}

// text reads one member that is text, "" if there is none.
func (w webhookReader) text(members map[string]any, name string) string {
	v := members[name]
	if empty(v) {
		return ""
	}
	text, ok := readText(v)
	if !ok {
		w.warn(w.name+"."+name, "is %s, expected text; it is left out", kind(v))
	}
	return strings.TrimSpace(text)
}

// part reads one member that is a map, nil if there is none.
func (w webhookReader) part(members map[string]any, name string) map[string]any {
	v := members[name]
	if empty(v) {
		return nil
	}
	part, ok := object(v)
	if !ok {
		w.warn(w.name+"."+name, "is %s, expected a map; it is left out", kind(v))
	}
	return part
}

// object reads a map, or text that holds a JSON object.
func object(v any) (map[string]any, bool) {
	v, err := unwrapped(v, "{")
	if err != nil {
		return nil, false
	}
	m, ok := v.(map[string]any)
	return m, ok
}
