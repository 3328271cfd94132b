package pusher

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dormouse/claims"
)

// vectorApp is the app of the published examples.
func vectorApp() *claims.App {
	return &claims.App{ID: "app-id", Key: "app-key", Secret: "app-secret", Enabled: true}
}

const (
	vectorSocket   = "1234.5678"
	vectorMember   = `{"user_id":"10","user_info":{"name":"Mr. Channels"}}`
	vectorUser     = `{"id":"12345","user_info":{"name":"Ada"},"watchlist":["7"]}`
	privateAuth    = "app-key:18679908115f43a0872c55d35b9731250f5480e854f0b2d5f753d2e10c327c22"
	presenceAuth   = "app-key:3822541372231ead5379dcbe6a605bc53935ad3c4d482b45d6daed737fc70b75"
	userAuth       = "app-key:470af15d4198e74896ebff3e8f44a88a22eb95902a1eac3409b70d1e61aeca40"
	vectorBody     = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
	vectorWebhook  = `{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"test_channel"}]}`
	vectorPostBare = "auth_key=app-key&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f"
	vectorPost     = vectorPostBare + "&auth_signature=ab662851e46b3c81f0177a89ae4664cf9dcb53c7ab33d0ea59c5203cc6bee95e"
	vectorGet      = "filter_by_prefix=presence-&info=user_count&auth_key=app-key&auth_timestamp=1353088179&auth_version=1.0" +
		"&auth_signature=5961a51133518af5eed4b9863889adb8e047bd41638325e725876b00c061c153"
)

func TestChannelSignatures(t *testing.T) {
	app := vectorApp()
	other := &claims.App{Key: "other-key", Secret: app.Secret}
	rotated := &claims.App{Key: app.Key, Secret: "new", PreviousSecret: app.Secret}
	for _, tt := range []struct {
		name                        string
		app                         *claims.App
		socket, channel, data, auth string
		hasData, want               bool
	}{
		{"private", app, vectorSocket, "private-foobar", "", privateAuth, false, true},
		{"presence", app, vectorSocket, "presence-foobar", vectorMember, presenceAuth, true, true},
		{"a secret that is being replaced", rotated, vectorSocket, "private-foobar", "", privateAuth, false, true},
		{"none", app, vectorSocket, "private-foobar", "", "", false, false},
		{"the key alone", app, vectorSocket, "private-foobar", "", "app-key", false, false},
		{"an empty signature", app, vectorSocket, "private-foobar", "", "app-key:", false, false},
		{"another channel", app, vectorSocket, "private-foobaz", "", privateAuth, false, false},
		{"another socket", app, "1234.5679", "private-foobar", "", privateAuth, false, false},
		{"another app with the same secret", other, vectorSocket, "private-foobar", "", privateAuth, false, false},
		{"another app's key", app, vectorSocket, "private-foobar", "", strings.Replace(privateAuth, "app-key", "other-key", 1), false, false},
		{"capitals", app, vectorSocket, "private-foobar", "", "app-key:" + strings.ToUpper(privateAuth[8:]), false, false},
		{"a longer signature", app, vectorSocket, "private-foobar", "", privateAuth + "0", false, false},
		{"other data", app, vectorSocket, "presence-foobar", vectorMember + " ", presenceAuth, true, false},
		{"data left out", app, vectorSocket, "presence-foobar", "", presenceAuth, false, false},
		{"data that is empty is there", app, vectorSocket, "private-foobar", "", privateAuth, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := channelAuthorized(tt.app, tt.app.Key, tt.socket, tt.channel, tt.data, tt.hasData, tt.auth); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestUserSignatures(t *testing.T) {
	app := vectorApp()
	if !userAuthorized(app, app.Key, vectorSocket, vectorUser, userAuth) {
		t.Error("a good one is refused")
	}
	if userAuthorized(app, app.Key, "1.2", vectorUser, userAuth) || userAuthorized(app, app.Key, vectorSocket, vectorUser+" ", userAuth) {
		t.Error("a bad one is taken")
	}
}

func TestWebhookSignature(t *testing.T) {
	if got := sign("app-secret", vectorWebhook); string(got[:]) != "07febe80396240f7536142fd6a6d0aa0abcb249bc80f47e9d499a6b8f3b61511" {
		t.Errorf("got %s", got)
	}
}

func TestCallSignatures(t *testing.T) {
	app := vectorApp()
	const at = 1353088179
	read := func(t *testing.T, query string) *params {
		t.Helper()
		ps, refused := readParams(query)
		if refused != nil {
			t.Fatal(refused)
		}
		return ps
	}
	// signedQuery signs text, and sends it as it is or otherwise.
	signedQuery := func(method, path, text, sent string) string {
		sig := sign(app.Secret, method, "\n", path, "\n", text)
		return sent + "&auth_signature=" + string(sig[:])
	}
	const rest = "auth_key=app-key&auth_timestamp=1353088179&auth_version=1.0"
	for _, tt := range []struct {
		name, method, path, query, body string
		refused                         bool
	}{
		{"POST", "POST", "/apps/app-id/events", vectorPost, vectorBody, false},
		{"GET", "GET", "/apps/app-id/channels", vectorGet, "", false},
		{"another method", "GET", "/apps/app-id/events", vectorPost, vectorBody, true},
		{"another path", "POST", "/apps/app-id/batch_events", vectorPost, vectorBody, true},
		{"another body", "POST", "/apps/app-id/events", vectorPost, vectorBody + " ", true},
		{"no body", "POST", "/apps/app-id/events", vectorPost, "", true},
		{"another parameter", "GET", "/apps/app-id/channels", vectorGet + "&after=x", "", true},
		{"no signature", "POST", "/apps/app-id/events", vectorPostBare, vectorBody, true},
		{"no body_md5 of a body", "POST", "/p", signedQuery("POST", "/p", rest, rest), "{}", true},
		{"a value that is escaped after signing", "GET", "/p", signedQuery("GET", "/p", rest+"&f=a b+c%,d", rest+"&f=a%20b%2Bc%25%2Cd"), "", false},
		{"a space that is a plus", "GET", "/p", signedQuery("GET", "/p", rest+"&f=a b", rest+"&f=a+b"), "", false},
		{"a value that is signed as it is escaped", "GET", "/p", signedQuery("GET", "/p", rest+"&f=a%20b", rest+"&f=a%20b"), "", false},
		{"a value that is not escaped at all", "GET", "/p", signedQuery("GET", "/p", rest+"&f=a+b%", rest+"&f=a+b%"), "", false},
		{"a path that is escaped after signing", "GET", "/apps/a%20b", signedQuery("GET", "/apps/a b", rest, rest), "", false},
		{"a path that is signed as it is escaped", "GET", "/apps/a%20b", signedQuery("GET", "/apps/a%20b", rest, rest), "", false},
		{"both escaped after signing", "GET", "/apps/a%20b", signedQuery("GET", "/apps/a b", rest+"&f=a b", rest+"&f=a%20b"), "", false},
		{"the path alone escaped after signing", "GET", "/apps/a%20b", signedQuery("GET", "/apps/a b", rest+"&f=a%20b", rest+"&f=a%20b"), "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps := read(t, tt.query)
			if refused := ps.check(app, time.Unix(at, 0), 600*time.Second); refused != nil {
				t.Fatal(refused)
			}
			if refused := ps.verify(app, tt.method, tt.path, []byte(tt.body)); (refused != nil) != tt.refused {
				t.Errorf("refused is %v", refused)
			}
		})
	}

	t.Run("the form that was signed is the one that counts", func(t *testing.T) {
		plain := read(t, signedQuery("GET", "/p", rest+"&f=a b", rest+"&f=a+b"))
		asWritten := read(t, signedQuery("GET", "/p", rest+"&f=a+b", rest+"&f=a+b"))
		if plain.verify(app, "GET", "/p", nil) != nil || asWritten.verify(app, "GET", "/p", nil) != nil {
			t.Fatal("refused")
		}
		if plain.get("f") != "a b" || asWritten.get("f") != "a+b" {
			t.Errorf("got %q and %q", plain.get("f"), asWritten.get("f"))
		}
	})
	t.Run("a secret that is being replaced", func(t *testing.T) {
		rotated := vectorApp()
		rotated.PreviousSecret, rotated.Secret = rotated.Secret, "new"
		if refused := read(t, vectorGet).verify(rotated, "GET", "/apps/app-id/channels", nil); refused != nil {
			t.Error(refused)
		}
	})
	t.Run("too many parameters", func(t *testing.T) {
		if _, refused := readParams(strings.Repeat("a=b&", maxParams+1)); refused == nil {
			t.Error("they are read")
		}
	})
}

func TestCallChecks(t *testing.T) {
	app := vectorApp()
	const tolerance = 600 * time.Second
	now := time.Unix(1_000_000, 0)
	const secret, late = "The secret authentication failed", "Timestamp expired: not within 600s of server time."
	for _, tt := range []struct {
		name, query string
		tolerance   time.Duration
		want        string
	}{
		{"good", "auth_key=app-key&auth_version=1.0&auth_timestamp=1000000", tolerance, ""},
		{"just old enough", "auth_key=app-key&auth_version=1.0&auth_timestamp=999400", tolerance, ""},
		{"just new enough", "auth_key=app-key&auth_version=1.0&auth_timestamp=1000600", tolerance, ""},
		{"too old", "auth_key=app-key&auth_version=1.0&auth_timestamp=999399", tolerance, late},
		{"too new", "auth_key=app-key&auth_version=1.0&auth_timestamp=1000601", tolerance, late},
		{"beyond all times", "auth_key=app-key&auth_version=1.0&auth_timestamp=9223372036854775807", tolerance, late},
		{"beyond all numbers", "auth_key=app-key&auth_version=1.0&auth_timestamp=92233720368547758070", tolerance, late},
		{"no time", "auth_key=app-key&auth_version=1.0", tolerance, late},
		{"any time", "auth_key=app-key&auth_version=1.0&auth_timestamp=1", 0, ""},
		{"another key", "auth_key=app-keys&auth_version=1.0&auth_timestamp=1000000", tolerance, secret},
		{"another version", "auth_key=app-key&auth_version=1.1&auth_timestamp=1000000", tolerance, secret},
		{"nothing", "", tolerance, secret},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps, _ := readParams(tt.query)
			got := ""
			if refused := ps.check(app, now, tt.tolerance); refused != nil {
				got = refused.Message
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParamsKeepTheirOrder(t *testing.T) {
	ps, _ := readParams("b=1&a=3&a=2&&c&auth_signature=x&=y")
	if got := ps.joined(false); got != "=y&a=3&a=2&b=1&c=" {
		t.Errorf("got %s", got)
	}
	if got := ps.get("a"); got != "3" {
		t.Errorf("a is %s", got)
	}
	if !slices.ContainsFunc(ps.all, func(p param) bool { return p.name == "c" && p.value == "" }) {
		t.Error("c is lost")
	}
}
