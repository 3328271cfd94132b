package acceptance

import (
	"fmt"
	"testing"
)

var isolationCases = []pusherCase{
	{"N9", "what one app keeps can be deleted, and the other's is untouched", caseN9},
}

// caseN9 deletes what one of three apps keeps. The id of the third begins as the first's does, and has its channels.
func caseN9(t *testing.T) {
	r := receivePusher(t, nil)
	var list []*pusherApp
	for _, id := range []string{"a", "b", "a/b"} {
		list = append(list, hooked(id, hookTo(r.URL, "member_added")))
	}
	r.trusts(list...)
	s := servePusher(t, nil, list...)
	here := map[*pusherApp]*pusherTalk{}
	for _, a := range list {
		here[a] = talk(t, s, a)
		here[a].join("presence-room", "u")
		for i := range 300 {
			s.triggered(t, a, fmt.Sprint("cache-", i), "e", text(a.id))
		}
	}
	remove := func(key, id string) response {
		t.Helper()
		resp, err := s.request(t.Context(), "DELETE", "http://"+s.admin+"/admin/apps/"+id+"/data", key, "")
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	if resp := remove("", "a"); resp.status != 401 {
		t.Errorf("without a key: %s", resp)
	}
	if resp := remove(apiKey, "nobody"); resp.String() != `200 {"channels":0}` {
		t.Errorf("of an app that is not there: %s", resp)
	}
	if resp := remove(apiKey, "a"); resp.String() != `200 {"channels":301}` {
		t.Errorf("of an app: %s", resp)
	}
	for range 2 {
		for _, a := range list {
			c := talk(t, s, a)
			for _, channel := range []string{"cache-0", "cache-299"} {
				kept := pusherEvent(channel, "e", text(a.id))
				if a == list[0] {
					kept = fmt.Sprintf(`{"event":"pusher:cache_miss","channel":%q,"data":"{}"}`, channel)
				}
				c.check(c.asks(t.Context(), channel, ""))
				c.expect(pusherSubscribed(channel), kept)
			}
			if here[a].ping(); s.reads(t, a, "/channels/presence-room/users") != `{"users":[{"id":"u"}]}` {
				t.Errorf("the member of %s has left", a.id)
			}
		}
		s.kill()
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			here[a] = talk(t, s, a)
			here[a].join("presence-room", "u")
		}
	}
}
