package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"

	"dormouse/persistence/apps"
	"dormouse/transport/console"
)

type devCmd struct {
	Listen   string `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Address to listen on, of loopback; port 0 takes a free one (${default})."`
	Data     string `default:"dormouse-data" placeholder:"FOLDER" help:"Data folder; made if it is not there, kept for the next run (${default})."`
	LogLevel string `default:"warn" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"The least that is logged: ${enum} (${default})."`
	Pprof    bool   `help:"Serve Go's profiles on the admin listener, at /debug/pprof/."`
	JSON     bool   `help:"Print one JSON line with addresses, token and keys, for programs."`
}

func (*devCmd) Help() string {
	return "It makes a data folder with keys of its own, and serves a page where a few browser tabs share a game lobby. The keys are for development: dormouse serve refuses them."
}

const (
	devTokenTTL  = 24 * time.Hour // of the token that is printed
	demoTokenTTL = time.Minute    // of a page's token, which it renews at each connect
	demoChannel  = console.DemoLobby
)

// A devReport is what a development server tells about itself.
type devReport struct {
	URL      string   `json:"url"`
	Page     string   `json:"page"`
	Console  string   `json:"console"`
	Socket   string   `json:"websocket"` // with a token
	Token    string   `json:"token"`
	APIKey   string   `json:"apiKey"`
	App      devApp   `json:"app"`
	Admin    string   `json:"admin"`
	Data     string   `json:"data"`
	Commands []string `json:"commands"`
	PID      int      `json:"pid"`
}

// A devApp is the app that clients of Pusher's protocol use, soketi's own for development.
type devApp struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Secret string `json:"secret"`
}

func builtInApp() devApp {
	r := apps.BuiltIn()
	return devApp{fmt.Sprint(r["id"]), fmt.Sprint(r["key"]), fmt.Sprint(r["secret"])}
}

// Run serves until the process is told to stop.
func (c *devCmd) Run(ctx context.Context, p *program) error {
	log := p.openLog(c.LogLevel, "text")
	slog.SetDefault(log)
	defer tune(0, 0).pace()()
	_, statErr := os.Stat(c.Data)
	signals, deaf := listenSignals()
	defer deaf()
	s, report, err := c.start(p, log)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(devInfoPath(c.Data)) }() // left behind, it only makes a command say that nobody answers
	if c.JSON {
		err = printJSON(p.out, report)
	} else {
		report.print(newPrinter(p.out, p.env), errors.Is(statErr, fs.ErrNotExist))
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return untilStopped(ctx, s, signals, nil)
}

// start makes keys and a server for them, and leaves its address in the data folder.
func (c *devCmd) start(p *program, log *slog.Logger) (*Server, *devReport, error) {
	l := load(sources{})
	l.HTTP.Addr, l.Store.Dir, l.Pprof = c.Listen, c.Data, c.Pprof
	l.AdminListen = "127.0.0.1:0" // so that it never stands in the way of the one that counts
	l.Store.BallastBytes = -1     // 64 MiB that nobody expects in a project's folder
	l.Apps.BuiltIn = builtInLoopback
	l.where["listen"], l.where["data"] = place{name: "--listen"}, place{name: "--data"}

	var keys *devKeys
	var report *devReport
	v := &validation{loaded: l, use: forDev}
	if host, ok := v.address("listen", c.Listen); !ok {
		return nil, nil, usagef("--listen %s", v.faults[0].Message)
	} else if !isLoopback(host) {
		return nil, nil, usagef("--listen %s: a development server stays on loopback, as its keys and its page are open to all who reach it; use dormouse serve for others", c.Listen)
	}
	config := &checked{loaded: l, durability: v.durabilities(), apps: v.pusher()}
	s, err := start(config, log, extras{
		build:  p.versions(),
		log:    p.log,
		home:   http.RedirectHandler(console.DemoPath, http.StatusFound),
		ready:  func(uid string, umd json.RawMessage) (console.Ready, error) { return keys.ready(uid, umd) },
		sign:   func(claims json.RawMessage) (string, error) { return keys.sign(claims) },
		atOnce: true,
		// The keys come after the store has made the folder and found it to be ours.
		mount: func(s *Server) (err error) {
			if keys, err = openDevKeys(c.Data); err != nil {
				return err
			}
			l.TokenKeys, l.APIKeys = []tokenKey{keys.tokenKey()}, []secret{{text: keys.api}}
			checkedKeys, faults := l.validate(forDev)
			if err := faults.err(); err != nil {
				return err
			}
			if err := s.setKeys(checkedKeys); err != nil {
				return err
			}
			if report, err = c.report(p, s, keys); err != nil {
				return err
			}
			s.http.Handle(console.DemoPath, demo(keys, report.Commands, log))
			return nil
		},
	})
	if err != nil {
		return nil, nil, err
	}
	info, err := json.Marshal(devInfo{URL: report.URL, Admin: report.Admin, PID: report.PID})
	if err == nil {
		err = writePrivate(devInfoPath(c.Data), append(info, '\n'))
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, report, nil
}

// demo is the page, with tokens that allow what it needs and no more.
func demo(keys *devKeys, commands []string, log *slog.Logger) http.Handler {
	signer := keys.signer()
	return console.Demo(console.DemoOptions{
		Token: func(uid, name string) (string, error) {
			claims := console.DemoClaims(uid, name, console.DemoColor(uid))
			claims["exp"] = time.Now().Add(demoTokenTTL).Unix()
			return signer.sign(claims)
		},
		Commands: commands,
		Logger:   log,
	})
}

// ready is what the console begins with: a token for everything that it can do, on every channel.
func (k *devKeys) ready(uid string, umd json.RawMessage) (console.Ready, error) {
	claims := map[string]any{
		"scope": "connect umd", "uid": uid, "exp": time.Now().Add(devTokenTTL).Unix(),
		"umdUpdate": true, "umdPropagate": true,
	}
	if umd != nil {
		claims["umd"] = umd
	}
	if err := addChannel(claims, "*:all"); err != nil {
		return console.Ready{}, err
	}
	all := below(below(claims, "channels"), "*")
	all["historyStart"], all["umdUpdate"] = 0, true
	messages := below(below(all, "messages"), "*")
	messages["store"], messages["react"] = int(devTokenTTL/time.Second), true
	token, err := k.signer().sign(claims)
	return console.Ready{Token: token, APIKey: k.api}, err
}

// sign makes a token of claims that were written by hand, if the server would take it for anything.
//
// Errors: in words for who wrote them.
func (k *devKeys) sign(written json.RawMessage) (string, error) {
	var claims map[string]json.RawMessage // members stay as they are written
	if err := json.Unmarshal(written, &claims); err != nil || claims == nil {
		return "", errors.New("claims are a JSON object")
	}
	members := make(map[string]any, len(claims))
	for name, value := range claims {
		members[name] = value
	}
	token, err := k.signer().sign(members)
	if err != nil {
		return "", err
	}
	key, err := k.tokenKey().claimsKey()
	if err != nil {
		return "", err
	}
	return token, refusedFor(token, key, time.Now())
}

// report gathers what a newcomer wants to know, and signs a token that may do everything everywhere.
func (c *devCmd) report(p *program, s *Server, keys *devKeys) (*devReport, error) {
	claims := map[string]any{"scope": "connect", "uid": "dev", "exp": time.Now().Add(devTokenTTL).Unix()}
	if err := addChannel(claims, "*:all"); err != nil {
		return nil, err
	}
	token, err := keys.signer().sign(claims)
	if err != nil {
		return nil, err
	}
	base := "http://" + s.Addr()
	socket, err := socketURL(base, token)
	if err != nil {
		return nil, err
	}
	folder := ""
	if c.Data != defaultData {
		folder = " --data " + shellQuote(c.Data)
	}
	return &devReport{
		URL: base, Page: base + console.DemoPath, Console: base + console.Path, Socket: socket.String(), Token: token, APIKey: keys.api,
		App:   builtInApp(),
		Admin: "http://" + s.AdminAddr(), Data: c.Data, PID: os.Getpid(),
		Commands: []string{
			fmt.Sprintf("%s watch%s %s", p.invoked, folder, demoChannel),
			fmt.Sprintf("%s set%s %s settings.maxPlayers 8", p.invoked, folder, demoChannel),
			fmt.Sprintf("curl -H 'Authorization: Bearer %s' %s/channels/%s/storage", keys.api, base, demoChannel),
		},
	}, nil
}

// print is the newcomer's first screen.
func (r *devReport) print(out printer, fresh bool) {
	state := "kept from the last run"
	if fresh {
		state = "new"
	}
	out.line("\n%s  %s\n", out.bold("Dormouse is awake."), out.dim("For development: its keys are in "+r.Data+" ("+state+")."))
	for _, row := range [][2]string{
		{"Page", out.bold(out.link(r.Page))},
		{"Console", out.link(r.Console)},
		{"WebSocket", out.link(r.Socket)},
		{"API key", r.APIKey},
		{"Pusher app", "id " + r.App.ID + out.dim(" · ") + "key " + r.App.Key + out.dim(" · ") + "secret " + r.App.Secret},
		{"Admin", out.link(r.Admin) + out.dim("  /healthz /readyz /metrics")},
	} {
		out.line("  %-11s %s", row[0], row[1])
	}
	out.line("\n%s\n", out.bold("Open the page in two tabs, or try in another terminal:"))
	for _, command := range r.Commands {
		out.line("  %s", command)
	}
	out.line("\n%s", out.dim("Ctrl-C stops it; what was said to be saved is on disk in any case."))
}
