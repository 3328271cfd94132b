package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// A watcher prints what happens on a channel, over all the connections that it takes. It subscribes with
// resume, so that after a cut it reads exactly what it missed, if the server can tell; if not, it reads the
// stored messages that it missed (missed.go), and the entries afresh, of which it prints those that it has not
// printed.
type watcher struct {
	*watchCmd
	p   *program
	out printer

	began    bool // it was subscribed once
	start    time.Time
	cut      time.Time
	seen     int // frames that were printed
	position struct {
		Epoch string `json:"epoch"`
		Seq   uint64 `json:"seq"`
	}
	snapshot int                // entries to come before it is at position
	entries  map[string]watched // what was printed of them; at most watchedEntries
	unseen   map[string]bool    // of those, what is not in the snapshot so far; nil: they are not looked for

	// The connection, for the Client HTTP API.
	id, secret string
	token      string
	api        *apiClient

	last   string // the greatest id that was read; "": none yet
	based  bool   // last is at least the last message's that was stored before the first connection
	behind bool   // history is to be read before what comes
	missed int    // messages that were printed from there, since the return
}

// A head is what a watcher looks at in a frame.
type head struct {
	ID, Event, Key string
	Data           json.RawMessage
	Error          struct{ Code, Message string }
	Ref            string
	Seq            uint64
	Version        uint64
}

func readHead(frame []byte) (head, error) {
	var h head
	if err := json.Unmarshal(frame, &h); err != nil {
		return h, finalError{fmt.Errorf("the server sent what is no frame: %w", err)}
	}
	return h, nil
}

// watched is an entry as it was printed last.
type watched struct {
	version uint64
	data    string
}

// watchedEntries bounds what a watcher remembers; of more, some may be printed again after a crash.
const watchedEntries = 10_000

// How long a watcher waits before it comes back: twice as long each time, up to a bound.
const (
	firstReturn = 250 * time.Millisecond
	lastReturn  = 10 * time.Second
)

// A finalError is not worth another try.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// run watches until ctx ends, enough was printed, or something says that there is no use in coming back.
func (w *watcher) run(ctx context.Context) error {
	wait := firstReturn
	for {
		err := w.watch(ctx, func() { wait = firstReturn })
		var final finalError
		if err == nil || ctx.Err() != nil || w.NoReconnect || !w.began || errors.As(err, &final) {
			return err
		}
		if w.cut.IsZero() {
			w.cut = time.Now()
			w.say("%v; coming back", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, lastReturn)
	}
}

func (w *watcher) say(format string, args ...any) {
	fmt.Fprintf(w.p.err, "dormouse watch: "+format+"\n", args...)
}

// watch takes one connection, from its beginning to its end. back is called once it is subscribed.
func (w *watcher) watch(ctx context.Context, back func()) error {
	target, err := w.target(w.p, w.start)
	if err != nil {
		return err
	}
	w.token = target.Query().Get("token")
	w.api = &apiClient{base: httpBase(target), http: &http.Client{Timeout: 10 * time.Second}}
	conn, err := dial(ctx, target)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }() // closed already, unless something failed
	conn.SetReadLimit(64 << 20)
	data := map[string]any{"resume": true}
	if w.position.Epoch != "" && w.snapshot == 0 && !w.behind {
		data["after"] = w.position
	}
	subscribe, err := json.Marshal(map[string]any{"event": "hotsock.subscribe", "channel": w.Channel, "ref": "watch", "data": data})
	if err != nil {
		return err
	}
	if err := conn.Write(ctx, websocket.MessageText, subscribe); err != nil {
		return fmt.Errorf("the connection is lost: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := listen(ctx, conn)
	for !w.enough() {
		select {
		case err := <-l.lost:
			return err
		case frame := <-l.frames:
			if err := w.read(frame, back); err != nil {
				return err
			}
		}
		if w.behind {
			if err := w.catchUp(ctx, l); err != nil {
				return err
			}
		}
	}
	_ = conn.Close(websocket.StatusNormalClosure, "") // a server that is gone already needs no farewell
	return nil
}

// enough says that as much was printed as was asked for.
func (w *watcher) enough() bool { return w.Count > 0 && w.seen >= w.Count }

// lostBy says how a connection ended. Who was closed on purpose does not come back.
func lostBy(err error) error {
	var closed websocket.CloseError
	if !errors.As(err, &closed) {
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
			return errors.New("the connection is lost")
		}
		return fmt.Errorf("the connection is lost: %w", err)
	}
	err = fmt.Errorf("the server closed the connection: %d %s", closed.Code, closed.Reason)
	switch closed.Code {
	case 4003, websocket.StatusPolicyViolation, websocket.StatusProtocolError: // kicked or revoked
		return finalError{err}
	}
	return err
}

// read takes one frame.
func (w *watcher) read(frame []byte, back func()) error {
	head, err := readHead(frame)
	if err != nil {
		return err
	}
	switch {
	case head.Event == "hotsock.connected": // holds the connection's secret
		return w.connected(head.Data)
	case head.Event == "hotsock.error" && head.Ref == "watch":
		err := fmt.Errorf("cannot subscribe to %s: %s: %s", w.Channel, head.Error.Code, head.Error.Message)
		if head.Error.Code == "NOT_SUBSCRIBED" { // the server could not, for now
			return err
		}
		return finalError{err}
	case head.Event == "hotsock.subscribed":
		back()
		return w.subscribed(frame, head.Data)
	case head.Event == "hotsock.channelStorageUpdated":
		shown := watched{head.Version, string(head.Data)}
		again := w.entries[head.Key] == shown && head.Version != 0
		if _, known := w.entries[head.Key]; known || len(w.entries) < watchedEntries {
			w.entries[head.Key] = shown
		}
		if w.snapshot > 0 && head.Seq == 0 {
			w.snapshot--
			delete(w.unseen, head.Key)
			if !again {
				w.seen++
				w.print(frame)
			}
			w.tellCleared()
			return nil
		}
	}
	w.position.Seq = max(w.position.Seq, head.Seq)
	w.last = max(w.last, head.ID)
	w.seen++
	w.print(frame)
	return nil
}

// subscribed notes where the channel is, and tells of a return.
func (w *watcher) subscribed(frame []byte, data json.RawMessage) error {
	var at struct {
		Epoch            string
		Seq              uint64
		Recovered        bool
		Missed, Snapshot int
	}
	if err := json.Unmarshal(data, &at); err != nil {
		return finalError{fmt.Errorf("the server sent what is no frame: %w", err)}
	}
	w.position.Epoch, w.position.Seq, w.snapshot = at.Epoch, at.Seq, at.Snapshot
	switch away := time.Since(w.cut).Round(time.Millisecond); {
	case !w.began:
		w.began = true
		w.behind = !w.NoReconnect
		w.print(frame)
	case at.Recovered:
		w.say("back after %s, nothing is missing: %d came meanwhile", away, at.Missed)
	default:
		w.say("back after %s; %s; entries that have changed follow", away, w.gap())
		w.behind = true
		w.unseen = map[string]bool{}
		for key, shown := range w.entries {
			w.unseen[key] = shown.version != 0
		}
		w.tellCleared()
	}
	w.cut = time.Time{}
	return nil
}

// connected notes who the connection is.
func (w *watcher) connected(data json.RawMessage) error {
	var conn struct{ ConnectionID, ConnectionSecret string }
	if err := json.Unmarshal(data, &conn); err != nil {
		return finalError{fmt.Errorf("the server sent what is no frame: %w", err)}
	}
	w.id, w.secret = conn.ConnectionID, conn.ConnectionSecret
	return nil
}

// tellCleared tells, once a snapshot is whole, what was printed before and is gone.
func (w *watcher) tellCleared() {
	if w.snapshot > 0 || w.unseen == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(w.unseen)) {
		if w.unseen[key] {
			w.say("the entry %s is gone", key)
		}
		delete(w.entries, key)
	}
	w.unseen = nil
}

func (w *watcher) print(frame []byte) {
	if w.JSON {
		w.out.line("%s", frame)
	} else {
		w.out.line("%s %s", w.out.dim(time.Now().Format("15:04:05.000")), frame)
	}
}
