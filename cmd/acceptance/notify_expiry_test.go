package acceptance

import (
	"fmt"
	"testing"
)

// Who writes an entry that lives for a second, by each of the doors there are. says is the writer's own
// notifyExpiry, with a comma before it, or nothing.
var expiryDoors = []struct {
	name  string
	token bool // says is of a token; an API key has none
	write func(s *scene, channel, says string)
}{
	{"a frame", true, func(s *scene, channel, says string) {
		s.connect("writer", expiryRights(channel, says))
		s.clients["writer"].send(fmt.Sprintf(`{"event":"hotsock.channelStorageSet","channel":%q,"key":"k","data":1}`, channel))
	}},
	{"a frame of entries", true, func(s *scene, channel, says string) {
		s.connect("writer", expiryRights(channel, says))
		s.clients["writer"].send(fmt.Sprintf(`{"event":"hotsock.channelStorageSet","channel":%q,"entries":[{"key":"k","data":1}]}`, channel))
	}},
	{"a call of a client", true, func(s *scene, channel, says string) {
		c := s.connect("writer", expiryRights(channel, says))
		s.answers(202, `"<any>"`)(s.server.asConnection(s.t.Context(), c, "channelStorageSet", fmt.Sprintf(`{"channel":%q,"key":"k","data":1}`, channel)))
	}},
	{"a call of a client with a condition", true, func(s *scene, channel, says string) {
		c := s.connect("writer", expiryRights(channel, says))
		s.answers(202, `"<any>"`)(s.server.asConnection(s.t.Context(), c, "channelStorageSet", fmt.Sprintf(`{"channel":%q,"key":"k","data":1,"ifAbsent":true}`, channel)))
	}},
	{"a publish with a token", true, func(s *scene, channel, says string) {
		s.answers(202, `"<any>"`)(s.publishesAs(channel, says, ``))
	}},
	{"a publish with a token and a condition", true, func(s *scene, channel, says string) {
		s.answers(202, `"<any>"`)(s.publishesAs(channel, says, `,"ifAbsent":true`))
	}},
	{"a publish to channels with a token", true, func(s *scene, channel, says string) {
		s.answers(202, `"<any>"`)(s.request("POST", "/publish", s.expiryToken(channel, says),
			fmt.Sprintf(`{"channels":[%q],"event":"hotsock.channelStorageSet","key":"k","data":1}`, channel)))
	}},
	{"a PUT with a token", true, func(s *scene, channel, says string) {
		s.answers(204, `"<any>"`)(s.quiet(s.request("PUT", "/channels/"+channel+"/storage/k", s.expiryToken(channel, says), `{"data":1}`)))
	}},
	{"a publish", false, func(s *scene, channel, _ string) {
		s.answers(202, `"<any>"`)(publishes(fmt.Sprintf(`{"channel":%q,"event":"hotsock.channelStorageSet","key":"k","data":1,"store":1}`, channel))(s))
	}},
	{"a publish with a condition", false, func(s *scene, channel, _ string) {
		s.answers(202, `"<any>"`)(publishes(fmt.Sprintf(`{"channel":%q,"event":"hotsock.channelStorageSet","key":"k","data":1,"store":1,"ifAbsent":true}`, channel))(s))
	}},
}

func expiryRights(channel, says string) claims {
	return claims(fmt.Sprintf(`{"channels":{%q:{"storage":{"k":{"set":true,"store":1%s}}}}}`, channel, says))
}

func (s *scene) expiryToken(channel, says string) string {
	return hs256.sign(string(expiryRights(channel, says).completed("publish")))
}

func (s *scene) request(method, path, bearer, body string) (response, error) {
	return s.server.request(s.t.Context(), method, "http://"+s.server.addr+path, bearer, body)
}

func (s *scene) publishesAs(channel, says, condition string) (response, error) {
	return s.request("POST", "/publish", s.expiryToken(channel, says),
		fmt.Sprintf(`{"channel":%q,"event":"hotsock.channelStorageSet","key":"k","data":1%s}`, channel, condition))
}

// TestWhoHearsOfAnExpiry: nobody by default, everybody if the server says so, and what the claims of who wrote
// say goes before both, by whichever door the entry came.
func TestWhoHearsOfAnExpiry(t *testing.T) {
	shared := newFleet(t)
	for _, server := range []bool{false, true} {
		for _, says := range []string{"", `,"notifyExpiry":true`, `,"notifyExpiry":false`} {
			for i, door := range expiryDoors {
				if says != "" && !door.token {
					continue
				}
				told := server && says == "" || says == `,"notifyExpiry":true`
				t.Run(fmt.Sprintf("%s_%v%s", door.name, server, says), func(t *testing.T) {
					t.Parallel()
					srv, err := shared.server(defaults().with(settings{"storage.notify_expiry": server}))
					if err != nil {
						t.Fatal(err)
					}
					s := newScene(t, srv)
					channel := fmt.Sprintf("expiry.%d.%d", i, len(says))
					s.connect("A", claims(fmt.Sprintf(`{"channels":{%q:{"subscribe":true,"storage":{"k":{"observe":true,"set":true}}}}}`, channel)))
					s.play("A > sub " + channel + "\n A < subscribed " + channel)
					door.write(s, channel, says)
					s.play(`A < {"event":"hotsock.channelStorageUpdated","channel":"` + channel + `","key":"k","data":1,"meta":"<any>"}`)
					if told {
						s.play("A < entry " + channel + " k null null")
					}
					// Whether it was told or not, it is gone: what comes next comes first. The write is behind the
					// expiry, since the channel does what is due before it does anything else.
					s.waitGone(channel)
					s.play("A > set " + channel + " k 2\n A < entry " + channel + " k 2 " + nobody)
				})
			}
		}
	}
}

// waitGone waits until an entry has expired.
func (s *scene) waitGone(channel string) {
	s.t.Helper()
	for {
		resp, err := s.manages("GET", "/channels/"+channel+"/storage/k", "")
		if err != nil {
			s.t.Fatal(err)
		}
		if resp.status == 404 {
			return
		}
		if err := pause(s.t.Context(), pollEvery); err != nil {
			s.t.Fatal(err)
		}
	}
}
