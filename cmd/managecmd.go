package cmd

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

type connectionsCmd struct {
	clientFlags
	UID  string `name:"uid" placeholder:"UID" help:"Only this user's."`
	JSON bool   `help:"Print one JSON object a line, a connection each."`
}

// Run prints every live connection.
func (c *connectionsCmd) Run(ctx context.Context, p *program) error {
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	var rows [][]string
	query := url.Values{}
	if c.UID != "" {
		query.Set("uid", c.UID)
	}
	for {
		var page struct {
			Connections []json.RawMessage
			More        bool
		}
		if err := api.do(ctx, "GET", "/connections?"+query.Encode(), nil, &page); err != nil {
			return err
		}
		for _, raw := range page.Connections {
			var st struct {
				ID                  string
				UID                 *string
				ConnectedAt         time.Time
				SourceIP, UserAgent string
			}
			if err := json.Unmarshal(raw, &st); err != nil {
				return err
			}
			query.Set("after", st.ID)
			if c.JSON {
				if err := printJSON(p.out, raw); err != nil {
					return err
				}
				continue
			}
			uid := "-"
			if st.UID != nil {
				uid = *st.UID
			}
			rows = append(rows, []string{st.ID, uid, st.ConnectedAt.UTC().Format(time.RFC3339), st.SourceIP, st.UserAgent})
		}
		if !page.More {
			break
		}
	}
	newPrinter(p.out, p.env).table(rows)
	return nil
}

type kickCmd struct {
	clientFlags
	ID   string `arg:"" optional:"" help:"The connection, as  dormouse connections  prints it."`
	UID  string `name:"uid" placeholder:"UID" help:"Every connection of this user instead."`
	JSON bool   `help:"Print the number of connections as JSON."`
}

// Run ends connections; their clients may come back, unless their tokens are revoked.
func (c *kickCmd) Run(ctx context.Context, p *program) error {
	if (c.ID == "") == (c.UID == "") {
		return usagef("give a connection, or --uid")
	}
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	kicked := struct {
		Connections int `json:"connections"`
	}{1}
	if c.UID != "" {
		err = api.do(ctx, "DELETE", "/connections?"+url.Values{"uid": {c.UID}}.Encode(), nil, &kicked)
	} else {
		err = api.do(ctx, "DELETE", "/connections/"+url.PathEscape(c.ID), nil, nil)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, kicked)
	}
	newPrinter(p.out, p.env).line("kicked %d", kicked.Connections)
	return nil
}

type revokeCmd struct {
	clientFlags
	JTI  string        `name:"jti" placeholder:"JTI" help:"The one token with this jti."`
	UID  string        `name:"uid" placeholder:"UID" help:"Every token of this user that was made before."`
	For  time.Duration `placeholder:"DURATION" help:"Forget the revocation after that long, when all such tokens have expired. Default: never."`
	Undo bool          `help:"Lift the revocation instead."`
	JSON bool          `help:"Print the server's answer."`
}

// Run takes tokens back, and ends the connections and subscriptions that were made with them.
func (c *revokeCmd) Run(ctx context.Context, p *program) error {
	if (c.JTI == "") == (c.UID == "") {
		return usagef("give --jti or --uid, one of them")
	}
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	which, name := "jti", c.JTI
	if c.UID != "" {
		which, name = "uid", c.UID
	}
	out := newPrinter(p.out, p.env)
	if c.Undo {
		if err := api.do(ctx, "DELETE", "/tokens/revoked?"+url.Values{which: {name}}.Encode(), nil, nil); err != nil {
			return err
		}
		out.line("lifted the revocation of %s %s", which, name)
		return nil
	}
	body := map[string]any{which: name}
	if c.For > 0 {
		body["until"] = time.Now().Add(c.For).Unix() + 1
	}
	var answer struct {
		Connections int `json:"connections"`
	}
	if err := api.do(ctx, "POST", "/tokens/revoke", body, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, answer)
	}
	out.line("revoked %s %s, ended %d connections", which, name, answer.Connections)
	return nil
}

type deleteCmd struct {
	clientFlags
	Channel string `arg:"" help:"The channel."`
	Yes     bool   `help:"Yes, everything that it keeps."`
}

// Run deletes what a channel keeps. It wants --yes, for nothing brings it back.
func (c *deleteCmd) Run(ctx context.Context, p *program) error {
	if !c.Yes {
		return usagef("this deletes every entry and message of %s; give --yes", c.Channel)
	}
	api, err := c.client(p, false)
	if err != nil {
		return err
	}
	if err := api.do(ctx, "DELETE", "/channels/"+url.PathEscape(c.Channel), nil, nil); err != nil {
		return err
	}
	newPrinter(p.out, p.env).line("deleted %s", c.Channel)
	return nil
}
