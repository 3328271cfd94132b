package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// Main runs the program with the process's arguments and environment, and ends the process: with 0 if all
// went well, 1 if something failed, 2 if the command line or the configuration is wrong.
func Main(options ...Option) {
	p := &program{
		args: os.Args[1:], env: os.Environ(), invoked: invocation(),
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
	}
	for _, o := range options {
		o(p)
	}
	os.Exit(p.run(context.Background()))
}

// An Option changes what Main's program is made of.
type Option func(*program)

// WithVersion sets what the version command says. Default: what the Go tool recorded of the build.
func WithVersion(version string) Option { return func(p *program) { p.version = version } }

// A program is one call of the command line, with everything it touches.
type program struct {
	args    []string
	env     []string // as os.Environ gives it
	invoked string   // how a person would call the program again
	version string
	in      io.Reader
	out     io.Writer
	err     io.Writer
	log     *logQueue // of a server, which err is then; nil: err waits for its reader
}

const (
	exitFailure = 1
	exitUsage   = 2
)

// A usageError is a wrong command line: the exit code is 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// cli is the command line. Kong reads its tags.
type cli struct {
	Dev   devCmd   `cmd:"" group:"server" help:"Run a server for development: one command, no configuration, fresh keys."`
	Serve serveCmd `cmd:"" group:"server" help:"Run a server, configured by a file, DORMOUSE_* variables and flags."`

	Config struct {
		Check    configCheckCmd    `cmd:"" help:"Print the effective configuration, secrets hidden, and everything that is wrong with it."`
		Defaults configDefaultsCmd `cmd:"" help:"Print a configuration file with every key, its meaning and its default."`
	} `cmd:"" group:"server" help:"Look at configurations."`

	Publish publishCmd `cmd:"" group:"client" help:"Send an event to a channel's subscribers."`
	Set     setCmd     `cmd:"" group:"client" help:"Write an entry of a channel's storage."`
	Get     getCmd     `cmd:"" group:"client" help:"Print an entry of a channel's storage."`
	List    listCmd    `cmd:"" group:"client" help:"Print all entries of a channel's storage."`
	Watch   watchCmd   `cmd:"" group:"client" help:"Subscribe to a channel and print what it says."`

	Connections connectionsCmd `cmd:"" group:"client" help:"List who is connected."`
	Kick        kickCmd        `cmd:"" group:"client" help:"End a connection, or all of a user."`
	Revoke      revokeCmd      `cmd:"" group:"client" help:"Take tokens back, and end what was made with them."`
	Delete      deleteCmd      `cmd:"" group:"client" help:"Delete everything that a channel keeps."`

	Token struct {
		Mint    tokenMintCmd    `cmd:"" default:"withargs" help:"Sign a token and print it. The word mint may be left out."`
		Inspect tokenInspectCmd `cmd:"" help:"Print what a token says, and whether a key accepts it."`
	} `cmd:"" group:"client" help:"Make and read tokens."`

	Events struct {
		Dead   eventsDeadCmd   `cmd:"" help:"List events that an endpoint never took."`
		Replay eventsReplayCmd `cmd:"" help:"Send dead letters again, to the endpoints that did not take them."`
		Delete eventsDeleteCmd `cmd:"" help:"Drop dead letters for good."`
	} `cmd:"" group:"client" help:"Look after events that did not reach a backend."`

	Schedules struct {
		List   schedulesListCmd   `cmd:"" help:"List what is scheduled and when it is due."`
		Cancel schedulesCancelCmd `cmd:"" help:"Cancel schedules, by id."`
	} `cmd:"" group:"client" help:"Look after what is scheduled."`

	Apps appsCmd `cmd:"" group:"data" help:"Look at the apps of Pusher clients, where they are kept. Nothing is changed."`

	Backup  backupCmd  `cmd:"" group:"data" help:"Write a backup of a running server's data."`
	Restore restoreCmd `cmd:"" group:"data" help:"Make a data folder of a backup."`
	Verify  verifyCmd  `cmd:"" group:"data" help:"Read a whole backup or data folder and tell what is wrong with it."`
	Version versionCmd `cmd:"" group:"data" help:"Print the versions of the program and of what it is made of."`
}

const description = "Dormouse: realtime channels with storage, in one binary."

// groups are the headings of the help: those of commands, and those of settings.
var groups = []kong.Group{
	{Key: "server", Title: "Servers:"},
	{Key: "client", Title: "With a running server, found by --url, DORMOUSE_URL, or dormouse dev's folder:"},
	{Key: "data", Title: "Data and versions:"},
	{Key: "settings", Title: "Addresses, data, API keys:"},
	{Key: "token", Title: "Tokens:"},
	{Key: "tls", Title: "TLS:"},
	{Key: "durability", Title: "Durability:"},
	{Key: "presence", Title: "Presence channels:"},
	{Key: "storage", Title: "Storage:"},
	{Key: "limits", Title: "Limits, each a guard against some abuse:"},
	{Key: "log", Title: "Logs:"},
	{Key: "admin", Title: "Admin listener:"},
	{Key: "docs", Title: "Documentation:"},
	{Key: "drain", Title: "Stopping:"},
	{Key: "runtime", Title: "Go runtime:"},
	{Key: "events", Title: "Events for backends:"},
	{Key: "apps", Title: "Apps of Pusher clients:"},
	{Key: "pusher", Title: "Pusher's protocol:"},
}

// A helpExit is how kong asks to end after --help.
type helpExit struct{ code int }

// run parses the command line, runs the command and returns the exit code.
func (p *program) run(ctx context.Context) (code int) {
	defer func() { p.log.close() }()
	defer func() {
		switch e := recover().(type) {
		case nil:
		case helpExit:
			code = e.code
		default:
			panic(e)
		}
	}()
	var c cli
	c.Serve.Plugins = kong.Plugins{newSettingFlags("")}
	c.Config.Check.Plugins = kong.Plugins{newSettingFlags("")}
	for _, f := range c.Apps.flags() {
		f.Plugins = kong.Plugins{newSettingFlags("apps.")}
	}
	parser, err := kong.New(&c,
		kong.Name("dormouse"), kong.Description(description),
		kong.Writers(p.out, p.err),
		kong.Exit(func(code int) { panic(helpExit{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.ExplicitGroups(groups),
		kong.Vars{"rights": strings.Join(rightWords(), ", ")},
		kong.Bind(p),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		panic(err) // the tags of cli are wrong
	}
	kctx, err := parser.Parse(p.args)
	if err != nil {
		var parse *kong.ParseError
		if errors.As(err, &parse) {
			kctx = parse.Context
		}
		return p.fail(kctx, usageError{err})
	}
	if err := kctx.Run(); err != nil {
		return p.fail(kctx, err)
	}
	return 0
}

// fail tells an error and returns its exit code.
func (p *program) fail(kctx *kong.Context, err error) int {
	var usage usageError
	var faults Faults
	fmt.Fprintf(p.err, "dormouse: %s\n", redactText(err.Error()))
	switch {
	case errors.As(err, &faults):
		return exitUsage
	case errors.As(err, &usage):
		command := p.invoked
		if kctx != nil && kctx.Selected() != nil {
			command += strings.TrimPrefix(kctx.Selected().FullPath(), "dormouse")
		}
		fmt.Fprintf(p.err, "Run  %s --help  to see how it is used.\n", command)
		return exitUsage
	}
	return exitFailure
}

// newSettingFlags makes a struct with a flag for every setting whose key begins with prefix, for kong. The flags say
// nothing of defaults to kong: load must be able to tell a flag that was given from one that was not.
func newSettingFlags(prefix string) any {
	var fields []reflect.StructField
	for i, s := range DefaultConfig().settings() {
		if !strings.HasPrefix(s.key, prefix) {
			continue
		}
		group, _, nested := strings.Cut(s.key, ".")
		if !nested {
			group = "settings"
		}
		typ := reflect.TypeFor[*string]()
		extra := ""
		switch s.value.(type) {
		case boolValue:
			typ = reflect.TypeFor[*bool]()
		case listValue, keysValue, accessKeysValue, secretsValue, webhooksValue, appsValue:
			typ, extra = reflect.TypeFor[[]string](), ` sep:"none"`
		}
		help := s.help
		if def := strings.Trim(s.value.yaml(), `"`); !slices.Contains([]string{"", "[]", "{}", "false"}, def) {
			help += " (default " + def + ")"
		}
		tag := fmt.Sprintf(`name:"%s" help:%s placeholder:"%s" group:"%s"%s`,
			flagName(s.key), strconv.Quote(help), strings.ToUpper(s.value.unit()), group, extra)
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: typ, Tag: reflect.StructTag(tag)})
	}
	return reflect.New(reflect.StructOf(fields)).Interface()
}

// givenFlags reads what kong put into newSettingFlags' struct, by key.
func givenFlags(plugins kong.Plugins) map[string][]string {
	flags := map[string][]string{}
	v := reflect.ValueOf(plugins[0]).Elem()
	for i, s := range DefaultConfig().settings() {
		field := v.FieldByName(fmt.Sprintf("F%d", i))
		if !field.IsValid() {
			continue // no flag of this command
		}
		switch given := field.Interface().(type) {
		case *string:
			if given != nil {
				flags[s.key] = []string{*given}
			}
		case *bool:
			if given != nil {
				flags[s.key] = []string{strconv.FormatBool(*given)}
			}
		case []string:
			if len(given) > 0 {
				flags[s.key] = given
			}
		}
	}
	return flags
}
