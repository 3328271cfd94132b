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
		t.Run(name, func(t *testing.T) {
			build(t, all[name])
			c := converse(t, all[name], t.TempDir())
			a, b, stranger := c.join(Subscribe, "room.1"), c.join(Subscribe, "room.1"), c.join(Subscribe, "room.2")
			writer := c.join(Publish, "room.1")
			for n := range 100 {
				writer.conn.Send(all[name].Dialect.Publish(nil, "room.1", number(n)))
			}
			other := c.join(Publish, "room.2")
			other.conn.Send(all[name].Dialect.Publish(nil, "room.2", number(7)))
			for _, s := range []*speaker{a, b} {
				if got := c.await(s, Message, 100); !carries(got, 0) || len(got) > 100 {
					t.Errorf("a subscriber heard %v", got)
				}
			}
			if got := c.await(stranger, Message, 1); !carries(got, 7) || len(got) > 1 {
				t.Errorf("a subscriber of another channel heard %v", got)
			}
			if len(writer.heard[Message]) > 0 {
				t.Errorf("who does not subscribe heard %v", writer.heard[Message])
			}
		})
	}
}

// What is acknowledged is there when the server has been killed at once.
func TestPeersOfNpmStore(t *testing.T) {
	all := All("")
	for _, name := range []string{SocketIO, Workerd, WorkerdJoined} {
		t.Run(name, func(t *testing.T) {
			p, dir := all[name], t.TempDir()
			build(t, p)
			c := converse(t, p, dir)
			observer, writer := c.join(Subscribe, "room.1"), c.join(Set, "room.1")
			const sets = 50
			for n := range sets {
				writer.conn.Send(p.Dialect.Set(nil, "room.1", fmt.Sprintf("key.%d", n%2), number(n)))
			}
			acks := c.await(writer, Ack, sets)
			c.server.Kill()
			for i, ack := range acks {
				if !strings.Contains(ack, fmt.Sprintf("key.%d", i%2)) {
					t.Fatalf("acknowledgement %d is %s", i, ack)
				}
			}

			again := converse(t, p, dir)
			reader := again.join(Get, "room.1")
			for _, key := range []string{"key.0", "key.1", "none"} {
				reader.conn.Send(p.Dialect.Get(nil, "room.1", key))
			}
			got := again.await(reader, Answer, 3)
			if !carries(got[:2], sets-2) || !strings.Contains(got[2], "null") {
				t.Errorf("after a kill there is %v", got)
			}
			if heard := observer.heard[Message]; !carries(heard, 0) {
				t.Errorf("the observer heard %v", heard)
			}
		})
	}
}

func TestPeersOfNpmTellObservers(t *testing.T) {
	all := All("")
	for _, name := range []string{SocketIO, Workerd, WorkerdJoined} {
		t.Run(name, func(t *testing.T) {
			p := all[name]
			build(t, p)
			c := converse(t, p, t.TempDir())
			observer := c.join(Subscribe, "room.1")
			writers := []*speaker{c.join(Set, "room.1"), c.join(Set, "room.1")}
			const each = 50
			for n := range 2 * each {
				writers[n%2].conn.Send(p.Dialect.Set(nil, "room.1", "key", number(n)))
			}
			heard := c.await(observer, Message, 2*each)
			// In each writer's own order; between them there is none.
			for w := range writers {
				var own []string
				for n := w; n < 2*each; n += 2 {
					own = append(own, fmt.Sprintf(`"n":%d}`, n))
				}
				at := 0
				for _, f := range heard {
					if at < len(own) && strings.Contains(f, own[at]) {
						at++
					}
				}
				if at != each {
					t.Errorf("of writer %d the observer heard %d in order: %v", w, at, heard)
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
