package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"time"
)

type publishCmd struct {
	clientFlags
	Channel string        `arg:"" help:"The channel."`
	Event   string        `arg:"" help:"The event's name."`
	Payload string        `arg:"" name:"data" optional:"" help:"JSON, @file, or - for standard input; none is null."`
	Text    bool          `help:"DATA is text, to be sent as a JSON string."`
	Store   time.Duration `placeholder:"DURATION" help:"Keep the message for that long, so that it can be listed. Default: it is not kept."`
	Once    string        `placeholder:"ID" help:"Deduplication id: of equal ids only the first is sent, for some minutes."`
	JSON    bool          `help:"Print the server's answer."`
}

// Run publishes, and returns once the server has decided.
func (c *publishCmd) Run(ctx context.Context, p *program) error {
	data, err := dataArgument(c.Payload, c.Text, p.in)
	if err != nil {
		return err
	}
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	body := map[string]any{"channel": c.Channel, "event": c.Event, "data": data, "eagerIdGeneration": true}
	if c.Store > 0 {
		body["store"] = seconds(c.Store)
	}
	if c.Once != "" {
		body["deduplicationId"] = c.Once
	}
	var answer json.RawMessage
	if err := api.do(ctx, "POST", "/publish", body, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, answer)
	}
	var sent struct{ ID string }
	if err := json.Unmarshal(answer, &sent); err != nil {
		return err
	}
	newPrinter(p.out, p.env).line("%s %s on %s", sent.ID, c.Event, c.Channel)
	return nil
}

// seconds rounds up: what was asked to be kept is kept at least that long.
func seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

type setCmd struct {
	clientFlags
	Channel string        `arg:"" help:"The channel."`
	Key     string        `arg:"" help:"The entry's key."`
	Payload string        `arg:"" name:"data" help:"JSON, @file, or - for standard input; null removes the entry."`
	Text    bool          `help:"DATA is text, to be kept as a JSON string."`
	TTL     time.Duration `name:"ttl" placeholder:"DURATION" help:"Forget the entry after that long. Default: never."`
	JSON    bool          `help:"Print the server's answer."`
}

// Run writes the entry, and returns once that is durable.
func (c *setCmd) Run(ctx context.Context, p *program) error {
	data, err := dataArgument(c.Payload, c.Text, p.in)
	if err != nil {
		return err
	}
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	body := map[string]any{"channel": c.Channel, "event": "hotsock.channelStorageSet", "key": c.Key, "data": data}
	if c.TTL > 0 {
		body["store"] = seconds(c.TTL)
	}
	var answer json.RawMessage
	if err := api.do(ctx, "POST", "/publish", body, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, answer)
	}
	done := "set"
	if string(data) == "null" || string(data) == "{}" {
		done = "removed"
	}
	newPrinter(p.out, p.env).line("%s %s on %s", done, c.Key, c.Channel)
	return nil
}

// An entry is one key of a channel's storage, as the server tells it.
type entry struct {
	Key  string          `json:"key"`
	Data json.RawMessage `json:"data"`
	Meta struct {
		UID *string         `json:"uid"`
		UMD json.RawMessage `json:"umd"`
	} `json:"meta"`
}

// entries reads a page of a channel's storage.
func (c *apiClient) entries(ctx context.Context, channel string, query url.Values) ([]entry, error) {
	var page struct{ Items []entry }
	err := c.do(ctx, "GET", "/channels/"+url.PathEscape(channel)+"/storage?"+query.Encode(), nil, &page)
	return page.Items, err
}

type getCmd struct {
	clientFlags
	Channel string `arg:"" help:"The channel."`
	Key     string `arg:"" help:"The entry's key."`
	JSON    bool   `help:"Print the whole entry, with who wrote it, as one JSON object."`
}

// Run prints the entry's data. That there is no entry is a failure.
func (c *getCmd) Run(ctx context.Context, p *program) error {
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	items, err := api.entries(ctx, c.Channel, url.Values{"keys": {c.Key}})
	switch {
	case err != nil:
		return err
	case len(items) == 0:
		return fmt.Errorf("there is no %s on %s; see  dormouse list %s", c.Key, c.Channel, shellQuote(c.Channel))
	case c.JSON:
		return printJSON(p.out, items[0])
	}
	newPrinter(p.out, p.env).line("%s", items[0].Data)
	return nil
}

type listCmd struct {
	clientFlags
	Channel string `arg:"" help:"The channel."`
	JSON    bool   `help:"Print one JSON object a line, an entry each."`
}

// Run prints every entry, in the order of the keys.
func (c *listCmd) Run(ctx context.Context, p *program) error {
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	var rows [][]string
	after := ""
	for {
		query := url.Values{}
		if after != "" {
			query.Set("after", after)
		}
		items, err := api.entries(ctx, c.Channel, query)
		if err != nil {
			return err
		}
		for _, e := range items {
			if c.JSON {
				if err := printJSON(p.out, e); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, e.row())
		}
		if len(items) == 0 {
			break
		}
		after = items[len(items)-1].Key
	}
	newPrinter(p.out, p.env).table(rows)
	return nil
}

// maxShown is how much of an entry's data a table shows; get and --json show all of it.
const maxShown = 100

func (e entry) row() []string {
	var data bytes.Buffer
	if json.Compact(&data, e.Data) != nil {
		data.Write(e.Data)
	}
	shown := []rune(data.String())
	if len(shown) > maxShown {
		shown = append(shown[:maxShown-1], '…')
	}
	by := ""
	if e.Meta.UID != nil {
		by = "by " + *e.Meta.UID
	}
	return []string{e.Key, string(shown), by}
}
