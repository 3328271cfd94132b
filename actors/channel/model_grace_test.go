package channel

import (
	"slices"
	"time"

	"pgregory.net/rapid"
)

// modelGraceTime is for how long a member may be away.
const modelGraceTime = time.Second

// A modelGrace is a uid whose last subscription was lost, and that has not been found to have left or stayed.
type modelGrace struct {
	until time.Time
	umd   string // as it was
}

func (m *model) has(uid string) bool {
	return slices.ContainsFunc(m.subs, func(x *modelSub) bool { return x.uid == uid })
}

func (m *model) forget(uid string) {
	delete(m.graces, uid)
	m.order = slices.DeleteFunc(m.order, func(other string) bool { return other == uid })
}

// left notes that s, which is in the list of subscriptions no more, has ended.
func (r *modelRun) left(s *modelSub, lost bool) {
	switch {
	case r.m.has(s.uid):
	case lost && r.w.c.members != nil && r.w.o.LeaveGrace > 0:
		r.m.graces[s.uid] = modelGrace{r.w.at.Add(r.w.o.LeaveGrace), s.umd}
	default:
		r.m.forget(s.uid)
	}
}

// endGraces lets those go who did not come back.
func (r *modelRun) endGraces() {
	for uid, g := range r.m.graces {
		switch {
		case r.w.at.Before(g.until):
		case r.m.has(uid):
			delete(r.m.graces, uid)
		default:
			r.m.forget(uid)
		}
	}
}

func (r *modelRun) notesMembers() bool { return r.w.c.members != nil && r.w.o.LeaveGrace > 0 }

// kill loses all subscriptions without a word. Members have their grace from the next start on, which calls Due of
// the channels that are listed.
func (r *modelRun) kill(t *rapid.T) {
	here := map[string]bool{}
	umds := map[string]string{}
	for _, m := range r.m.members() {
		umds[m.UID] = string(m.UMD)
	}
	for _, s := range r.m.subs {
		here[s.uid] = true
	}
	if len(here) > 0 && r.w.listed() != r.notesMembers() {
		t.Fatalf("listed: %v", r.w.listed())
	}
	listed := r.w.listed()
	r.m.subs = nil
	r.w.c = New("app", r.w.name, &r.w.rows, r.w.o)
	r.w.at = r.w.at.Add(time.Millisecond)
	r.w.leap()
	if !listed {
		for uid := range here {
			r.m.forget(uid)
		}
		return
	}
	if err := r.w.expire(); err != nil {
		t.Fatal(err)
	}
	r.read(t)
	for uid := range here {
		r.m.graces[uid] = modelGrace{r.w.at.Add(r.w.o.LeaveGrace), umds[uid]}
	}
	if r.w.listed() {
		t.Fatal("it is listed, and nobody is here")
	}
}
