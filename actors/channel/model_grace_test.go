package channel

import (
	"slices"
	"time"
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
