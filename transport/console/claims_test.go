package console

import (
	"encoding/base64"
	"testing"
	"time"

	"dormouse/claims"

	"github.com/golang-jwt/jwt/v5"
)

// The server's own reading of DemoClaims: everything the page does is allowed, and nothing beside it.
func TestDemoClaimsGrantThePageAndNoMore(t *testing.T) {
	const secret = "a secret of thirty-two bytes, about"
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString([]byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := claims.NewVerifier(claims.Options{Keys: []claims.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	said := jwt.MapClaims(DemoClaims("tab-1", "Otter", DemoColor("tab-1")))
	said["exp"] = now.Add(time.Minute).Unix()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, said).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}

	for _, use := range []claims.Scope{claims.ScopeConnect, claims.ScopeUMD} {
		if _, err := verifier.Verify(token, use, now); err != nil {
			t.Errorf("for %s: %v", use, err)
		}
	}
	for _, use := range []claims.Scope{claims.ScopeSubscribe, claims.ScopePublish, claims.ScopeRead} {
		if _, err := verifier.Verify(token, use, now); err == nil {
			t.Errorf("for %s: accepted", use)
		}
	}

	connect, err := verifier.Verify(token, claims.ScopeConnect, now)
	if err != nil {
		t.Fatal(err)
	}
	layers := claims.Layers{Connect: connect}
	lobby, presence, other := layers.Channel(DemoLobby), layers.Channel(DemoPresence), layers.Channel("game.other")
	setting, outside := lobby.Key("settings.title"), lobby.Key("secrets.title")
	chat, elsewhere := lobby.Event("chat"), presence.Event("chat")
	for what, ok := range map[string]bool{
		"subscribe to the lobby":        lobby.Subscribe(),
		"subscribe to the presence":     presence.Subscribe(),
		"not subscribe elsewhere":       !other.Subscribe(),
		"observe, get and set settings": setting.Observe && setting.Get && setting.Set,
		"touch no other key":            !outside.Observe && !outside.Get && !outside.Set,
		"publish chat and hear it":      chat.Publish && chat.Echo,
		"publish no other event":        !lobby.Event("other").Publish,
		"publish on no other channel":   !elsewhere.Publish && !other.Event("chat").Publish,
	} {
		if !ok {
			t.Errorf("the token should: %s", what)
		}
	}
}
