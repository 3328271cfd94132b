package cmd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dormouse/persistence/apps"
)

// apps brings soketi's apps into apps.static. What variables say of the first app goes before what the file says
// of it; where the file has none, they say it of soketi's public one.
func (s *soketiImport) apps() {
	for _, driver := range []string{driverMySQL, driverPostgres} {
		// Not by set: a password is text, whatever it looks like.
		text, where, ok := s.text("database." + driver + ".password")
		if !ok {
			text, where = "password", soketiDefault
		}
		s.setSecret(driver, text, where)
	}
	if s.Apps.Driver != driverStatic {
		return // soketi does not look at them either
	}
	var list []appConfig
	if v, ok := s.values["appManager.array.apps"]; ok {
		list = s.fileApps(v)
	}
	first := map[string]any{}
	where := place{}
	for _, path := range slices.Sorted(maps.Keys(s.values)) {
		if isSoketiApp(path) {
			v := s.values[path]
			name := strings.TrimPrefix(path, soketiAppPath)
			if first[name] = v.value; where == (place{}) || strings.HasPrefix(v.where.name, soketiPrefix) {
				where = v.where
			}
		}
	}
	if len(first) > 0 {
		if len(list) == 0 {
			public := s.imported(where, apps.BuiltIn())
			public.public = "no secret is given"
			list = []appConfig{public}
		}
		s.overlay(&list[0], s.imported(where, first))
	}
	if len(list) > 0 {
		s.Apps.Static = list
		s.where["apps.static"] = where
		if v, ok := s.values["appManager.array.apps"]; ok {
			s.where["apps.static"] = v.where
		}
	}
}

func (s *soketiImport) setSecret(driver, text string, where place) {
	to := &s.Apps.MySQL.Password
	if driver == driverPostgres {
		to = &s.Apps.Postgres.Password
	}
	*to = secret{text: text}
	s.where["apps."+driver+".password"] = where
}

func (s *soketiImport) fileApps(v soketiValue) (list []appConfig) {
	items, ok := v.value.([]any)
	if !ok {
		s.fault(v.where, "apps.static", "wants a list of apps, each {\"id\", \"key\", \"secret\"}")
		return nil
	}
	for i, item := range items {
		attributes, ok := item.(map[string]any)
		if !ok {
			s.fault(v.where, "apps.static", fmt.Sprintf("app %d is no object", i+1))
			continue
		}
		list = append(list, s.imported(v.where, attributes))
	}
	return list
}

// imported is an app as soketi has it. Attributes have the names that we print.
func (s *soketiImport) imported(where place, attributes map[string]any) appConfig {
	a := appConfig{record: apps.Record{}, imported: true}
	known := map[string]bool{}
	for _, f := range apps.Fields() {
		for _, name := range []string{f.Camel, f.Pascal, f.Snake} {
			known[name] = true
			v, ok := attributes[name]
			if text, isText := v.(string); !ok || v == nil || isText && text == "" {
				continue
			}
			if text, isText := v.(string); isText && f.IsSwitch() && strings.HasPrefix(where.name, soketiPrefix) {
				if b, ok := apps.ParseBool(text); ok {
					v = b // a variable is text whatever it means
				}
			}
			a.record[f.Snake] = v
		}
	}
	a.secret, a.previous = taken(a.record, "secret"), taken(a.record, "previous_secret")
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if !known[name] {
			s.warnings = append(s.warnings, fmt.Sprintf("%s: %s is no attribute of an app, and was ignored", where, name))
		}
	}
	return a
}

// taken takes a secret out of a record. One that is no text stays, and is told of when the record is decoded.
func taken(r apps.Record, name string) secret {
	switch v := r[name].(type) {
	case string:
		delete(r, name)
		return secret{text: v}
	case json.Number:
		delete(r, name)
		return secret{text: v.String()}
	}
	return secret{}
}

// overlay has what another one says of the same app go before.
func (s *soketiImport) overlay(a *appConfig, with appConfig) {
	maps.Copy(a.record, with.record)
	if with.secret != (secret{}) {
		a.secret, a.public = with.secret, ""
	}
	if with.previous != (secret{}) {
		a.previous = with.previous
	}
}
