package acceptance

import (
	"slices"
	"testing"
	"time"
)

// presenceExtras are what a server with both extras of presence has.
func presenceExtras(grace string) settings {
	return defaults().with(settings{
		"presence.leave_grace":     grace,
		"presence.deltas.channels": map[string]any{"presence.hall.*": true},
	})
}

// hearsOfMembers waits for so many events of members, each counted once, and compares what they are.
func (h *hooks) hearsOfMembers(t *testing.T, want ...string) {
	t.Helper()
	var members []string
	h.wait(t, func(calls []hookCall) bool {
		members = nil
		heard := map[string]bool{}
		for _, c := range calls {
			if c.event.DataType == "channelMember" && !heard[c.id] { // what a kill cut off is sent again
				heard[c.id] = true
				members = append(members, c.event.Type[len("hotsock."):])
			}
		}
		return len(members) >= len(want)
	})
	if !slices.Equal(members, want) {
		t.Errorf("backends hear %v, want %v", members, want)
	}
}

// TestPresenceGrace: who is cut off and comes back was never away, who says goodbye leaves, and a grace goes on
// through a kill.
func TestPresenceGrace(t *testing.T) {
	h := newHooks(t, nil)
	srv := serve(t, presenceExtras("5s").with(h.settings()))
	s := newScene(t, srv)
	joins(s, "A", "presence.r", "ann", "", `[`+ann+`]`)
	joins(s, "B", "presence.r", "bob", "", `[`+ann+`,`+bob+`]`)
	s.play(`A < ` + news("memberAdded", "presence.r", bob, `[`+ann+`,`+bob+`]`))
	s.clients["B"].cut()
	joins(s, "B", "presence.r", "bob", "", `[`+ann+`,`+bob+`]`)
	s.play(`
		A ∅
		B > unsub presence.r
		B < unsubscribed presence.r {"uid":"bob","umd":null}
		A < ` + news("memberRemoved", "presence.r", bob, `[`+ann+`]`))

	joins(s, "B", "presence.r", "bob", "", `[`+ann+`,`+bob+`]`)
	joins(s, "C", "presence.r", "cid", "", `[`+ann+`,`+bob+`,{"uid":"cid","umd":null}]`)
	s.clients["B"].cut()
	s.clients["C"].cut()
	const left = `{"name":"presence.r","subscriptionsCount":1,"members":"<any>"}`
	deadline := time.Now().Add(patience)
	for { // until both ends are on disk, as far as anybody can see
		resp, err := s.server.channels(t.Context(), "presence.r")
		if err != nil {
			t.Fatal(err)
		}
		if pattern(left).match([]byte(resp.body), nil) == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(resp)
		}
		s.wait(pollEvery)
	}
	srv.kill()
	if err := srv.start(); err != nil {
		t.Fatal(err)
	}
	// ann was connected when the process died. Her time begins at the start, and so ends after cid's.
	const cid = `{"uid":"cid","umd":null}`
	joins(s, "B", "presence.r", "bob", "", `[`+ann+`,`+bob+`,`+cid+`]`)
	s.play(`
		B < ` + news("memberRemoved", "presence.r", cid, `[`+ann+`,`+bob+`]`) + `
		B < ` + news("memberRemoved", "presence.r", ann, `[`+bob+`]`))
	h.hearsOfMembers(t, "memberAdded", "memberAdded", "memberRemoved", "memberAdded", "memberAdded", "memberRemoved", "memberRemoved")
}

// TestAKillIsNotSeen: members that were connected when the server was killed and come back in time are not told of,
// to each other or to backends.
func TestAKillIsNotSeen(t *testing.T) {
	h := newHooks(t, nil)
	srv := serve(t, presenceExtras("30s").with(h.settings()))
	s := newScene(t, srv)
	joins(s, "A", "presence.r", "ann", "", `[`+ann+`]`)
	joins(s, "B", "presence.r", "bob", "2", `[`+ann+`,{"uid":"bob","umd":2}]`)
	for range 2 {
		srv.kill()
		if err := srv.start(); err != nil {
			t.Fatal(err)
		}
		joins(s, "B", "presence.r", "bob", "2", `[`+ann+`,{"uid":"bob","umd":2}]`)
		joins(s, "A", "presence.r", "ann", "", `[`+ann+`,{"uid":"bob","umd":2}]`)
		s.play(`
			A ∅
			B ∅`)
	}
	s.play(`
		B > unsub presence.r
		B < unsubscribed presence.r {"uid":"bob","umd":2}
		A < ` + news("memberRemoved", "presence.r", `{"uid":"bob","umd":2}`, `[`+ann+`]`))
	h.hearsOfMembers(t, "memberAdded", "memberAdded", "memberRemoved")
}

// TestPresenceDeltas: a channel with deltas tells what has changed, any other the list.
func TestPresenceDeltas(t *testing.T) {
	s := newScene(t, serve(t, presenceExtras("0s")))
	joins(s, "A", "presence.hall.1", "ann", "", `[`+ann+`]`)
	joins(s, "B", "presence.hall.1", "bob", "", `[`+ann+`,`+bob+`]`)
	s.play(`A < {"event":"hotsock.memberAdded","channel":"presence.hall.1","data":{"member":` + bob + `}}`)
	joins(s, "B2", "presence.hall.1", "bob", "2", `[`+ann+`,{"uid":"bob","umd":2}]`)
	s.play(`A < {"event":"hotsock.memberUpdated","channel":"presence.hall.1","data":{"member":{"uid":"bob","umd":2}}}`)
	s.clients["B"].cut()
	s.clients["B2"].cut()
	// Whichever of the two is gone first.
	s.play(`A < {"event":"<string>","channel":"presence.hall.1","data":{"member":{"uid":"bob","umd":"<any>"}}}`)
	joins(s, "C", "presence.r", "ann", "", `[`+ann+`]`)
	joins(s, "D", "presence.r", "bob", "", `[`+ann+`,`+bob+`]`)
	s.play(`C < ` + news("memberAdded", "presence.r", bob, `[`+ann+`,`+bob+`]`))
}
