package acceptance

import "slices"

func pageCases() []hotsockCase {
	return []hotsockCase{
		{number: 111, rule: "a browser's client follows its bindings through suspend and kill", play: case111, alone: true},
	}
}

// case111 is played by [page], which keeps the contract of Hotsock's JavaScript client row by row (TestPageContract)
// and knows nothing of its code. The client itself, @hotsock/hotsock-js, is in no package registry that tests may
// use, so that what it does beyond the contract is not seen here. What differs: the clock is the test's, and jitter
// is always half of what it may be.
func case111(s *scene) {
	p := newPage(s.t, s.server, `{"uid":"ann","channels":{
		"c111":{"subscribe":true,"alias":"me","messages":{"chat":{"publish":true,"echo":true}}},
		"presence.111":{"subscribe":true},"auto.111":{"autoSubscribe":true}}}`)
	all := []string{"me", "presence.111", "auto.111"}
	joined := func() {
		s.t.Helper()
		p.clock.advance(pageLook)
		for _, name := range all {
			p.untilBelief(name, subscribed)
		}
	}
	members := func(want string) {
		s.t.Helper()
		p.until("members "+want, func() bool { return p.members["presence.111"] == want })
	}
	p.bind("me")
	p.bind("presence.111")
	p.start()
	joined()
	members("ann")
	if p.real["me"] != "c111" || !p.automatic["auto.111"] {
		s.t.Errorf("aliases %v, joined by themselves %v", p.real, p.automatic)
	}

	p.send(`{"channel":"me","event":"chat","data":"hi"}`)
	if f := p.heard("chat"); *f.Channel != "c111" || string(f.Data) != `"hi"` || f.ID == nil {
		s.t.Errorf("its own message comes as %s", f.text)
	}
	s.connect("B", `{"uid":"bob","channels":{"presence.111":{"autoSubscribe":true}}}`)
	members("ann bob")
	s.clients["B"].cut()
	members("ann")

	// Suspended it stays away, however long; resumed it subscribes to what is bound now.
	p.hangUp(true)
	p.until("closed", func() bool { return p.conn == nil })
	p.clock.advance(pageMostDelay)
	if p.dials != 1 {
		s.t.Errorf("%d attempts while suspended", p.dials)
	}
	p.mu.Lock()
	p.quit = false
	p.mu.Unlock()
	p.connect()
	p.untilGreeted()
	joined()

	p.unbind("presence.111")
	p.clock.advance(pageLook)
	p.untilBelief("presence.111", unsubscribed)
	all = slices.DeleteFunc(all, func(name string) bool { return name == "presence.111" })

	// Killed, the server is gone for a while: the client comes back by itself, and hears what is said then.
	s.server.kill()
	p.until("closed", func() bool { return p.conn == nil })
	p.clock.advance(pageMostDelay)
	grown := slices.Clone(p.delays)
	if err := s.server.start(); err != nil {
		s.t.Fatal(err)
	}
	p.opensAgain()
	joined()
	if len(grown) < 2 || grown[0] != 0 || p.attempts != 0 {
		s.t.Errorf("delays %v with nobody there, %d attempts since it came back", grown, p.attempts)
	}
	s.answers(202, `"<any>"`)(s.server.publish(s.t.Context(), `{"channel":"c111","event":"after"}`))
	p.heard("after")
	s.answers(200, `{"name":"presence.111","subscriptionsCount":0,"members":[]}`)(s.server.channels(s.t.Context(), "presence.111"))
}
