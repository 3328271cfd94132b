package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"dormouse/persistence/apps"
)

// An appStore is where apps are, checked.
type appStore struct {
	driver   string
	table    string            // with its driver, for people; "": apps.static
	tables   map[string]string // the tables that are configured, by driver
	records  []apps.Record     // of apps.static
	defaults apps.Defaults
	open     func(*slog.Logger) (apps.Source, error)
}

// appStore checks all settings of apps, and reads the secrets in them.
func (v *validation) appStore() *appStore {
	a := &v.Apps
	s := &appStore{driver: a.Driver, defaults: a.Defaults, tables: map[string]string{
		driverDynamoDB: a.DynamoDB.Table, driverMySQL: a.MySQL.Table, driverPostgres: a.Postgres.Table,
	}}
	s.defaults.WebhookDelay = off(s.defaults.WebhookDelay)
	v.translate("apps", s.defaults.Validate())
	if a.Driver == driverStatic {
		s.records = v.staticApps()
		s.open = func(*slog.Logger) (apps.Source, error) {
			source, _ := apps.NewStatic(s.records)
			return source, nil
		}
		return s
	}
	if len(a.Static) > 0 && !a.Static[0].imported {
		v.fault("apps.static", "has apps, which nobody looks at while apps.driver is %s", a.Driver)
	}
	v.openTable(s)
	return s
}

// staticApps reads each app of apps.static and says what is wrong with it, and with all of them together.
func (v *validation) staticApps() []apps.Record {
	var records []apps.Record
	for i := range v.Apps.Static {
		a := &v.Apps.Static[i]
		r, err := a.whole()
		if err != nil {
			v.appFault(a, i, err.Error())
			continue
		}
		_, warnings, err := apps.Decode(r, v.Apps.Defaults)
		if err != nil {
			id, _ := apps.Name(r)
			v.appFault(a, i, noApp(id, err))
			continue
		}
		for _, w := range warnings {
			if a.imported {
				v.warn("%s", w)
			} else {
				v.appFault(a, i, fmt.Sprintf("%s %s", w.Attribute, w.Fault()))
			}
		}
		if v.allowPublic(a.public) {
			records = append(records, r)
		}
	}
	if len(v.Apps.Static) == 0 && v.Apps.BuiltIn != builtInNever && v.allowPublic("there is no app") {
		records = append(records, apps.BuiltIn())
	}
	source, warnings := apps.NewStatic(records)
	for _, w := range warnings {
		v.fault("apps.static", "%s", w)
	}
	_ = source.Close() // it never fails: the list is in memory
	return records
}

// allowPublic decides on an app whose secret everybody knows, and says why.
func (v *validation) allowPublic(why string) bool {
	if why == "" {
		return true
	}
	host, ok := v.address("listen", v.HTTP.Addr)
	switch {
	case !ok: // that is a fault by itself
		return false
	case v.Apps.BuiltIn == builtInAnywhere, v.Apps.BuiltIn == builtInLoopback && isLoopback(host):
		v.warn("%s: soketi's public app is served, whose secret everybody knows: whoever reaches %s can do anything in it", why, v.HTTP.Addr)
		return true
	}
	v.fault("apps.built_in", "%s, and soketi's public one, whose secret everybody knows, is not served on %s while this is %s; "+
		"give an app in apps.static, or by SOKETI_DEFAULT_APP_ID, SOKETI_DEFAULT_APP_KEY and SOKETI_DEFAULT_APP_SECRET", why, v.HTTP.Addr, v.Apps.BuiltIn)
	return false
}

func (v *validation) appFault(a *appConfig, i int, text string) {
	fault := Fault{Where: v.where["apps.static"], Key: "apps.static", Message: fmt.Sprintf("app %d: %s", i+1, text)}
	if a.line > 0 {
		fault.Where.line = a.line
	}
	v.faults = append(v.faults, fault)
}

// tableFaults tells what a source says of its options, whose names come first in it, by the settings they come from.
func (v *validation) tableFaults(driver string, err error, words map[string]string) {
	for _, e := range unjoin(err) {
		key := "apps.driver"
		for word, name := range words {
			if strings.Contains(e.Error(), word+" ") {
				key = "apps." + driver + "." + name
			}
		}
		v.fault(key, "%v", e)
	}
}

var errNoLister = errors.New("cannot list its apps: name those that you mean, by id")
