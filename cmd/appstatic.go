package cmd

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"dormouse/persistence/apps"
)

// An appConfig is one app of apps.static.
type appConfig struct {
	record           apps.Record // without secrets
	secret, previous secret
	line             int    // of the file; zero: it came from elsewhere
	imported         bool   // from soketi's configuration: what is wrong with it is told, and the rest of it used
	public           string // why its secret is soketi's public one; "": it has its own
}

type appRecords = recordsValue[appConfig, *appConfig]

func (a *appConfig) kind() (what, form string) {
	return "app", "{id: shop, key: 4f1c0e, secret: file:/path}"
}
func (a *appConfig) begins(line int) { a.line = line }

// fields are those of apps.Decode, by the names of columns.
func (a *appConfig) fields() []field {
	wanted := map[string]string{
		"id": "the name that backends use", "key": "the name that clients use",
		"secret": "what backends sign with, or file:/path; make one with  openssl rand -hex 20",
	}
	var all []field
	for _, f := range apps.Fields() {
		var v value = attributeValue{a, f}
		switch f.Camel {
		case "secret":
			v = secretValue{&a.secret}
		case "previousSecret":
			v = secretValue{&a.previous}
		case "namespace": // nothing that anybody can set
			continue
		}
		all = append(all, field{f.Snake, v, wanted[f.Camel]})
	}
	return all
}

// attributeValue is one attribute of an app that is not secret. What it must look like says apps.Decode.
type attributeValue struct {
	app   *appConfig
	field apps.Field
}

func (v attributeValue) set(t tree, _ string) error {
	if v.app.record == nil {
		v.app.record = apps.Record{}
	}
	value := t.value()
	if text, ok := value.(string); ok {
		if b, ok := apps.ParseBool(text); ok && v.field.IsSwitch() {
			value = b
		}
	}
	if value != nil {
		v.app.record[v.field.Snake] = value
	}
	return nil
}

func (v attributeValue) yaml() string {
	if v.field.Camel == "webhooks" {
		return webhookHosts(v.app.record[v.field.Snake])
	}
	return flowYAML(v.app.record[v.field.Snake])
}
func (v attributeValue) unit() string { return "text" }

// value is t as a source's record has it: text, nil, []any and map[string]any.
func (t *tree) value() any {
	switch t.kind {
	case treeScalar:
		return t.scalar
	case treeList:
		list := make([]any, len(t.list))
		for i := range t.list {
			list[i] = t.list[i].value()
		}
		return list
	case treePairs:
		m := make(map[string]any, len(t.pairs))
		for i := range t.pairs {
			m[t.pairs[i].name] = t.pairs[i].value.value()
		}
		return m
	}
	return nil
}

// flowYAML writes a value in one line.
func flowYAML(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quote(v)
	case []any:
		all := make([]string, len(v))
		for i, item := range v {
			all[i] = flowYAML(item)
		}
		return "[" + strings.Join(all, ", ") + "]"
	case []string:
		return listValue{&v}.yaml()
	case map[string]any:
		var all []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, quote(name)+": "+flowYAML(v[name]))
		}
		return "{" + strings.Join(all, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// webhookHosts tells where webhooks go and what they hear, and not the rest of them, which may be as good as a
// secret.
func webhookHosts(v any) string {
	list, ok := v.([]any)
	if !ok {
		return "(hidden)"
	}
	all := make([]string, len(list))
	for i, item := range list {
		shown := map[string]any{}
		if m, ok := item.(map[string]any); ok {
			for _, name := range []string{"lambda_function", "event_types"} {
				if m[name] != nil {
					shown[name] = m[name]
				}
			}
			if text, ok := m["url"].(string); ok {
				shown["url"] = hostOf(text)
			}
		}
		all[i] = flowYAML(shown)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// hostOf is a URL without what may be secret in it.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "?"
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// appsValue prints only what an app has.
type appsValue struct{ appRecords }

func (v appsValue) yaml() string {
	all := make([]string, len(*v.p))
	for i := range *v.p {
		a := &(*v.p)[i]
		all[i] = recordYAML(slices.DeleteFunc(a.fields(), func(f field) bool {
			switch v := f.value.(type) {
			case attributeValue:
				return a.record[v.field.Snake] == nil
			case secretValue:
				return *v.p == (secret{})
			}
			return false
		}))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// whole is the app's record with its secrets.
func (a *appConfig) whole() (apps.Record, error) {
	r := maps.Clone(a.record)
	if r == nil {
		r = apps.Record{}
	}
	for _, s := range []struct {
		name string
		secret
	}{{"secret", a.secret}, {"previous_secret", a.previous}} {
		text, err := s.read(true)
		if err != nil {
			return r, fmt.Errorf("%s: %w", s.name, err)
		}
		if s.path != "" {
			text = strings.TrimSpace(text)
		}
		if text != "" {
			r[s.name] = text
		}
	}
	return r, nil
}
