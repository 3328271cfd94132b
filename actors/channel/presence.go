package channel

import (
	"bytes"
	"cmp"
	"slices"
)

// members is who is on a presence channel: its subscriptions, brought together by uid.
type members struct {
	byUID map[string]*member
	order []*member // by since
	size  int       // of the list as compact JSON, without what stands between its members
	list  []Member  // what order shows, shared by messages; nil: to be made anew

	firstUMD bool // as in Options

	here      int      // members with here
	unsettled bool     // the rows of who is here are not what they should be; see settle
	ghosts    []string // uids that have left, and whose rows could not be removed
}

// A member is one uid and its subscriptions.
type member struct {
	Member
	since uint64          // the Join of its first subscription
	size  int             // of the Member as compact JSON
	subs  []*Subscription // by Order: the last was set last, and its umd is the member's; none: it is away
	until int64           // it has a row, by which it leaves then unless it is here, unix ms; 0: it has none
	here  bool            // it has a row that says that it is here
}

func newMembers() *members { return &members{byUID: map[string]*member{}} }

// all returns the members by the first join of their uid. The slice is shared, never changes and is never
// nil on a presence channel; it is nil on any other.
func (ms *members) all() []Member {
	if ms == nil {
		return nil
	}
	if ms.list == nil {
		ms.list = make([]Member, len(ms.order))
		for i, m := range ms.order {
			ms.list[i] = m.Member
		}
	}
	return ms.list
}

// fits says whether a subscription with uid and umd leaves the list within limit bytes. One that does not
// make the list longer always fits.
func (ms *members) fits(uid string, umd []byte, limit int) bool {
	grows := memberSize(uid, umd)
	if m := ms.byUID[uid]; m != nil {
		grows -= m.size
	}
	return grows <= 0 || limit < 0 || ms.size+grows <= limit
}

// hasRoom says whether uid may be one of so many members; 0: of any number.
func (ms *members) hasRoom(uid string, limit int) bool {
	return limit <= 0 || len(ms.order) < limit || ms.byUID[uid] != nil
}

// since returns the Join of uid's first subscription, join if it has none yet.
func (ms *members) since(uid string, join uint64) uint64 {
	if m := ms.byUID[uid]; m != nil {
		return m.since
	}
	return join
}

// join adds a subscription and returns what others are to be told, if anything: KindMemberAdded or
// KindMemberUpdated.
func (ms *members) join(sub *Subscription) (Kind, Member) {
	m := ms.byUID[sub.UID]
	if m == nil {
		m = ms.add(sub.UID, sub.since)
		m.subs = append(m.subs, sub)
		ms.set(m, sub.UMD)
		return KindMemberAdded, m.Member
	}
	i, _ := slices.BinarySearchFunc(m.subs, sub.Order, func(s *Subscription, order uint64) int {
		return cmp.Compare(s.Order, order)
	})
	m.subs = slices.Insert(m.subs, i, sub)
	return ms.refresh(m)
}

// add makes a new member, which has no umd yet.
func (ms *members) add(uid string, since uint64) *member {
	m := &member{Member: Member{UID: uid}, since: since}
	ms.byUID[uid] = m
	i, _ := slices.BinarySearchFunc(ms.order, since, bySince)
	ms.order = slices.Insert(ms.order, i, m)
	return m
}

// leave removes a subscription and returns what others are to be told, if anything: KindMemberRemoved, or
// KindMemberUpdated when the umd falls back to that of another subscription.
func (ms *members) leave(sub *Subscription) (Kind, Member) {
	m := ms.byUID[sub.UID]
	m.subs = slices.DeleteFunc(m.subs, func(s *Subscription) bool { return s == sub })
	if len(m.subs) > 0 {
		return ms.refresh(m)
	}
	return ms.remove(m)
}

// remove removes a member.
func (ms *members) remove(m *member) (Kind, Member) {
	i, _ := slices.BinarySearchFunc(ms.order, m.since, bySince)
	ms.order = slices.Delete(ms.order, i, i+1)
	delete(ms.byUID, m.UID)
	ms.size -= m.size
	ms.list = nil
	return KindMemberRemoved, m.Member
}

// replace puts next, whose Order is the highest, in old's place, and returns what everybody is to be told,
// if anything: KindMemberUpdated.
func (ms *members) replace(old, next *Subscription) (Kind, Member) {
	m := ms.byUID[old.UID]
	m.subs = append(slices.DeleteFunc(m.subs, func(s *Subscription) bool { return s == old }), next)
	return ms.refresh(m)
}

// refresh gives m the umd of the subscription that was set last, or, with firstUMD, of its first one, silently.
func (ms *members) refresh(m *member) (Kind, Member) {
	umd := m.subs[len(m.subs)-1].UMD
	if ms.firstUMD {
		if umd = m.subs[0].UMD; !bytes.Equal(umd, m.UMD) {
			ms.set(m, umd)
		}
		return 0, m.Member
	}
	if equalJSON(umd, m.UMD) {
		return 0, m.Member
	}
	ms.set(m, umd)
	return KindMemberUpdated, m.Member
}

func (ms *members) set(m *member, umd []byte) {
	ms.size -= m.size
	m.UMD, m.size = umd, memberSize(m.UID, umd)
	ms.size += m.size
	ms.list = nil
}

func bySince(m *member, since uint64) int { return cmp.Compare(m.since, since) }

// tellMembers tells among but except what join or leave returned, and backends too.
func (c *Channel) tellMembers(kind Kind, m Member, among Roster, except *Subscription, fx *Effects) {
	if kind == 0 {
		return
	}
	told := &Message{Kind: kind, Channel: c.name, Member: m}
	if !c.o.MemberDeltas {
		told.Members = c.members.all()
	}
	fx.deliver(told, among, except)
	if !c.o.Occurrences { // else occupyMember tells
		c.emitMember(kind, m, fx)
	}
}
