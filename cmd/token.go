package cmd

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// devKeyFlags say which key signs or verifies: one that is named, else the development folder's.
type devKeyFlags struct {
	Key  string `placeholder:"KEY" help:"Key: file:/path, or the material itself (PEM, or base64 of an HS secret). Default: the key of dormouse dev."`
	Alg  string `placeholder:"ALG" help:"Algorithm of --key. Default: what fits the key."`
	Kid  string `placeholder:"ID" help:"Key id, the token's kid."`
	Data string `placeholder:"FOLDER" default:"dormouse-data" help:"Data folder of dormouse dev (${default})."`
}

// signer makes tokens.
type signer struct {
	method jwt.SigningMethod
	key    any
	kid    string
}

func (s signer) sign(claims map[string]any) (string, error) {
	t := jwt.NewWithClaims(s.method, jwt.MapClaims(claims))
	if s.kid != "" {
		t.Header["kid"] = s.kid
	}
	return t.SignedString(s.key)
}

// signer returns the development key's signer.
func (k *devKeys) signer() signer {
	return signer{jwt.SigningMethodHS256, []byte(k.signing), devKeyID}
}

// signer finds the key that the flags name.
func (f devKeyFlags) signer() (signer, error) {
	if f.Key == "" {
		keys, err := readDevKeys(f.Data)
		if errors.Is(err, fs.ErrNotExist) {
			return signer{}, fmt.Errorf("there is no key to sign with: give --key, or start  dormouse dev  first, which makes one in %s", f.Data)
		}
		if err != nil {
			return signer{}, err
		}
		return keys.signer(), nil
	}
	text, err := parseSecret(f.Key, "").read(true)
	if err != nil {
		return signer{}, fmt.Errorf("--key: %w", err)
	}
	method, key, err := parseSigningKey(text, f.Alg)
	if err != nil {
		return signer{}, fmt.Errorf("--key: %w", err)
	}
	return signer{method, key, f.Kid}, nil
}

type tokenMintCmd struct {
	devKeyFlags
	Claims    string        `placeholder:"JSON" help:"Claims to begin with: a JSON object, the path of a file with one, or - for standard input."`
	Scope     string        `placeholder:"WORDS" help:"What the token is for: connect, subscribe, umd, publish, read (connect)."`
	UID       string        `name:"uid" help:"The user's id."`
	UMD       string        `name:"umd" placeholder:"JSON" help:"The user's metadata."`
	Channel   []string      `sep:"none" placeholder:"NAME:RIGHTS" help:"A channel, or a pattern such as game.*, and what is allowed there: ${rights}. May be repeated."`
	Expires   time.Duration `default:"1h" help:"How long the token is good (${default})."`
	Audience  string        `help:"The aud claim."`
	Issuer    string        `help:"The iss claim."`
	SingleUse bool          `help:"The token is good once; it gets a jti."`
	JSON      bool          `help:"Print a JSON object with the token and its claims."`
}

func (*tokenMintCmd) Help() string {
	return `Examples: dormouse token --uid alice --channel 'game.*:subscribe,publish,observe,set' · ` +
		`dormouse token --claims claims.json --key file:private.pem --kid a`
}

// Run prints the token alone, so that it can stand in $( ).
func (c *tokenMintCmd) Run(p *program) error {
	claims, err := c.claims(p.in, time.Now())
	if err != nil {
		return usageError{err}
	}
	s, err := c.signer()
	if err != nil {
		return err
	}
	token, err := s.sign(claims)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if c.JSON {
		return printJSON(p.out, map[string]any{"token": token, "claims": claims})
	}
	fmt.Fprintln(p.out, token)
	return nil
}

// claims puts the flags over what --claims brings.
func (c *tokenMintCmd) claims(stdin io.Reader, now time.Time) (map[string]any, error) {
	claims := map[string]any{}
	if c.Claims != "" {
		text, err := jsonArgument(c.Claims, stdin)
		if err != nil {
			return nil, fmt.Errorf("--claims: %w", err)
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&claims); err != nil || claims == nil {
			return nil, errors.New("--claims is no JSON object")
		}
	}
	set := func(name, text string) {
		if text != "" {
			claims[name] = text
		}
	}
	set("scope", c.Scope)
	set("uid", c.UID)
	set("aud", c.Audience)
	set("iss", c.Issuer)
	if claims["scope"] == nil {
		claims["scope"] = "connect"
	}
	if c.UMD != "" {
		if !json.Valid([]byte(c.UMD)) {
			return nil, errors.New("--umd is no JSON")
		}
		claims["umd"] = json.RawMessage(c.UMD)
	}
	if c.SingleUse {
		claims["singleUse"] = true
		if claims["jti"] == nil {
			claims["jti"] = strings.ToLower(rand.Text())
		}
	}
	if claims["exp"] == nil {
		claims["exp"] = now.Add(c.Expires).Unix()
	}
	for _, text := range c.Channel {
		if err := addChannel(claims, text); err != nil {
			return nil, fmt.Errorf("--channel: %w", err)
		}
	}
	return claims, nil
}

// rights are the words of --channel, with where each stands among a channel's directives.
var rights = map[string][]string{
	"subscribe": {"subscribe"},
	"auto":      {"autoSubscribe"},
	"info":      {"getInfo"},
	"publish":   {"messages", "*", "publish"},
	"broadcast": {"messages", "*", "broadcast"},
	"echo":      {"messages", "*", "echo"},
	"observe":   {"storage", "*", "observe"},
	"get":       {"storage", "*", "get"},
	"set":       {"storage", "*", "set"},
}

// allRights are what "all" stands for: everything that works on patterns too.
var allRights = []string{"subscribe", "info", "publish", "echo", "observe", "get", "set"}

func rightWords() []string { return append(slices.Sorted(maps.Keys(rights)), "all") }

// addChannel adds "name:right,right" to the channels claim. A name may contain colons, a right may not.
func addChannel(claims map[string]any, text string) error {
	i := strings.LastIndexByte(text, ':')
	if i <= 0 || i == len(text)-1 {
		return fmt.Errorf("%q wants a name, a colon and rights, such as game.*:subscribe,publish", text)
	}
	channels := below(claims, "channels")
	channel := below(channels, text[:i])
	var words []string
	for w := range strings.SplitSeq(text[i+1:], ",") {
		if w == "all" {
			words = append(words, allRights...)
			continue
		}
		if rights[w] == nil {
			return fmt.Errorf("%q is none of %s%s", w, strings.Join(rightWords(), ", "), didYouMean(w, rightWords()))
		}
		words = append(words, w)
	}
	for _, w := range words {
		at, path := channel, rights[w]
		for _, name := range path[:len(path)-1] {
			at = below(at, name)
		}
		at[path[len(path)-1]] = true
	}
	return nil
}

// below returns m[name] as an object, making it one if it is none.
func below(m map[string]any, name string) map[string]any {
	if inner, ok := m[name].(map[string]any); ok {
		return inner
	}
	inner := map[string]any{}
	m[name] = inner
	return inner
}

// jsonArgument reads an argument that is JSON itself, - for standard input, or the path of a file.
func jsonArgument(s string, stdin io.Reader) ([]byte, error) {
	switch {
	case s == "-":
		return io.ReadAll(io.LimitReader(stdin, 1<<20))
	case strings.HasPrefix(strings.TrimSpace(s), "{"):
		return []byte(s), nil
	}
	return os.ReadFile(strings.TrimPrefix(s, "file:"))
}
