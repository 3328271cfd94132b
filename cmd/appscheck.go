package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"dormouse/persistence/apps"
)

type appsCheckCmd struct {
	appsFlags
	IDs  []string `arg:"" name:"id" optional:"" help:"Ids of apps; none: all that can be listed."`
	JSON bool     `help:"Print one JSON object a line."`
}

func (*appsCheckCmd) Help() string {
	return "Looks up names that are not there, to see whether the table answers and the permissions are enough; then every app, by id and by key, and compares the two. To list all apps of a table in DynamoDB wants the permission dynamodb:Scan, which a server does without; name apps if you do not have it. The exit code is 1 if anything is wrong that a server cannot make up for."
}

// An appsCheck is one look at a table and its apps.
type appsCheck struct {
	*appStore
	source apps.Source
	// say takes one line: ok, warning or fault, the app it is about or none, and the text.
	say              func(level, app, text string)
	warnings, faults int
}

// Run checks, and fails if there was a fault.
func (c *appsCheckCmd) Run(ctx context.Context, p *program) error {
	s, err := c.store(p)
	if err != nil {
		return err
	}
	out := newPrinter(p.out, p.env)
	check := &appsCheck{appStore: s}
	check.say = func(level, app, text string) {
		switch level {
		case "warning":
			check.warnings++
		case "fault":
			check.faults++
		}
		if c.JSON {
			line := map[string]string{"level": level, "message": text}
			if app != "" {
				line["app"] = app
			}
			_ = printJSON(p.out, line) // who reads no more has seen enough
			return
		}
		if app != "" {
			text = fmt.Sprintf("app %q: %s", app, text)
		}
		out.line("%-7s  %s", level, text)
	}
	// What a source logs of a table is what is looked for here.
	if check.source, err = s.open(slog.New(warningLog{func(text string) { check.say("warning", "", text) }})); err != nil {
		return err
	}
	defer func() { _ = check.source.Close() }() // it only reads
	if !c.JSON {
		out.line("%s", s.where())
	}
	n := 0
	if check.lookups(ctx) {
		n = check.all(ctx, c.IDs)
	}
	if !c.JSON {
		out.line("%s, %s, %s", counted(n, "app"), counted(check.warnings, "warning"), counted(check.faults, "fault"))
	}
	if check.faults > 0 {
		return fmt.Errorf("%s has %s", s.where(), counted(check.faults, "fault"))
	}
	return nil
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// lookups asks for what is not there, by id and by key, and reports whether the table answers.
func (c *appsCheck) lookups(ctx context.Context) bool {
	nobody := "dormouse-check-" + rand.Text()
	for _, by := range []struct {
		what string
		find func(context.Context, string) (apps.Record, error)
	}{{"id", c.source.ByID}, {"key", c.source.ByKey}} {
		if _, err := by.find(ctx, nobody); !errors.Is(err, apps.ErrNoRecord) {
			c.say("fault", "", fmt.Sprintf("lookup by %s: %v", by.what, err))
		} else {
			c.say("ok", "", "lookup by "+by.what)
		}
	}
	return c.faults == 0
}

// all checks the apps with these ids, or every one, and returns how many there were.
func (c *appsCheck) all(ctx context.Context, ids []string) (n int) {
	for _, id := range ids {
		n++
		r, err := c.source.ByID(ctx, id)
		if err != nil {
			c.say("fault", id, err.Error())
			continue
		}
		c.one(ctx, r)
	}
	if len(ids) > 0 {
		return n
	}
	err := c.each(ctx, c.source, func(r apps.Record) error {
		n++
		c.one(ctx, r)
		return ctx.Err()
	})
	if err != nil {
		c.say("fault", "", err.Error()+"; name the apps to check, by id, to do without")
	}
	return n
}

// one checks one app.
func (c *appsCheck) one(ctx context.Context, r apps.Record) {
	id, key := apps.Name(r)
	app, warnings, err := apps.Decode(r, c.defaults)
	if err != nil {
		c.say("fault", id, noApp(id, err)+"; no server knows it")
		return
	}
	for _, w := range warnings {
		c.say("warning", id, w.Attribute+" "+w.Text)
	}
	if _, err := c.source.ByID(ctx, id); err != nil {
		c.say("fault", id, fmt.Sprintf("lookup by its id: %v", err))
		return
	}
	r, err = c.source.ByKey(ctx, key)
	if errors.Is(err, apps.ErrNoRecord) {
		c.say("fault", id, fmt.Sprintf("is not found by its key %q: no client can connect; an index needs seconds with a new app, and may lack others", key))
		return
	}
	if err != nil {
		c.say("fault", id, fmt.Sprintf("lookup by its key: %v", err))
		return
	}
	switch same, _, err := apps.Decode(r, c.defaults); {
	case err != nil:
		c.say("fault", id, "found by its key, it is another record: "+noApp(id, err))
	case same.ID != id:
		c.say("fault", id, fmt.Sprintf("its key is that of app %q, which counts, having the smaller id: no client can connect", same.ID))
	case !reflect.DeepEqual(same, app):
		c.say("warning", id, "found by its key, it says something else than by its id: the index does not hold all attributes, or it is being changed")
	default:
		c.say("ok", id, "key "+key)
	}
}

type appsSchemaCmd struct {
	appsFlags
	Store string `arg:"" optional:"" help:"Where the table is to be: dynamodb, mysql or postgres. Default: apps.driver."`
	Table string `placeholder:"NAME" help:"Its name. Default: the one that is configured."`
}

func (*appsSchemaCmd) Help() string {
	return "For DynamoDB it is what  aws dynamodb create-table --cli-input-json file:///dev/stdin  takes; else a statement in SQL. Nothing is made: Dormouse only reads tables of apps. soketi can read them too."
}

// Run prints the schema of the table that is configured, or asked for.
func (c *appsSchemaCmd) Run(p *program) error {
	l, err := c.store(p)
	if err != nil {
		return err
	}
	driver := c.Store
	if driver == "" {
		driver = l.driver
	}
	tables := appDrivers[1:]
	switch {
	case c.Store == "" && driver == driverStatic:
		return usagef("apps.driver is static, which has no table: say which one you mean, %s", strings.Join(tables, ", "))
	case !slices.Contains(tables, driver):
		return usagef("%q is none of %s%s", driver, strings.Join(tables, ", "), didYouMean(driver, tables))
	}
	text, err := l.schemaOf(driver, c.Table)
	if err != nil {
		return usageError{err}
	}
	_, err = fmt.Fprint(p.out, text)
	return err
}
