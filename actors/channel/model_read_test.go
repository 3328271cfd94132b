package channel

import (
	"slices"

	"pgregory.net/rapid"
)

// read lets every subscriber read what it was sent.
func (r *modelRun) read(t *rapid.T) {
	for _, d := range r.w.fx.Deliveries {
		m := d.Message
		for _, name := range readers(d) {
			s := r.m.sub(name)
			switch {
			case s == nil && m.Kind == KindUnsubscribed:
			case s == nil:
				t.Fatalf("%s reads %+v and is not subscribed", name, m)
			case m.Kind == KindStorageUpdated && !s.observes(m.Key):
				t.Fatalf("%s reads of %s and does not observe it", name, m.Key)
			case m.Kind == KindStorageUpdated && d.Bulk:
				owed, ok := s.owed[m.Key]
				if !ok || owed.data != string(m.Data) {
					t.Fatalf("%s is shown %s as %s, not %+v", name, m.Key, m.Data, owed)
				}
				if delete(s.owed, m.Key); !owed.gone {
					s.entries[m.Key] = owed.data
				}
			case m.Kind == KindStorageUpdated && s.owes(m.Key):
				t.Fatalf("%s reads that %s changes, and was not shown it", name, m.Key)
			case m.Kind == KindStorageUpdated && m.Data == nil:
				delete(s.entries, m.Key)
			case m.Kind == KindStorageUpdated:
				s.entries[m.Key] = string(m.Data)
			case m.Kind == KindReactionAdded, m.Kind == KindReactionRemoved:
			default:
				s.readMembers(m)
			}
		}
	}
}

func (s *modelSub) owes(key string) bool {
	_, ok := s.owed[key]
	return ok
}

// goOn lets a snapshot go on, if one is not whole.
func (r *modelRun) goOn(t *rapid.T) {
	if err := r.w.goOn(); err != nil {
		t.Fatal(err)
	}
	r.read(t)
}

func readers(d Delivery) []string {
	if d.To != nil {
		return []string{d.To.(*reader).name}
	}
	var names []string
	for s := range d.Among.All() {
		if s != d.Except {
			names = append(names, s.ConnectionID)
		}
	}
	return names
}

// readMembers reads a list, or what has changed in it.
func (s *modelSub) readMembers(m *Message) {
	if m.Members != nil || m.Kind == KindUnsubscribed {
		s.members = m.Members
		return
	}
	i := slices.IndexFunc(s.members, func(x Member) bool { return x.UID == m.Member.UID })
	next := slices.Clone(s.members) // what was told is shared
	switch m.Kind {
	case KindMemberAdded:
		next = append(next, m.Member)
	case KindMemberUpdated:
		next[i] = m.Member
	case KindMemberRemoved:
		next = slices.Delete(next, i, i+1)
	}
	s.members = next
}
