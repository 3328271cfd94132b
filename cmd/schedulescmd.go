package cmd

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// A schedule is a message or a write that is due later, as the server tells it.
type schedule struct {
	ID         string    `json:"id"`
	Channel    string    `json:"channel"`
	Event      string    `json:"event"`
	Key        string    `json:"key"` // of a write
	DueAt      time.Time `json:"dueAt"`
	Expression string    `json:"scheduleExpression"`
	Timezone   string    `json:"scheduleExpressionTimezone"`
}

type schedulesListCmd struct {
	clientFlags
	Channel string `placeholder:"CHANNEL" help:"Only this channel's."`
	JSON    bool   `help:"Print one JSON object a line, a schedule each, as the server tells it."`
}

// Run prints every schedule, in the order in which they were made.
func (c *schedulesListCmd) Run(ctx context.Context, p *program) error {
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	out := newPrinter(p.out, p.env)
	rows := [][]string{{out.bold("id"), "due", "channel", "event", "expression", "zone"}}
	query := url.Values{}
	if c.Channel != "" {
		query.Set("channel", c.Channel)
	}
	for {
		var page struct {
			Items []json.RawMessage
			More  bool
		}
		if err := api.do(ctx, "GET", "/schedules?"+query.Encode(), nil, &page); err != nil {
			return err
		}
		for _, raw := range page.Items {
			var s schedule
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			query.Set("after", s.ID)
			if c.JSON {
				if err := printJSON(p.out, raw); err != nil {
					return err
				}
				continue
			}
			what := s.Event
			if s.Key != "" {
				what += " " + s.Key
			}
			rows = append(rows, []string{s.ID, s.DueAt.UTC().Format(time.RFC3339), s.Channel, what, s.Expression, s.Timezone})
		}
		if !page.More {
			break
		}
	}
	switch {
	case c.JSON:
	case len(rows) == 1:
		out.line("nothing is scheduled")
	default:
		out.table(rows)
	}
	return nil
}

type schedulesCancelCmd struct {
	clientFlags
	IDs  []string `arg:"" name:"id" help:"Ids of schedules, as schedules list prints them."`
	JSON bool     `help:"Print one JSON object a line, a cancelled schedule each, with its data."`
}

// Run cancels schedules one by one, and ends at the first that there is not.
func (c *schedulesCancelCmd) Run(ctx context.Context, p *program) error {
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	for _, id := range c.IDs {
		var raw json.RawMessage
		if err := api.do(ctx, "DELETE", "/schedules/"+url.PathEscape(id), nil, &raw); err != nil {
			return err
		}
		if c.JSON {
			if err := printJSON(p.out, raw); err != nil {
				return err
			}
			continue
		}
		var s schedule
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		newPrinter(p.out, p.env).line("cancelled %s: %s on %s, due %s", s.ID, s.Event, s.Channel, s.DueAt.UTC().Format(time.RFC3339))
	}
	return nil
}
