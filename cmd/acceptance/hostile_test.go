package acceptance

import (
	"fmt"
	"testing"
)

// A siege is a server that people mean harm to, and a bystander who must not notice.
type siege struct {
	*scene
	bystander *client
}

// besiege starts a server for a test of hostile input. The bystander is subscribed and sees what it writes.
func besiege(t *testing.T, s settings) *siege {
	t.Helper()
	sc := newScene(t, serve(t, defaults().with(s)))
	b := sc.connect("bystander", claims(`{"uid":"u","channels":`+fullStorage("calm", "k")+`}`))
	sc.play(`
		bystander > sub calm
		bystander < subscribed calm {"uid":"u","umd":null}`)
	return &siege{scene: sc, bystander: b}
}

// holds is true if the process is the one that was started, answers, and serves its bystander.
func (s *siege) holds(t testing.TB, n int) {
	t.Helper()
	if !s.server.running() {
		t.Fatalf("the server has ended:\n%s", s.server.log.tail(60))
	}
	resp, err := s.server.get(t.Context(), "http://"+s.server.admin+"/healthz")
	if err != nil || resp.status != 200 {
		t.Fatalf("/healthz says %s, %v", resp, err)
	}
	s.play(fmt.Sprintf(`
		bystander > set calm k %[1]d
		bystander < entry calm k %[1]d {"uid":"u","umd":null}`, n))
}
