package channel

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/oklog/ulid/v2"

	"dormouse/claims"
	"dormouse/persistence"
)

// TestTranscripts runs the conversations in testdata: a command, and what it asks for.
//
//	channel NAME [show=writes|events|all] [notify-expiry] [no-events] [max-presence=N] [max-data=N]
//	  [max-reactions=N] [max-kinds=N] [replay=N] [grace=10s] [deltas] [pusher]
//	grant NAME           what a token says of the channel, as JSON
//	at 10s               sets the clock, to so long after the start
//	sub a [uid=] [umd=] [alias=] [auto] [grant=] [spend=JTI]
//	sub a [cache] [count] [again] [max=N]     as guests of Pusher's do
//	sub a resume         reads numbers; after=N brings back the epoch that a was told last, of=b that of b
//	seal                 before sleep, and before an end in order; drop: the server ends, however
//	unsub a [gone|lost|full]
//	umd a [spend=JTI]    gives the subscription another umd, the input
//	pub a event=e [store=N] [emit] [echo] [subscribed] [dedup=ID] [cache=1m] [nobody] [ip=] [ua=] [request=] [http]; "pub server" is the server
//	cached               what is kept for those who come
//	react a m1 REACTION [remove] [fault] [ip=] [ua=] [request=] [http]; "react server m1 REACTION uid= [umd=] [emit]"
//	reactions [a] m1     lists them
//	set a KEY [store=N] [emit] [notify] [ip=] [ua=] [request=] [http]
//	write a [show]       "KEY [ifversion=N|ifabsent] [store=N] DATA" or "KEY … +N" on each line of the input
//	get a KEY [http]     list [keys=(…)] [after=] [allow=PREFIX] [limit=N] [bytes=N]
//	messages [a] [event=e] [after=m1] [before=m1] [reverse] [limit=N] [bytes=N] [expand]
//	pub and set when=10s [eager]     are scheduled for so long after the start; when=every-5-minutes recurs
//	schedules [after=m1] [limit=N]   schedule m1   cancel m1
//	info                 due [times=N]
//	forget m1            delete: all that the channel keeps
//	sleep                forgets an idle channel; restore: loses a channel, but not its subscriptions
//	rows                 shows all rows; corrupt ROW-PREFIX makes some unreadable; break, mend: reads fail
//
// In what they print, "a b <- …" is a delivery, "<=" one in bulk.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if filepath.Ext(path) != ".txt" {
			return // the corpus of a fuzz test
		}
		tr := &transcript{t: t, grants: map[string]string{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			tr.t = t
			return tr.run(d)
		})
	})
}

type transcript struct {
	t      *testing.T
	w      *world
	p      *printer
	show   string
	grants map[string]string
	sinks  map[string]*reader
	epochs map[string]string // by connection
}

func (tr *transcript) run(d *datadriven.TestData) string {
	w := tr.w
	switch d.Cmd {
	case "channel":
		return tr.begin(d)
	case "grant":
		tr.grants[d.CmdArgs[0].Key] = d.Input
		return "ok"
	case "at":
		after, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			return err.Error()
		}
		w.at = start.Add(after)
		return "ok"
	case "sleep":
		if !w.c.Idle() {
			return "not idle"
		}
		w.restart()
		due, err := w.c.FirstDue()
		if err != nil {
			return err.Error()
		}
		if due.IsZero() {
			return "due never"
		}
		return "due " + since(due)
	case "drop":
		w.c = New("app", w.name, &w.rows, w.o)
		return "ok"
	case "restore":
		w.restart()
		return fmt.Sprintf("%d subscriptions", w.c.Subscriptions())
	case "rows":
		for _, key := range w.rows.Keys("") {
			value, _ := w.rows.Get(key)
			tr.p.printf("%s\n", tr.p.row(key, value))
		}
		return tr.p.flush()
	case "corrupt":
		prefix, _ := strconv.Unquote(`"` + d.CmdArgs[0].Key + `"`)
		for _, key := range w.rows.Keys(prefix) {
			w.rows.Apply([]persistence.Write{persistence.PutRow(key, []byte{255})})
		}
		return "ok"
	case "break":
		w.rows.Err = fs.ErrClosed
		return "ok"
	case "mend":
		w.rows.Err = nil
		return "ok"
	}
	n := 1
	if d.Cmd == "due" && d.HasArg("times") {
		d.ScanArgs(tr.t, "times", &n)
	}
	for range n {
		if err := tr.decide(d); err != nil {
			tr.p.error(err)
		} else {
			tr.p.effects(&w.fx, tr.shows("writes"), tr.shows("events"))
		}
	}
	return tr.p.flush()
}

func (tr *transcript) shows(what string) bool { return tr.show == what || tr.show == "all" }

func (tr *transcript) begin(d *datadriven.TestData) string {
	var o Options
	o.NotifyExpiry = d.HasArg("notify-expiry")
	o.MaxPresenceBytes, _ = strconv.Atoi(arg(d, "max-presence"))
	o.LeaveGrace = duration(d, "grace")
	o.MemberDeltas = d.HasArg("deltas")
	if d.HasArg("pusher") {
		o = Pusher(d.CmdArgs[0].Key, o)
	}
	o.MaxReactions, _ = strconv.Atoi(arg(d, "max-reactions"))
	o.MaxReactionKinds, _ = strconv.Atoi(arg(d, "max-kinds"))
	o.ReplayEntries, _ = strconv.Atoi(arg(d, "replay"))
	o.MaxData, _ = strconv.Atoi(arg(d, "max-data"))
	o.MaxSchedules, _ = strconv.Atoi(arg(d, "max-schedules"))
	tr.w, tr.p = newWorld(d.CmdArgs[0].Key, o), newPrinter()
	tr.w.noEvents = d.HasArg("no-events")
	tr.show = arg(d, "show")
	tr.sinks, tr.epochs = map[string]*reader{}, map[string]string{}
	return "ok"
}

func (tr *transcript) decide(d *datadriven.TestData) error {
	w := tr.w
	switch d.Cmd {
	case "sub":
		err := do(w, w.c.Subscribe, tr.subscribe(d))
		if err == nil && w.fx.Deliveries[0].Message.Resume != nil {
			tr.epochs[d.CmdArgs[0].Key] = w.fx.Deliveries[0].Message.Resume.Epoch
		}
		return err
	case "unsub":
		return do(w, w.c.Unsubscribe, &Unsubscribe{Sender: tr.sender(d), Gone: d.HasArg("gone") || d.HasArg("lost"), Lost: d.HasArg("lost"), Full: d.HasArg("full")})
	case "umd":
		return do(w, w.c.UpdateUMD, &UpdateUMD{Sender: tr.sender(d), UMD: []byte(d.Input), Spend: spend(d), Full: d.HasArg("full")})
	case "pub":
		if when := arg(d, "when"); when != "" {
			return do(w, w.c.Schedule, tr.later(d, when, &Schedule{Publish: tr.publish(d)}))
		}
		return do(w, w.c.Publish, tr.publish(d))
	case "react":
		return do(w, w.c.React, tr.react(d))
	case "reactions":
		cmd := &ListReactions{MessageID: tr.id(d.CmdArgs[len(d.CmdArgs)-1].Key)}
		if len(d.CmdArgs) > 1 {
			cmd.ConnectionID = d.CmdArgs[0].Key
		}
		return do(w, w.c.ListReactions, cmd)
	case "set":
		if when := arg(d, "when"); when != "" {
			return do(w, w.c.Schedule, tr.later(d, when, &Schedule{Set: tr.set(d)}))
		}
		return do(w, w.c.SetStorage, tr.set(d))
	case "schedule":
		return do(w, w.c.GetSchedule, &GetSchedule{tr.id(d.CmdArgs[0].Key)})
	case "cancel":
		return do(w, w.c.CancelSchedule, &CancelSchedule{tr.id(d.CmdArgs[0].Key)})
	case "schedules":
		return do(w, w.c.ListSchedules, &ListSchedules{After: tr.id(arg(d, "after")), Limit: int(number(d, "limit", 100))})
	case "write":
		return do(w, w.c.WriteStorage, tr.writeStorage(d))
	case "get":
		return do(w, w.c.GetStorage, &GetStorage{Sender: tr.sender(d), Key: d.CmdArgs[1].Key})
	case "list":
		return do(w, w.c.ListStorage, tr.list(d))
	case "messages":
		return do(w, w.c.ListMessages, tr.messages(d))
	case "cached":
		return do(w, w.c.GetCached, &GetCached{})
	case "info":
		return do(w, w.c.GetInfo, &GetInfo{})
	case "seal":
		return w.seal()
	case "delete":
		return do(w, w.c.Delete, &Delete{Sender: Sender{Trigger: TriggerServerHTTP}})
	case "forget":
		return do(w, w.c.DeleteMessage, &DeleteMessage{ID: tr.id(d.CmdArgs[0].Key)})
	case "due":
		return w.expire()
	}
	return errors.New("no such command")
}

func (tr *transcript) publish(d *datadriven.TestData) *Publish {
	return &Publish{
		Sender:          tr.sender(d),
		Event:           arg(d, "event"),
		Data:            []byte(d.Input),
		Subscribed:      d.HasArg("subscribed"),
		Echo:            d.HasArg("echo"),
		Emit:            d.HasArg("emit"),
		Store:           number(d, "store", 0),
		Server:          d.CmdArgs[0].Key == "server" || d.HasArg("nobody"),
		DeduplicationID: arg(d, "dedup"),
		CacheFor:        duration(d, "cache"),
	}
}

// duration returns the value of name=10s, 0 without it.
func duration(d *datadriven.TestData, name string) (of time.Duration) {
	if text := arg(d, name); text != "" {
		of, _ = time.ParseDuration(text)
	}
	return of
}

func (tr *transcript) set(d *datadriven.TestData) *SetStorage {
	return &SetStorage{
		Sender:       tr.sender(d),
		Key:          d.CmdArgs[1].Key,
		Data:         []byte(d.Input),
		Store:        number(d, "store", -1),
		Emit:         d.HasArg("emit"),
		NotifyExpiry: d.HasArg("notify"),
		Server:       d.CmdArgs[0].Key == "server",
	}
}

// later schedules, from a sender that waits for the result.
func (tr *transcript) later(d *datadriven.TestData, when string, cmd *Schedule) *Schedule {
	if strings.HasPrefix(when, "every") {
		when = "rate(" + strings.ReplaceAll(strings.TrimPrefix(when, "every-"), "-", " ") + ")"
	} else {
		after, err := time.ParseDuration(when)
		if err != nil {
			tr.t.Fatal(err)
		}
		when = start.Add(after).Format("at(2006-01-02T15:04:05)")
	}
	cmd.sender().Sink = nil
	cmd.EagerID = d.HasArg("eager")
	return whenever(cmd, when)
}

// writeStorage reads one write a line.
func (tr *transcript) writeStorage(d *datadriven.TestData) *WriteStorage {
	cmd := &WriteStorage{Sender: tr.sender(d), Server: d.CmdArgs[0].Key == "server"}
	for line := range strings.Lines(d.Input) {
		words := strings.Fields(line)
		w := StorageWrite{Key: words[0], IfVersion: -1, Store: -1, Show: d.HasArg("show")}
		for _, word := range words[1 : len(words)-1] {
			name, value, _ := strings.Cut(word, "=")
			n, _ := strconv.ParseInt(value, 10, 64)
			switch name {
			case "store":
				w.Store = n
			default:
				w.IfVersion = n
			}
		}
		last := words[len(words)-1]
		if number, ok := strings.CutPrefix(last, "+"); ok {
			w.Increment = number
		} else {
			w.Data = []byte(last)
		}
		cmd.Writes = append(cmd.Writes, w)
	}
	return cmd
}

// sender is the connection that the first argument names.
func (tr *transcript) sender(d *datadriven.TestData) Sender {
	name := d.CmdArgs[0].Key
	s := Sender{
		UID:       "conn-" + name,
		Trigger:   TriggerClientWebSocket,
		SourceIP:  arg(d, "ip"),
		UserAgent: arg(d, "ua"),
		RequestID: arg(d, "request"),
	}
	if name == "server" {
		s.UID, s.Trigger = "", TriggerServerHTTP
		return s
	}
	s.ConnectionID = name
	if d.HasArg("http") {
		s.Trigger = TriggerClientHTTP
		return s
	}
	if tr.sinks[name] == nil {
		tr.sinks[name] = &reader{name: name}
	}
	s.Sink = tr.sinks[name]
	return s
}

func (tr *transcript) subscribe(d *datadriven.TestData) *Subscribe {
	cmd := &Subscribe{
		Sender: tr.sender(d),
		UID:    arg(d, "uid"),
		Alias:  arg(d, "alias"),
		UMD:    []byte(arg(d, "umd")),
		Auto:   d.HasArg("auto"),
		Full:   d.HasArg("full"),
		Grant:  mustGrant(tr.w.name, "{}"),

		Again: d.HasArg("again"), Cache: d.HasArg("cache"), Count: d.HasArg("count"),
		MaxMembers: int(number(d, "max", 0)),
	}
	if name := arg(d, "grant"); name != "" {
		cmd.Grant = mustGrant(tr.w.name, tr.grants[name])
	}
	cmd.Spend = spend(d)
	cmd.Numbered = d.HasArg("resume")
	if after := number(d, "after", -1); after >= 0 {
		of := arg(d, "of")
		if of == "" {
			of = d.CmdArgs[0].Key
		}
		cmd.After = &Position{Epoch: tr.epochs[of], Seq: uint64(after)}
	}
	return cmd
}

// spend is the single-use token that spend=JTI names.
func spend(d *datadriven.TestData) *claims.Spend {
	jti := arg(d, "spend")
	if jti == "" {
		return nil
	}
	return &claims.Spend{App: "app", ID: jti, Until: start.Add(time.Minute)}
}

func (tr *transcript) react(d *datadriven.TestData) *React {
	cmd := &React{
		Sender:    tr.sender(d),
		MessageID: tr.id(d.CmdArgs[1].Key),
		Reaction:  strings.ReplaceAll(d.CmdArgs[2].Key, "_", " "),
		Remove:    d.HasArg("remove"),
		Server:    d.CmdArgs[0].Key == "server",
		Emit:      d.HasArg("emit"),
	}
	if d.HasArg("fault") {
		cmd.Fault = ErrInvalidReaction.With("There is a fault.")
	}
	if cmd.Server {
		cmd.UID, cmd.UMD = arg(d, "uid"), []byte(arg(d, "umd"))
	}
	return cmd
}

func (tr *transcript) list(d *datadriven.TestData) *ListStorage {
	cmd := &ListStorage{After: arg(d, "after"), Limit: int(number(d, "limit", 100)), Bytes: int(number(d, "bytes", 0))}
	for _, a := range d.CmdArgs {
		if a.Key == "keys" {
			cmd.Keys = a.Vals
		}
	}
	if prefix := arg(d, "allow"); prefix != "" {
		cmd.Allow = func(key string) bool { return strings.HasPrefix(key, prefix) }
	}
	return cmd
}

func (tr *transcript) messages(d *datadriven.TestData) *ListMessages {
	cmd := &ListMessages{
		After:   tr.id(arg(d, "after")),
		Before:  tr.id(arg(d, "before")),
		Event:   arg(d, "event"),
		Reverse: d.HasArg("reverse"),

		ExpandReactions: d.HasArg("expand"),

		Limit: int(number(d, "limit", 100)),
		Bytes: int(number(d, "bytes", 0)),
	}
	if len(d.CmdArgs) > 0 && d.CmdArgs[0].Vals == nil && d.CmdArgs[0].Key != "reverse" && d.CmdArgs[0].Key != "expand" {
		cmd.ConnectionID = d.CmdArgs[0].Key
	}
	return cmd
}

func (tr *transcript) id(label string) ulid.ULID {
	id, ok := tr.p.ids[label]
	if label != "" && label != "m0" && !ok {
		tr.t.Fatalf("no message %s", label)
	}
	return id
}

// arg returns the value of name=value, "" without it.
func arg(d *datadriven.TestData, name string) string {
	i := slices.IndexFunc(d.CmdArgs, func(a datadriven.CmdArg) bool { return a.Key == name })
	if i < 0 || len(d.CmdArgs[i].Vals) == 0 {
		return ""
	}
	return d.CmdArgs[i].Vals[0]
}

func number(d *datadriven.TestData, name string, unset int64) int64 {
	if !d.HasArg(name) {
		return unset
	}
	n, err := strconv.ParseInt(arg(d, name), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
