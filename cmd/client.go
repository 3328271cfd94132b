package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// clientFlags find a running server and a right to ask it: by flag, by variable, or in the folder of a
// development server.
type clientFlags struct {
	URL    string `name:"url" placeholder:"URL" help:"Where the server is, such as http://127.0.0.1:8080; also DORMOUSE_URL."`
	APIKey string `placeholder:"KEY" help:"An API key, or file:/path; also DORMOUSE_API_KEY."`
	Data   string `placeholder:"FOLDER" default:"dormouse-data" help:"Data folder of dormouse dev, where server and key are found otherwise (${default})."`
}

// A devInfo is what a running development server leaves in its data folder, so that commands find it. It
// holds no secret, but is closed to others all the same.
type devInfo struct {
	URL   string `json:"url"`   // of clients and backends
	Admin string `json:"admin"` // of the admin listener
	PID   int    `json:"pid"`
}

func devInfoPath(data string) string { return filepath.Join(data, "dev.json") }

func readDevInfo(data string) (devInfo, error) {
	var info devInfo
	text, err := os.ReadFile(devInfoPath(data))
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(text, &info); err != nil {
		return info, fmt.Errorf("%s is damaged; start dormouse dev again", devInfoPath(data))
	}
	return info, nil
}

// An apiClient asks a server's HTTP API.
type apiClient struct {
	base string // without a slash at its end
	key  string
	http *http.Client
}

// client finds the server. admin asks for its admin listener.
func (f clientFlags) client(p *program, admin bool) (*apiClient, error) {
	base, variable := f.URL, "DORMOUSE_URL"
	if admin {
		variable = "DORMOUSE_ADMIN_URL"
	}
	if base == "" {
		base = lookup(p.env, variable)
	}
	if base == "" {
		info, err := readDevInfo(f.Data)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("no server is known: give --url or %s, or start  dormouse dev  (looked for %s)", variable, devInfoPath(f.Data))
		case err != nil:
			return nil, err
		}
		if base = info.URL; admin {
			base = info.Admin
		}
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("%q is no address of a server: write http://host:port or https://host", base)
	}
	key, err := f.key(p)
	if err != nil {
		return nil, err
	}
	return &apiClient{strings.TrimRight(base, "/"), key, &http.Client{Timeout: time.Minute}}, nil
}

// key finds the API key.
func (f clientFlags) key(p *program) (string, error) {
	key := f.APIKey
	if key == "" {
		key = lookup(p.env, "DORMOUSE_API_KEY")
	}
	if key != "" {
		text, err := parseSecret(key, "").read(true)
		return strings.TrimSpace(text), err
	}
	keys, err := readDevKeys(f.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no API key: give --api-key or DORMOUSE_API_KEY")
	case err != nil:
		return "", err
	}
	return keys.api, nil
}

// An apiError is the server's refusal.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string {
	switch {
	case e.status == http.StatusUnauthorized:
		return "the server does not accept this API key (" + e.code + ")"
	case e.code == "":
		return fmt.Sprintf("the server answered %d %s, which is no answer of Dormouse: is this its address?", e.status, http.StatusText(e.status))
	}
	return fmt.Sprintf("refused: %s: %s", e.code, e.message)
}

// do sends one request and decodes the answer into answer, unless that is nil.
func (c *apiClient) do(ctx context.Context, method, path string, body, answer any) error {
	var send io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		send = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, send)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(c.base, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	if res.StatusCode >= 300 {
		return refusalOf(res.StatusCode, text)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return &apiError{status: res.StatusCode}
	}
	return nil
}

// refusalOf reads an error's body.
func refusalOf(status int, text []byte) error {
	var body struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(text, &body) // an answer that is none of ours has no code
	return &apiError{status, body.Error.Code, body.Error.Message}
}

// unreachable says why a server could not be asked, and what to look at.
func unreachable(base string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the whole URL may hold a token
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody answers at %s: is the server running? Start one with  dormouse dev", base)
	case errors.As(err, &dns):
		return fmt.Errorf("the name in %s is not known: %w", base, err)
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return fmt.Errorf("%s does not answer in time", base)
	}
	return fmt.Errorf("ask %s: %w", base, err)
}

// dataArgument reads an argument that is data: JSON, @file, or - for standard input; with text, whatever
// it is, as a JSON string. Empty is null.
func dataArgument(s string, text bool, stdin io.Reader) (json.RawMessage, error) {
	raw := []byte(s)
	var err error
	switch {
	case s == "-":
		raw, err = io.ReadAll(io.LimitReader(stdin, 64<<20))
	case strings.HasPrefix(s, "@"):
		raw, err = os.ReadFile(s[1:])
	}
	if err != nil {
		return nil, err
	}
	if text {
		return json.Marshal(string(raw))
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return json.RawMessage("null"), nil
	}
	if !json.Valid(raw) {
		return nil, usagef("the data is no JSON: a string is written '\"…\"', or give --text")
	}
	return raw, nil
}
