package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"dormouse/persistence"
)

type backupCmd struct {
	clientFlags
	AdminURL string `name:"admin-url" placeholder:"URL" help:"The admin listener, such as http://127.0.0.1:9090; also DORMOUSE_ADMIN_URL."`
	Dir      string `arg:"" help:"New or empty folder for the backup, on the server's machine."`
	JSON     bool   `help:"Print the server's answer."`
}

func (*backupCmd) Help() string {
	return "The backup is the state of one moment, taken while the server goes on. On the server's own file system it is made of links: copy it elsewhere, then remove it."
}

// Run has the running server write the backup, and returns when it is whole.
func (c *backupCmd) Run(ctx context.Context, p *program) error {
	if c.URL != "" {
		return usagef("a backup is asked of the admin listener: give --admin-url, not --url")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	c.URL = c.AdminURL
	api, err := c.client(p, true)
	if err != nil {
		return err
	}
	var done struct {
		Dir     string  `json:"dir"`
		Seconds float64 `json:"seconds"`
	}
	if err := api.do(ctx, "POST", "/backup", map[string]string{"dir": dir}, &done); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, done)
	}
	newPrinter(p.out, p.env).line("backed up to %s in %.2f s; check it with  %s verify %s", done.Dir, done.Seconds, p.invoked, shellQuote(done.Dir))
	return nil
}

type restoreCmd struct {
	From string `arg:"" help:"The backup."`
	To   string `arg:"" help:"New or empty folder, which becomes a data folder."`
}

func (*restoreCmd) Help() string {
	return "No server may run on either folder. History does not go on from a backup: clients that come back are told to read afresh."
}

// Run restores, and checks what it made.
func (c *restoreCmd) Run(p *program) error {
	if err := persistence.Restore(c.From, c.To); err != nil {
		return explainFolder(err)
	}
	report, err := persistence.Verify(c.To)
	if err != nil {
		return explainFolder(err)
	}
	if !report.OK() {
		return fmt.Errorf("restored, but with %d faults: see  dormouse verify %s", len(report.Faults), shellQuote(c.To))
	}
	newPrinter(p.out, p.env).line("restored %d channels to %s; start with  %s serve --data %s", report.Actors, c.To, p.invoked, shellQuote(c.To))
	return nil
}

type verifyCmd struct {
	Dir  string `arg:"" help:"A backup, or a data folder that no server runs on."`
	JSON bool   `help:"Print one JSON object."`
}

// Run reads everything. A fault in the data is a failure.
func (c *verifyCmd) Run(p *program) error {
	report, err := persistence.Verify(c.Dir)
	if err != nil {
		return explainFolder(err)
	}
	if c.JSON {
		err = printJSON(p.out, map[string]any{
			"ok": report.OK(), "actors": report.Actors, "rows": report.Rows, "entries": report.Entries,
			"due": report.Due, "events": report.Events, "spent": report.Spent, "revoked": report.Revoked, "listed": report.Listed,
			"faults": append([]string{}, report.Faults...),
		})
	} else {
		out := newPrinter(p.out, p.env)
		out.table([][]string{
			{"channels", strconv.Itoa(report.Actors)},
			{"rows", strconv.Itoa(report.Rows)},
			{"log entries", strconv.Itoa(report.Entries)},
			{"timers", strconv.Itoa(report.Due)},
			{"events waiting", strconv.Itoa(report.Events)},
			{"spent tokens", strconv.Itoa(report.Spent)},
			{"revocations", strconv.Itoa(report.Revoked)},
		})
		for _, f := range report.Faults {
			out.line("fault: %s", f)
		}
	}
	if err == nil && !report.OK() {
		err = fmt.Errorf("%s has %d faults", c.Dir, len(report.Faults))
	}
	return err
}

// explainFolder adds to an offline command's error what can be done about it.
func explainFolder(err error) error {
	switch {
	case errors.Is(err, persistence.ErrInUse):
		return fmt.Errorf("%w: stop the server that runs on it", err)
	case errors.Is(err, persistence.ErrNewerFormat):
		return fmt.Errorf("%w: use the version of dormouse that wrote it, or a newer one", err)
	}
	return err
}
