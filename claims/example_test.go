package claims_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"dormouse/claims"

	"github.com/golang-jwt/jwt/v5"
)

var (
	secret = []byte("an example's secret has to be 32 bytes long at least")
	noon   = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
)

// sign is what an application's backend does, in any language.
func sign(c jwt.MapClaims) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(secret)
	if err != nil {
		panic(err)
	}
	return token
}

func newVerifier() *claims.Verifier {
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		panic(err)
	}
	v, err := claims.NewVerifier(claims.Options{Keys: []claims.Key{key}})
	if err != nil {
		panic(err)
	}
	return v
}

// From a token to what its holder may do.
func Example() {
	token := sign(jwt.MapClaims{
		"exp": noon.Add(time.Minute).Unix(), "scope": "connect", "uid": "ann",
		"channels": map[string]any{
			"room.*":    map[string]any{"subscribe": true, "messages": map[string]any{"chat": map[string]any{"publish": true}}},
			"room.mods": map[string]any{"subscribe": false},
			"user.ann":  map[string]any{"autoSubscribe": true, "alias": "me"},
		},
	})
	c, err := newVerifier().Verify(token, claims.ScopeConnect, noon)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.UID, c.AutoSubscribes())

	layers := claims.Layers{Connect: c}
	for _, name := range []string{"room.7", "room.mods", "me"} {
		channel, _ := layers.Resolve(name)
		grant := layers.Channel(channel)
		fmt.Printf("%s: subscribe %v, chat %v\n", channel, grant.Subscribe(), grant.Event("chat").Publish)
	}
	// Output:
	// ann [user.ann]
	// room.7: subscribe true, chat true
	// room.mods: subscribe false, chat true
	// user.ann: subscribe true, chat false
}

// A refusal says why to a person, and to the code whether it is 401 or 403.
func ExampleError() {
	v := newVerifier()
	for _, c := range []jwt.MapClaims{
		{"exp": noon.Unix(), "scope": "connect"},
		{"exp": noon.Unix() + 60, "scope": "subscribe", "uid": "ann"},
		{"exp": noon.Unix() + 60, "scope": "connect", "channels": map[string]any{"room": map[string]any{"subscribe": "yes"}}},
	} {
		_, err := v.Verify(sign(c), claims.ScopeConnect, noon)
		fmt.Println(claims.ReasonOf(err).Forbidden(), err)
	}
	// Output:
	// false token refused (expired): the token expired at 2030-01-01T12:00:00Z
	// true token refused (scope): the token's scope is not for this use (connect)
	// false token refused (claims): channels "room": subscribe must be true or false
}

// A subscribe token adds to what the connection may do, for one subscription.
func ExampleLayers() {
	v := newVerifier()
	scope := func(scope string, publish bool) *claims.Claims {
		c, err := v.Verify(sign(jwt.MapClaims{
			"exp": noon.Unix() + 60, "scope": scope, "uid": "ann",
			"channels": map[string]any{"stage": map[string]any{"subscribe": true, "messages": map[string]any{"*": map[string]any{"publish": publish}}}},
		}), claims.Scope(scope), noon)
		if err != nil {
			panic(err)
		}
		return c
	}
	connect, subscribe := scope("connect", false), scope("subscribe", true)
	fmt.Println(subscribe.Bind("", "ann"), subscribe.Bind("", "bob"))
	fmt.Println(claims.Layers{Connect: connect}.Channel("stage").Event("song").Publish)
	fmt.Println(claims.Layers{Connect: connect, Subscribe: subscribe}.Channel("stage").Event("song").Publish)
	// Output:
	// <nil> token refused (binding): uid names another user than the connection's
	// false
	// true
}

func ExampleParsePattern() {
	for _, key := range []string{"room.7", "room.*", "#regex:^room\\.[0-9]+$"} {
		p, err := claims.ParsePattern(key)
		fmt.Println(p, p.Match("room.7"), p.Match("room.seven"), err)
	}
	// Output:
	// room.7 true false <nil>
	// room.* true true <nil>
	// #regex:^room\.[0-9]+$ true false <nil>
}

// memory is a Ledger that forgets when the process ends.
type memory struct {
	mu  sync.Mutex
	ids map[string]bool // true once spent
}

func (m *memory) Reserve(s claims.Spend) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.ids[s.App+"\x00"+s.ID]; taken {
		return claims.ErrSpent
	}
	m.ids[s.App+"\x00"+s.ID] = false
	return nil
}

func (m *memory) Release(s claims.Spend) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.ids[s.App+"\x00"+s.ID] {
		delete(m.ids, s.App+"\x00"+s.ID)
	}
}

func (m *memory) Spend(s claims.Spend) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids[s.App+"\x00"+s.ID] = true
	return nil
}

func (m *memory) Refund(s claims.Spend) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.ids, s.App+"\x00"+s.ID)
	return nil
}

// A single-use token is spent last, so that a failure on the way does not cost it.
func ExampleLedger() {
	c, err := newVerifier().Verify(sign(jwt.MapClaims{
		"exp": noon.Unix() + 60, "scope": "connect", "singleUse": true, "jti": "ticket-1",
	}), claims.ScopeConnect, noon)
	if err != nil {
		panic(err)
	}
	var ledger claims.Ledger = &memory{ids: map[string]bool{}}
	open := func(full bool) error {
		s := c.Spend(claims.DefaultAppID)
		if err := ledger.Reserve(s); err != nil {
			return err
		}
		if full {
			ledger.Release(s)
			return errors.New("server full")
		}
		return ledger.Spend(s)
	}
	fmt.Println(open(true))
	fmt.Println(open(false))
	fmt.Println(open(false))
	// Output:
	// server full
	// <nil>
	// the token was already used
}

func ExampleCheckChannel() {
	fmt.Println(claims.CheckChannel("presence.lobby"))
	fmt.Println(claims.CheckChannel("two words"))
	fmt.Println(claims.CheckChannel(strings.Repeat("x", 257)))
	// Output:
	// <nil>
	// a channel name must not contain white space
	// a channel name has at most 256 characters
}
