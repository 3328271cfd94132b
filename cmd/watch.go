package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

type watchCmd struct {
	URL     string `name:"url" placeholder:"URL" help:"Where the server is; also DORMOUSE_URL."`
	Token   string `placeholder:"TOKEN" help:"A connect token that may subscribe to the channel; also DORMOUSE_TOKEN. Default: one made with the key of dormouse dev."`
	UID     string `name:"uid" default:"watch" help:"Who the made token is for (${default})."`
	Data    string `placeholder:"FOLDER" default:"dormouse-data" help:"Data folder of dormouse dev (${default})."`
	Count   int    `placeholder:"N" help:"End after so many frames, the answer to subscribing not counted."`
	Channel string `arg:"" help:"The channel."`
	JSON    bool   `help:"Print frames alone, one a line."`

	NoReconnect bool `help:"End when the connection does, instead of coming back."`
}

func (*watchCmd) Help() string {
	return "First come the channel's entries, then everything that happens. When the server restarts, it comes back, prints what it missed, and says so on standard error. After a crash it prints the stored messages that it missed, for which a token needs historyStart, and says what else may be missing. Ctrl-C ends it."
}

// Run prints frames until it is interrupted, told to end by --count, or refused, which is a failure. When its
// connection is cut it comes back, and goes on where it was.
func (c *watchCmd) Run(ctx context.Context, p *program) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	w := &watcher{watchCmd: c, p: p, out: newPrinter(p.out, p.env), entries: map[string]watched{}, start: time.Now()}
	err := w.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// target is the address to connect to, token and all. A token that is made shows history from start on.
func (c *watchCmd) target(p *program, start time.Time) (*url.URL, error) {
	base, token := c.URL, c.Token
	if base == "" {
		base = lookup(p.env, "DORMOUSE_URL")
	}
	if base == "" {
		info, err := readDevInfo(c.Data)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no server is known: give --url or DORMOUSE_URL, or start  dormouse dev  (looked for %s)", devInfoPath(c.Data))
		}
		if err != nil {
			return nil, err
		}
		base = info.URL
	}
	if token == "" {
		token = lookup(p.env, "DORMOUSE_TOKEN")
	}
	if token == "" {
		s, err := devKeyFlags{Data: c.Data}.signer()
		if err != nil {
			return nil, fmt.Errorf("there is no token to connect with: give --token, or start  dormouse dev  first")
		}
		claims := map[string]any{"scope": "connect", "uid": c.UID, "exp": time.Now().Add(time.Minute).Unix()}
		if err := addChannel(claims, c.Channel+":subscribe,observe"); err != nil {
			return nil, err
		}
		below(below(claims, "channels"), c.Channel)["historyStart"] = start.Unix()
		if token, err = s.sign(claims); err != nil {
			return nil, err
		}
	}
	return socketURL(base, token)
}

// socketURL is where clients of the server at base connect.
func socketURL(base, token string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Host == "" {
		return nil, usagef("%q is no address of a server: write http://host:port or https://host", base)
	}
	switch u.Scheme {
	case "http", "ws":
		u.Scheme = "ws"
	case "https", "wss":
		u.Scheme = "wss"
	default:
		return nil, usagef("%q is no address of a server: write http://host:port or https://host", base)
	}
	if u.Path == "" {
		u.Path = "/v1"
	}
	u.RawQuery = url.Values{"token": {token}}.Encode()
	return u, nil
}

func dial(ctx context.Context, target *url.URL) (*websocket.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, res, err := websocket.Dial(bounded, target.String(), nil)
	if err == nil {
		return conn, nil
	}
	if res != nil && res.StatusCode != http.StatusSwitchingProtocols {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10)) // of a refusal; what cannot be read is not told
		var refused *apiError
		if errors.As(refusalOf(res.StatusCode, text), &refused) && refused.code != "" {
			err = fmt.Errorf("the server refuses the connection: %s: %s", refused.code, refused.message)
		} else {
			err = refusalOf(res.StatusCode, text)
		}
		if res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests {
			err = finalError{err}
		}
		return nil, err
	}
	return nil, unreachable(target.Scheme+"://"+target.Host, err)
}
