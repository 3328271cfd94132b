package peers

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestOnlyTheServerHasTheServersAbilities(t *testing.T) {
	for name, p := range All("") {
		_, presence := p.Dialect.(Presence)
		_, schedules := p.Dialect.(Schedules)
		_, events := p.Dialect.(Events)
		if p.Raw && (presence || schedules || events) {
			t.Errorf("%s claims what it cannot do", name)
		}
		if name == Ours && !(presence && schedules && events) {
			t.Errorf("%s lacks something", name)
		}
	}
}

func TestMembersAreRead(t *testing.T) {
	for text, want := range map[string]struct {
		uid     string
		joined  bool
		members int
	}{
		`{"event":"hotsock.memberAdded","channel":"presence.c","data":{"member":{"uid":"bob","umd":null},"members":[{"uid":"ann","umd":{"name":"Ann"}},{"uid":"bob","umd":null}]}}`: {"bob", true, 2},
		`{"event":"hotsock.memberRemoved","channel":"presence.c","data":{"member":{"uid":"bob","umd":null},"members":[]}}`:                                                          {"bob", false, 0},
		`{"event":"hotsock.memberAdded","channel":"presence.c","data":{"member":{"uid":"bob","umd":null}}}`:                                                                         {"bob", true, -1},
	} {
		if (hotsock{}).Kind([]byte(text)) != Membership {
			t.Errorf("%s is no membership", text)
		}
		uid, joined, members := (hotsock{}).Member([]byte(text))
		if string(uid) != want.uid || joined != want.joined || members != want.members {
			t.Errorf("%s: %s, %t, %d", text, uid, joined, members)
		}
	}
}

func TestRightsOfPublishersAreInTheirTokens(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	target := hotsock{secret}.target(Client{UID: "u", Channel: "c", Rights: Publish | Store | Emit | Visit})
	var claims jwt.MapClaims
	_, err := jwt.ParseWithClaims(strings.TrimPrefix(target, "/?token="), &claims, func(*jwt.Token) (any, error) { return secret, nil })
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(claims["channels"])
	if want := `{"c":{"messages":{"*":{"broadcast":true,"emitPubSubEvent":true,"store":-1}},"subscribe":true}}`; string(text) != want {
		t.Errorf("channels %s, want %s", text, want)
	}
}

// backend is a server that keeps what it was asked, and answers the same every time.
func backend(t *testing.T, answer string) (s *Server, asked func() (target, key string, body map[string]any)) {
	t.Helper()
	var target, key string
	var body map[string]any
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, key = r.URL.String(), r.Header.Get("Authorization")
		_ = json.NewDecoder(r.Body).Decode(&body) // a GET has none
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(h.Close)
	s = &Server{Addr: netip.MustParseAddrPort(strings.TrimPrefix(h.URL, "http://"))}
	return s, func() (string, string, map[string]any) { return target, key, body }
}

func TestAPageHasItsIDs(t *testing.T) {
	s, asked := backend(t, `{"messages":[{"id":"01J9ZS7Q6V5N4M3K2H1G0F9E8D","event":"tick","channel":"c","data":{"n":1}},`+
		`{"id":"01J9ZS7Q6V5N4M3K2H1G0F9E8E","event":"tick","channel":"c","data":{"n":2}}],"more":false}`)
	d := hotsock{[]byte("secret")}
	p, err := d.Page(t.Context(), s, "c", "01J9ZS7Q6V5N4M3K2H1G0F9E8C")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.IDs) != 2 || p.Last() != "01J9ZS7Q6V5N4M3K2H1G0F9E8E" || !p.Done {
		t.Errorf("%+v", p)
	}
	if target, key, _ := asked(); target != "/channels/c/messages?after=01J9ZS7Q6V5N4M3K2H1G0F9E8C" || key != "Bearer "+d.apiKey() {
		t.Errorf("asked %s with %s", target, key)
	}
	if at, err := d.Published(p.IDs[0]); err != nil || at.Year() != 2024 {
		t.Errorf("published %s, %v", at, err)
	}
	if _, err := d.Published("soon"); err == nil {
		t.Error("an id that is none has a time")
	}
}

func TestSchedulesAreAskedFor(t *testing.T) {
	s, asked := backend(t, `{"results":[{"channel":"a"},{"channel":"b"}]}`)
	at := time.Date(2090, 6, 1, 15, 45, 0, 0, time.FixedZone("", 3600))
	data := func(dst []byte, i int) []byte { return append(dst, '0'+byte(i)) }
	if err := (hotsock{}).Schedule(t.Context(), s, at, []string{"a", "b"}, data); err != nil {
		t.Fatal(err)
	}
	_, _, body := asked()
	second := body["messages"].([]any)[1].(map[string]any)
	if second["channel"] != "b" || second["data"] != 1.0 || second["scheduleExpression"] != "at(2090-06-01T14:45:00)" {
		t.Errorf("asked for %v", second)
	}
	s, _ = backend(t, `{"results":[{"channel":"a"},{"error":{"code":"INVALID_SCHEDULE","message":"past"}}]}`)
	if err := (hotsock{}).Schedule(t.Context(), s, at, []string{"a", "b"}, data); err == nil || !strings.Contains(err.Error(), "INVALID_SCHEDULE") {
		t.Errorf("a refusal is %v", err)
	}
}
