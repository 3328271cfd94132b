package cmd

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"dormouse/claims"
)

// A watcher that comes back where the server cannot tell what it missed, as after a crash, reads the stored
// messages from the channel's history: those behind the last one that it has read.
//
// It is subscribed by then, so that what is being said comes twice, live and in the history. To print all of it
// once, and in order, it holds back what comes live; and behind each page of the history it sends a ping. When
// the pong is there, everything that was told before the page was read is among what is held. The first
// message there is where the history ends: from it on nothing is missing, stored or not.

// What a watcher holds back at most. Beyond it, it comes back and goes on from the last message that it printed.
const (
	watchedHeld      = 10_000
	watchedHeldBytes = 64 << 20
)

// historyPage is how many messages one page has.
const historyPage = 100

// A line is a connection, read by a goroutine of its own.
type line struct {
	conn   *websocket.Conn
	frames chan []byte
	lost   chan error // one, and then nothing comes
}

// listen reads conn until it ends or ctx does.
func listen(ctx context.Context, conn *websocket.Conn) *line {
	l := &line{conn: conn, frames: make(chan []byte), lost: make(chan error, 1)}
	go func() {
		for {
			_, frame, err := conn.Read(ctx)
			if err != nil {
				l.lost <- lostBy(err)
				return
			}
			select {
			case l.frames <- frame:
			case <-ctx.Done():
				l.lost <- ctx.Err()
				return
			}
		}
	}()
	return l
}

// causeWithin is how long the end of a connection may come behind what fails because of it.
const causeWithin = 2 * time.Second

// cause returns how the connection ended, if it has or does in a moment, and else err. A call that is refused because
// the connection is gone does not know that it was closed on purpose, and who was closed on purpose does not come back.
func (l *line) cause(err error) error {
	timer := time.NewTimer(causeWithin)
	defer timer.Stop()
	for {
		select {
		case lost := <-l.lost:
			return lost
		case <-l.frames: // nobody will read them
		case <-timer.C:
			return err
		}
	}
}

// A holder keeps what comes while history is being read.
type holder struct {
	*line
	held  [][]byte
	bytes int
	first string // id of the first message among them; "": there is none
}

// until keeps what comes until done is closed or, if done is nil, the answer to a ping comes.
func (h *holder) until(done <-chan struct{}) error {
	for {
		select {
		case <-done:
			return nil
		case err := <-h.lost:
			return err
		case frame := <-h.frames:
			head, err := readHead(frame)
			if err != nil {
				return err
			}
			if head.Event == "hotsock.pong" {
				if done == nil {
					return nil
				}
				continue
			}
			if h.first == "" {
				h.first = head.ID
			}
			h.held = append(h.held, frame)
			if h.bytes += len(frame); len(h.held) > watchedHeld || h.bytes > watchedHeldBytes {
				return errors.New("more is told than can be held back while history is read")
			}
		}
	}
}

// A page is what one question for history was answered.
type page struct {
	Messages []json.RawMessage
}

// list reads a page of the channel's stored messages while what comes is held back. When it returns, h.first is
// where the page ends, if it has messages that are held, too.
func (w *watcher) list(ctx context.Context, h *holder, ask map[string]any) ([]json.RawMessage, error) {
	var read page
	var err error
	done := make(chan struct{})
	ask["channel"] = w.Channel
	path := "/connection/listMessages?" + url.Values{"connectionId": {w.id}, "connectionSecret": {w.secret}}.Encode()
	go func() {
		defer close(done)
		err = w.api.do(ctx, http.MethodPost, path, ask, &read)
	}()
	if lost := h.until(done); lost != nil {
		return nil, lost
	}
	var refused *apiError
	if err != nil && (!errors.As(err, &refused) || refused.status == http.StatusUnauthorized) {
		return nil, h.cause(err)
	}
	if err != nil {
		return nil, err
	}
	if err := h.conn.Write(ctx, websocket.MessageText, []byte(`{"event":"hotsock.ping"}`)); err != nil {
		return nil, h.cause(fmt.Errorf("the connection is lost: %w", err))
	}
	return read.Messages, h.until(nil)
}

// catchUp prints the stored messages that were missed, or, on the first connection, finds out behind which one
// they will begin. Then it reads what came meanwhile.
func (w *watcher) catchUp(ctx context.Context, l *line) error {
	h := &holder{line: l}
	var err error
	if w.based {
		err = w.printMissed(ctx, h)
	} else {
		err = w.findBase(ctx, h)
	}
	var refused *apiError
	if errors.As(err, &refused) && refused.status < 500 && refused.status != http.StatusTooManyRequests && refused.status != http.StatusUnauthorized {
		w.say("the stored messages cannot be read: %v", err)
		err = nil
	}
	if err != nil {
		return err
	}
	w.behind = false
	for _, frame := range h.held {
		if w.enough() {
			break
		}
		if err := w.read(frame, func() {}); err != nil {
			return err
		}
	}
	return nil
}

// findBase notes the last message that was stored before the subscription.
func (w *watcher) findBase(ctx context.Context, h *holder) error {
	messages, err := w.list(ctx, h, map[string]any{"reverse": true, "limit": 1})
	if err != nil {
		return err
	}
	w.based = true
	for _, m := range messages {
		head, err := readHead(m)
		if err != nil {
			return err
		}
		if h.first == "" || head.ID < h.first {
			w.last = max(w.last, head.ID)
		}
	}
	return nil
}

// printMissed prints the messages behind the last one that was read, up to the first that is held.
func (w *watcher) printMissed(ctx context.Context, h *holder) error {
	for {
		ask := map[string]any{"limit": historyPage}
		if w.last != "" {
			ask["after"] = w.last
		}
		messages, err := w.list(ctx, h, ask)
		if err != nil {
			return err
		}
		for _, m := range messages {
			head, err := readHead(m)
			if err != nil {
				return err
			}
			if w.enough() || h.first != "" && head.ID >= h.first {
				messages = nil
				break
			}
			w.last = head.ID
			w.seen++
			w.missed++
			w.print(m)
		}
		if len(messages) == 0 {
			w.tellMissed()
			return nil
		}
	}
}

// tellMissed tells how many were missed that are in the history.
func (w *watcher) tellMissed() {
	if w.missed == 1 {
		w.say("1 stored message was missed")
	} else {
		w.say("%d stored messages were missed", w.missed)
	}
	w.missed = 0
}

// gap says what can be known of what was said while the watcher was away and is not told by the server.
func (w *watcher) gap() string {
	start, allowed := historyStart(w.token, w.Channel)
	switch {
	case !w.based:
		return "messages may be missing, since the connection was cut before it was known where the history ended"
	case !allowed:
		return fmt.Sprintf("messages may be missing, since the token has no historyStart for %s", w.Channel)
	case start.After(w.cut):
		return fmt.Sprintf("the stored messages since %s follow; others may be missing, since the token's historyStart is then", start.UTC().Format(time.RFC3339))
	}
	return "the stored messages that were missed follow; what was not stored, or is no longer, may be missing"
}

// historyStart reads from a connect token since when its holder may see the channel's history, by the rules of
// the server, which alone can say whether the token is genuine. allowed is false if it is no token or says nothing of it.
func historyStart(token, channel string) (start time.Time, allowed bool) {
	payload := jwt.MapClaims{}
	if _, _, err := jwt.NewParser(jwt.WithJSONNumber()).ParseUnverified(token, payload); err != nil {
		return start, false
	}
	secret := []byte(rand.Text() + rand.Text())
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		return start, false
	}
	own, err := jwt.NewWithClaims(jwt.SigningMethodHS256, payload).SignedString(secret)
	if err != nil {
		return start, false
	}
	reader, err := claims.NewVerifier(claims.Options{Keys: []claims.Key{key}})
	if err != nil {
		return start, false
	}
	read, err := reader.Verify(own, claims.ScopeConnect, time.Now())
	if err != nil {
		return start, false
	}
	layers := claims.Layers{Connect: read}
	name, _ := layers.Resolve(channel)
	return layers.Channel(name).HistoryStart()
}

// httpBase is where the HTTP API of the server is that target connects to.
func httpBase(target *url.URL) string {
	u := url.URL{Scheme: "http", Host: target.Host, Path: strings.TrimSuffix(strings.TrimSuffix(target.Path, "/"), "/v1")}
	if target.Scheme == "wss" {
		u.Scheme = "https"
	}
	return strings.TrimSuffix(u.String(), "/")
}
