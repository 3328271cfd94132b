package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dormouse/persistence"
)

// What callers of the dead letters' methods branch on.
var (
	// ErrNoLetter: there is no dead letter with this id, or not any more.
	ErrNoLetter = errors.New("there is no such dead letter")
	// ErrNoEndpoint: the letter's endpoint is not configured, so that nobody could get it.
	ErrNoEndpoint = errors.New("its endpoint is not configured")
)

// A Letter is a dead letter as people see it.
type Letter struct {
	ID       string // of the letter: the event's place in the outbox, '-', and the endpoint
	Endpoint string
	Reason   string // why the last attempt failed
	Attempts int    // since the last start before it died
	DiedAt   time.Time
	Event    *Event // nil if it cannot be read
}

// A LettersPage is some dead letters, oldest first.
type LettersPage struct {
	Letters []Letter
	Total   int
	Next    string // the id to go on after; "": there are no more
}

// Letters lists up to limit dead letters behind the one with the id after, "" for the first.
//
// Errors: ErrNoLetter if after is no id, or the store's.
func (c *Courier) Letters(after string, limit int) (*LettersPage, error) {
	var from persistence.Taken
	if after != "" {
		var err error
		if from, err = parseLetterID(after); err != nil {
			return nil, err
		}
	}
	list, err := c.outbox.Dead(from.ID, from.Endpoint, limit+1)
	if err != nil {
		return nil, err
	}
	page := &LettersPage{Total: c.outbox.DeadLen()}
	for i := range list {
		if i == limit {
			page.Next = page.Letters[i-1].ID
			break
		}
		page.Letters = append(page.Letters, c.letter(&list[i]))
	}
	return page, nil
}

func (c *Courier) letter(d *persistence.DeadLetter) Letter {
	l := Letter{ID: letterID(d.ID, d.Endpoint), Endpoint: d.Endpoint, Reason: d.Reason, Attempts: d.Attempts, DiedAt: d.At}
	if e, err := decodeEvent(d.Value); err == nil {
		e.App, e.server = d.App, c.o.Version
		l.Event = e
	}
	return l
}

// Replay queues a dead letter's event again, with its old id, for its endpoint alone.
//
// Errors: ErrNoLetter, ErrNoEndpoint, or the store's.
func (c *Courier) Replay(id string) error {
	key, err := parseLetterID(id)
	if err != nil {
		return err
	}
	d, ok, err := c.outbox.Letter(key.ID, key.Endpoint)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNoLetter
	}
	w, err := c.again(&d)
	if err != nil {
		return err
	}
	if n, err := c.outbox.Remove([]persistence.Taken{key}, []persistence.Write{w}); err != nil || n == 1 {
		return err
	}
	return ErrNoLetter
}

// again makes what queues a letter's event once more.
func (c *Courier) again(d *persistence.DeadLetter) (persistence.Write, error) {
	if !slices.Contains(c.names, d.Endpoint) {
		return persistence.Write{}, ErrNoEndpoint
	}
	e, err := decodeEvent(d.Value)
	if err != nil {
		return persistence.Write{}, err
	}
	e.to, e.queued = d.Endpoint, time.Now().UnixMilli()
	return persistence.EmitEvent(d.App, d.Key, e.encode()), nil
}

// Delete drops a dead letter.
//
// Errors: ErrNoLetter, or the store's.
func (c *Courier) Delete(id string) error {
	key, err := parseLetterID(id)
	if err != nil {
		return err
	}
	if n, err := c.outbox.Remove([]persistence.Taken{key}, nil); err != nil || n == 1 {
		return err
	}
	return ErrNoLetter
}

// atOnce is how many letters one commit takes out.
const atOnce = 100

// ReplayAll queues every dead letter's event again, oldest first, but those of endpoints that are not
// configured or that cannot be read. It returns how many it has queued.
//
// Errors: ctx's, or the store's; those queued before stay so.
func (c *Courier) ReplayAll(ctx context.Context) (n int, err error) {
	return c.all(ctx, func(list []persistence.DeadLetter) (keys []persistence.Taken, again []persistence.Write) {
		for i := range list {
			if w, err := c.again(&list[i]); err == nil {
				keys = append(keys, persistence.Taken{ID: list[i].ID, Endpoint: list[i].Endpoint})
				again = append(again, w)
			}
		}
		return keys, again
	})
}

// DeleteAll drops every dead letter and returns how many that were.
//
// Errors: ctx's, or the store's; those dropped before stay so.
func (c *Courier) DeleteAll(ctx context.Context) (n int, err error) {
	return c.all(ctx, func(list []persistence.DeadLetter) (keys []persistence.Taken, _ []persistence.Write) {
		return keysOf(list), nil
	})
}

// all takes out the dead letters of this moment that pick picks.
func (c *Courier) all(ctx context.Context, pick func([]persistence.DeadLetter) ([]persistence.Taken, []persistence.Write)) (n int, err error) {
	last := c.outbox.Last() // what dies meanwhile is younger
	var after persistence.Taken
	for {
		list, err := c.outbox.Dead(after.ID, after.Endpoint, atOnce)
		if err != nil || len(list) == 0 || list[0].ID > last {
			return n, err
		}
		after = persistence.Taken{ID: list[len(list)-1].ID, Endpoint: list[len(list)-1].Endpoint}
		keys, again := pick(list)
		if len(keys) > 0 {
			removed, err := c.outbox.Remove(keys, again)
			if err != nil {
				return n, err
			}
			n += removed
		}
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
	}
}

func keysOf(list []persistence.DeadLetter) []persistence.Taken {
	keys := make([]persistence.Taken, len(list))
	for i := range list {
		keys[i] = persistence.Taken{ID: list[i].ID, Endpoint: list[i].Endpoint}
	}
	return keys
}

// dropDead keeps the dead letters within their bound.
func (c *Courier) dropDead() {
	over := c.outbox.DeadLen() - c.o.MaxDead
	if over <= 0 {
		return
	}
	list, err := c.outbox.Dead(0, "", min(over, atOnce))
	if err == nil && len(list) > 0 {
		over, err = c.outbox.Remove(keysOf(list), nil)
		if err == nil && over > 0 {
			c.o.Listener.Dropped(over)
		}
	}
	if !errors.Is(err, persistence.ErrReadOnly) {
		c.fault("drop dead letters", err)
	}
}

func letterID(event uint64, endpoint string) string { return fmt.Sprintf("%d-%s", event, endpoint) }

func parseLetterID(id string) (persistence.Taken, error) {
	number, endpoint, ok := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || endpoint == "" {
		return persistence.Taken{}, ErrNoLetter
	}
	return persistence.Taken{ID: n, Endpoint: endpoint}, nil
}
