package peers

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestPeersOfNpmBroadcast(t *testing.T) {
	all := All("")
	for _, name := range []string{NodeWS, SocketIO, Workerd, WorkerdJoined} {
		t.Run(name, func(t *testing.T) { broadcasts(t, all[name]) })
	}
}

func TestPeersOfNpmStore(t *testing.T) {
	all := All("")
	for _, name := range []string{SocketIO, Workerd, WorkerdJoined} {
		t.Run(name, func(t *testing.T) { stores(t, all[name]) })
	}
}

// Each set is answered by its own key, in the order in which one client sets.
func TestPeersOfNpmAcknowledgeInOrder(t *testing.T) {
	all := All("")
	for _, name := range []string{SocketIO, Workerd, WorkerdJoined} {
		t.Run(name, func(t *testing.T) {
			p := all[name]
			build(t, p)
			c := converse(t, p, t.TempDir())
			writer := c.join(Set, "room.1")
			const sets = 50
			for n := range sets {
				writer.conn.Send(p.Dialect.Set(nil, "room.1", fmt.Sprintf("key.%d", n), number(n)))
			}
			for n, ack := range c.await(writer, Ack, sets) {
				if !strings.Contains(ack, fmt.Sprintf(`key.%d"`, n)) {
					t.Errorf("answer %d is %s", n, ack)
				}
			}
		})
	}
}

func TestPeersOfNpmRefuseAWrongToken(t *testing.T) {
	all, strangers := All(""), All("") // each with a secret of its own
	for _, name := range []string{NodeWS, SocketIO, Workerd, WorkerdJoined} {
		t.Run(name, func(t *testing.T) {
			build(t, all[name])
			c := converse(t, all[name], t.TempDir())
			s := &speaker{who: Client{UID: "u", Channel: "room.1", Rights: Subscribe}, dialect: strangers[name].Dialect, heard: map[Kind][]string{}}
			if _, err := c.loop.Dial(c.server.Addr, s.dialect.Protocol(s.who), s); err != nil {
				t.Fatal(err)
			}
			if err := c.loop.Wait(t.Context(), time.Minute, "the end", func() bool { return s.err != nil }); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(s.err.Error(), "refused") || len(s.heard) > 0 {
				t.Errorf("ended with %v, after %v", s.err, s.heard)
			}
		})
	}
}

func TestSocketIOFramesAreSorted(t *testing.T) {
	for text, want := range map[string]Kind{
		`0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}`: Other,
		`40{"sid":"x"}`:                 Connected,
		`44{"message":"token"}`:         Refusal,
		`42["subscribed","c"]`:          Subscribed,
		`42["message","c",{"n":1}]`:     Message,
		`42["updated","c","k",{"n":1}]`: Message,
		`431["k"]`:                      Ack,
		`432["k",{"n":1}]`:              Answer,
		`41`:                            Other,
		`3`:                             Other,
		``:                              Other,
	} {
		if got := (socketIO{}).Kind([]byte(text)); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

func TestDurableObjectFramesAreSorted(t *testing.T) {
	for text, want := range map[string]Kind{
		`{"event":"connected"}`:                        Connected,
		`{"event":"message","data":{"n":1}}`:           Message,
		`{"event":"updated","key":"k","data":{"n":1}}`: Message,
		`{"event":"ack","key":"k"}`:                    Ack,
		`{"event":"entry","key":"k","data":null}`:      Answer,
		`{"event":"`: Other,
		`{}`:         Other,
	} {
		if got := (durableObject{}).Kind([]byte(text)); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

func TestWithoutNpmAPeerIsNotThere(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	all := All("")
	for _, name := range []string{NodeWS, SocketIO, Workerd, WorkerdJoined} {
		var missing *NotThere
		if err := all[name].Find(t.Context(), "."); !errors.As(err, &missing) || missing.Part != "npm" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nobody listens where npm asks: as without a network, the peers are not there, and one look is enough for all.
func TestPeersOfNpmNeedANetwork(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("npm_config_cache", t.TempDir())
	t.Setenv("npm_config_registry", "http://127.0.0.1:1")
	all := All("")
	for _, name := range []string{NodeWS, SocketIO, Workerd, WorkerdJoined} {
		if err := all[name].Find(t.Context(), "."); err != nil {
			t.Errorf("%s: before it is installed: %v", name, err)
		}
		var missing *NotThere
		err := all[name].Build(t.Context(), ".", t.TempDir())
		if !errors.As(err, &missing) || !strings.Contains(missing.Install, "ECONNREFUSED") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
