package acceptance

import (
	"fmt"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
)

// aheadAtMost is how far ids may run ahead of the wall clock after a crash, so that they keep rising
// whatever the wall clock did: what the server notes ahead, and some room for a slow machine.
const aheadAtMost = 20 * time.Second

// TestKillsDoNotMoveTheClock: however often a server is killed, tokens live as long as they say, and ids
// tell the time.
func TestKillsDoNotMoveTheClock(t *testing.T) {
	s := newScene(t, serve(t, defaults()))
	for range 10 {
		s.answers(202, `"<any>"`)(s.server.publish(t.Context(), `{"channel":"c","event":"e","data":0,"store":60}`))
		s.server.kill()
		if err := s.server.start(); err != nil {
			t.Fatal(err)
		}
	}
	token := hs256.sign(string(connectToken(claims(fmt.Sprintf(
		`{"exp":%d,"channels":{"c":{"autoSubscribe":true}}}`, in(45*time.Second))))))
	a := s.connectWith("A", token)
	s.play(`A < {"event":"hotsock.subscribed","channel":"c","data":"<any>","meta":"<any>"}`)
	s.answers(202, `"<any>"`)(s.server.publish(t.Context(), `{"channel":"c","event":"e","data":1}`))
	got := decodeInto[struct{ ID string }](t, a.expect(incoming("message c e 1"), s.vars))
	id, err := ulid.Parse(got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if ahead := time.Until(ulid.Time(id.Time())); ahead > aheadAtMost {
		t.Errorf("after ten kills the id %s is of a time %v ahead, want %v at most", got.ID, ahead.Round(time.Second), aheadAtMost)
	}
}
