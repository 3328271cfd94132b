package cmd

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"
)

// A deadLetter is one event that an endpoint never took, as the server tells it.
type deadLetter struct {
	ID       string          `json:"id"`
	Endpoint string          `json:"endpoint"`
	Reason   string          `json:"reason"`
	Attempts int             `json:"attempts"`
	DiedAt   time.Time       `json:"diedAt"`
	EventID  string          `json:"eventId"`
	Event    json.RawMessage `json:"event"`
}

type eventsDeadCmd struct {
	clientFlags
	JSON bool `help:"Print one JSON object a line, a dead letter each, with its event."`
}

// Run prints every dead letter, oldest first.
func (c *eventsDeadCmd) Run(ctx context.Context, p *program) error {
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	out := newPrinter(p.out, p.env)
	rows := [][]string{{out.bold("id"), "died", "type", "channel", "attempts", "reason"}}
	for after := ""; ; {
		var page struct {
			Items []deadLetter
			Next  *string
		}
		if err := api.do(ctx, "GET", "/events/dead?"+url.Values{"after": {after}}.Encode(), nil, &page); err != nil {
			return err
		}
		for _, l := range page.Items {
			if c.JSON {
				if err := printJSON(p.out, l); err != nil {
					return err
				}
				continue
			}
			var event struct {
				Type     string
				Metadata struct{ Channel string }
			}
			_ = json.Unmarshal(l.Event, &event) // one that cannot be read is null
			rows = append(rows, []string{l.ID, l.DiedAt.Format(time.RFC3339), event.Type, event.Metadata.Channel, strconv.Itoa(l.Attempts), l.Reason})
		}
		if page.Next == nil {
			break
		}
		after = *page.Next
	}
	switch {
	case c.JSON:
	case len(rows) == 1:
		out.line("there are no dead letters")
	default:
		out.table(rows)
	}
	return nil
}

// chosenLetters are the letters that a command is about.
type chosenLetters struct {
	clientFlags
	IDs []string `arg:"" name:"id" optional:"" help:"Ids of dead letters, as events dead prints them."`
	All bool     `help:"All of them."`
}

// each does something to every letter that was chosen, and returns to how many it was done.
func (c *chosenLetters) each(ctx context.Context, p *program, method, after string) (n int, err error) {
	if c.All == (len(c.IDs) > 0) {
		return 0, usagef("give ids of dead letters, or --all")
	}
	api, err := c.client(p, false)
	if err != nil {
		return 0, err
	}
	paths := []string{"/events/dead" + after}
	if !c.All {
		paths = nil
		for _, id := range c.IDs {
			paths = append(paths, "/events/dead/"+url.PathEscape(id)+after)
		}
	}
	for _, path := range paths {
		var done struct{ Count int }
		if err := api.do(ctx, method, path, nil, &done); err != nil {
			return n, err
		}
		n += done.Count
	}
	return n, nil
}

type eventsReplayCmd struct{ chosenLetters }

// Run queues dead letters again, for the endpoints that did not take them.
func (c *eventsReplayCmd) Run(ctx context.Context, p *program) error {
	n, err := c.each(ctx, p, "POST", "/replay")
	if err == nil {
		newPrinter(p.out, p.env).line("queued again: %d", n)
	}
	return err
}

type eventsDeleteCmd struct{ chosenLetters }

// Run drops dead letters for good.
func (c *eventsDeleteCmd) Run(ctx context.Context, p *program) error {
	n, err := c.each(ctx, p, "DELETE", "")
	if err == nil {
		newPrinter(p.out, p.env).line("deleted: %d", n)
	}
	return err
}
