package peers

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestFramesAreSorted(t *testing.T) {
	for text, want := range map[string]Kind{
		`{"event":"hotsock.connected","data":{"connectionId":"x"}}`:                              Connected,
		`{"event":"hotsock.connected","data":{}}`:                                                Connected,
		`{"event":"hotsock.subscribed","channel":"c","data":{}}`:                                 Subscribed,
		`{"event":"hotsock.ack","ref":"1","data":{"seq":12}}`:                                    Ack,
		`{"event":"hotsock.ack","ref":"1","data":{}}`:                                            Ack,
		`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":1}`:             Message,
		`{"event":"hotsock.channelStorageData","channel":"c","key":"k","data":null,"meta":null}`: Answer,
		`{"event":"hotsock.error","error":{"code":"NOT_SUBSCRIBED"}}`:                            Refusal,
		`{"id":"01J9ZS7Q6V5N4M3K2H1G0F9E8D","event":"tick","channel":"c","data":1}`:              Message,
		`{"event":"hotsock.unsubscribed","channel":"c","data":{}}`:                               Other,
		`{}`: Other,
	} {
		if got := (hotsock{}).Kind([]byte(text)); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

func TestATokenAllowsWhatIsNeededOnly(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	target := hotsock{secret}.target(Client{UID: "u", Channel: "c", Rights: Set})
	var claims jwt.MapClaims
	_, err := jwt.ParseWithClaims(strings.TrimPrefix(target, "/?token="), &claims, func(*jwt.Token) (any, error) { return secret, nil })
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(claims["channels"])
	if want := `{"c":{"storage":{"*":{"get":false,"observe":false,"set":true}},"subscribe":false}}`; string(text) != want {
		t.Errorf("channels %s, want %s", text, want)
	}
}

func TestWhatIsSentIsJSON(t *testing.T) {
	for name, d := range map[string]Dialect{"hotsock": hotsock{}, "raw": raw{}} {
		for _, frame := range [][]byte{
			d.Subscribe(nil, "c"), d.Publish(nil, "c", []byte(`{"n":1}`)), d.Set(nil, "c", "k", []byte(`{"n":1}`)), d.Get(nil, "c", "k"),
		} {
			if len(frame) > 0 && !json.Valid(frame) {
				t.Errorf("%s: %s", name, frame)
			}
		}
	}
}

func TestSettingsBecomeSections(t *testing.T) {
	var c struct {
		Limits map[string]any `json:"limits"`
		Token  struct {
			Keys []map[string]string `json:"keys"`
		} `json:"token"`
	}
	text := configuration([]byte("secret"), "/folder", map[string]any{"limits.idle_after": "2s"})
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if c.Limits["idle_after"] != "2s" || len(c.Token.Keys) != 1 {
		t.Errorf("%s", text)
	}
}

func TestEveryPeerSaysWhatItIs(t *testing.T) {
	for name, p := range All("") {
		if p.Name != name || p.About == "" || strings.HasSuffix(p.About, ".") || p.Durability == "" || p.Dialect == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestAPeerSaysWhatToInstall(t *testing.T) {
	p := &Peer{Name: "db", source: "./nowhere", find: func(context.Context, string) error {
		return &NotThere{"db-server", "apt-get install db-server"}
	}}
	var missing *NotThere
	err := p.Build(t.Context(), t.TempDir(), t.TempDir())
	if !errors.As(err, &missing) || missing.Install != "apt-get install db-server" || !strings.Contains(err.Error(), "db-server is not there") {
		t.Errorf("got %v", err)
	}
}

// A front and the server behind it are one peer.
func TestAFamilyIsMeasuredAndEndedTogether(t *testing.T) {
	p := &Peer{Name: "family", binary: "/bin/sh", family: true, arguments: func(string, map[string]any) ([]string, error) {
		return []string{"-c", `sleep 600 & echo '{"listen":"127.0.0.1:1"}' >&2; wait`}, nil
	}}
	s, err := p.Start(t.Context(), Cores{}, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	if len(s.children) != 1 {
		t.Fatalf("%d children", len(s.children))
	}
	own, err := s.rss(s.PID())
	if err != nil {
		t.Fatal(err)
	}
	if all, err := s.RSS(); err != nil || all <= own {
		t.Errorf("%d bytes together, %d alone: %v", all, own, err)
	}
	if n, err := s.Descriptors(); err != nil || n < 6 {
		t.Errorf("%d descriptors, %v", n, err)
	}
	if n, err := s.Resident(); err != nil || n <= own/2 {
		t.Errorf("%d bytes by the kernel's count: %v", n, err)
	}
	if d, err := s.CPU(); err != nil || d <= 0 {
		t.Errorf("%v, %v", d, err)
	}
	if counters, err := s.Counters(t.Context()); err != nil || len(counters) != 0 {
		t.Errorf("%v, %v", counters, err)
	}
	s.Kill()
	// It held the log open, whose end is waited for: what is left of it is no process with memory.
	if n, _ := s.rss(s.children[0]); n > 0 {
		t.Errorf("the child lives on, in %d bytes", n)
	}
}

func TestAServerThatDoesNotStartSaysWhy(t *testing.T) {
	p := &Peer{Name: "none", binary: "/bin/sh", arguments: func(string, map[string]any) ([]string, error) {
		return []string{"-c", "echo no such key >&2; exit 1"}, nil
	}}
	if _, err := p.Start(t.Context(), Cores{}, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "no such key") {
		t.Errorf("got %v", err)
	}
	p.arguments = func(string, map[string]any) ([]string, error) { return nil, errors.New("no room") }
	if _, err := p.Start(t.Context(), Cores{}, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("got %v", err)
	}
}
