package cmd

import (
	"context"
	"net/url"
)

type appsDeleteDataCmd struct {
	clientFlags
	AdminURL string `name:"admin-url" placeholder:"URL" help:"The admin listener, such as http://127.0.0.1:9090; also DORMOUSE_ADMIN_URL."`
	ID       string `arg:"" help:"The app's id. It need not be configured any more."`
	Yes      bool   `help:"Yes, all of it."`
	JSON     bool   `help:"Print the server's answer."`
}

func (*appsDeleteDataCmd) Help() string {
	return "That is entries, and the last events of cache channels. Its clients stay connected, what waits for its webhooks is delivered, and its record stays where it is. Other apps are not touched."
}

// Run has the running server delete it, and returns when that is durable. It wants --yes, for nothing brings it back.
func (c *appsDeleteDataCmd) Run(ctx context.Context, p *program) error {
	if !c.Yes {
		return usagef("this deletes everything that the channels of app %q keep; give --yes", c.ID)
	}
	if c.URL != "" {
		return usagef("this is asked of the admin listener: give --admin-url, not --url")
	}
	c.URL = c.AdminURL
	api, err := c.client(p, true)
	if err != nil {
		return err
	}
	var done struct {
		Channels int `json:"channels"`
	}
	if err := api.do(ctx, "DELETE", "/admin/apps/"+url.PathEscape(c.ID)+"/data", nil, &done); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, done)
	}
	newPrinter(p.out, p.env).line("deleted what %d channels of app %q kept", done.Channels, c.ID)
	return nil
}
