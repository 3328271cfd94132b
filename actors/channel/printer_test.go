package channel

import (
	"errors"
	"fmt"
	"strings"

	"github.com/oklog/ulid/v2"

	"dormouse/persistence"
)

// A printer writes effects for people. Ids are m1, m2 … in the order in which it meets them.
type printer struct {
	strings.Builder
	labels map[ulid.ULID]string
	ids    map[string]ulid.ULID
}

func newPrinter() *printer {
	return &printer{labels: map[ulid.ULID]string{}, ids: map[string]ulid.ULID{}}
}

func (p *printer) id(id ulid.ULID) string {
	if p.labels[id] == "" {
		label := fmt.Sprintf("m%d", len(p.labels)+1)
		p.labels[id], p.ids[label] = label, id
	}
	return p.labels[id]
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *printer) flush() string {
	s := p.String()
	p.Reset()
	if s == "" {
		return "nothing"
	}
	return s
}

func (p *printer) error(err error) {
	var refusal *Error
	switch {
	case errors.As(err, &refusal):
		p.printf("refused: %s %s\n", refusal.Code, refusal.Message)
	default:
		p.printf("fault: %v\n", err)
	}
}

func (p *printer) effects(fx *Effects, writes, events bool) {
	if fx.Erase {
		p.printf("erase\n")
	}
	if writes {
		for _, w := range fx.Writes {
			p.write(w)
		}
	}
	for _, d := range fx.Deliveries {
		p.delivery(d)
	}
	if events {
		for _, e := range fx.Events {
			p.printf("event %s %s %s %v\n", e.DataType, e.Type, p.known(string(e.Data)), e.Metadata)
		}
	}
	if due, changed := fx.Due(); writes && changed {
		if due.IsZero() {
			p.printf("due never\n")
		} else {
			p.printf("due %s\n", since(due))
		}
	}
	if at := fx.Again(); !at.IsZero() {
		p.printf("again at %s\n", since(at))
	}
	p.result(fx.Result)
}

// delivery prints who reads what: "<=" is bulk.
func (p *printer) delivery(d Delivery) {
	arrow := "<-"
	if d.Bulk {
		arrow = "<="
	}
	if d.To != nil {
		p.printf("%s %s ", d.To.(*reader).name, arrow)
	} else {
		for s := range d.Among.All() {
			if s != d.Except {
				p.printf("%s ", s.Sink.(*reader).name)
			}
		}
		p.printf("%s ", arrow)
	}
	p.message(d.Message)
}

var kinds = map[Kind]string{
	KindPublished: "message", KindStorageUpdated: "updated", KindStorageData: "data", KindSubscribed: "subscribed",
	KindReactionAdded: "reacted", KindReactionRemoved: "unreacted",
	KindUnsubscribed: "unsubscribed", KindMemberAdded: "added", KindMemberUpdated: "changed", KindMemberRemoved: "removed",
	KindCacheMiss: "miss", KindSubscriptionCount: "count",
}

func (p *printer) message(m *Message) {
	p.printf("%s", kinds[m.Kind])
	switch {
	case m.Kind == KindReactionAdded || m.Kind == KindReactionRemoved:
		p.printf(" %s %s", p.id(m.ID), p.known(string(m.Data)))
	case !m.ID.IsZero():
		p.printf(" %s %q", p.id(m.ID), m.Event)
	case m.Event != "":
		p.printf(" %q", m.Event)
	case m.Kind == KindSubscriptionCount:
		p.printf(" %d", m.Count)
	}
	if m.Key != "" {
		p.printf(" %q", m.Key)
	}
	switch m.Kind {
	case KindPublished, KindStorageUpdated, KindStorageData:
		p.printf(" %s", null(m.Data))
	case KindMemberAdded, KindMemberUpdated, KindMemberRemoved:
		p.printf(" %s", who(m.Member))
	}
	if m.Meta != nil {
		p.printf(" by %s", who(Member{m.Meta.UID, m.Meta.UMD}))
	}
	if m.Alias != "" {
		p.printf(" alias %s", m.Alias)
	}
	if m.Auto {
		p.printf(" auto")
	}
	if m.Members != nil {
		p.printf(" members %s", list(m.Members))
	}
	if m.Seq != 0 {
		p.printf(" seq %d", m.Seq)
	}
	if m.Number != 0 {
		p.printf(" number %d", m.Number)
	}
	if r := m.Resume; r != nil {
		p.printf(" at %d", r.Seq)
		switch {
		case r.Recovered:
			p.printf(" recovered, %d missed", r.Missed)
		case r.Returned:
			p.printf(" not recovered, %d shown", r.Snapshot)
		default:
			p.printf(", %d shown", r.Snapshot)
		}
	}
	p.printf("\n")
}

func (p *printer) result(r any) {
	switch r := r.(type) {
	case nil:
	case *StorageWritten:
		for _, e := range r.Entries {
			p.printf("%q version %d %s\n", e.Key, e.Version, e.Data)
		}
	case *Published:
		if r.ID.IsZero() {
			p.printf("nothing to do\n")
		} else {
			p.printf("published %s seq %d\n", p.id(r.ID), r.Seq)
		}
	case *Info:
		p.printf("%s: %d subscriptions", r.Name, r.Subscriptions)
		if r.Members != nil {
			p.printf(", members %s", list(r.Members))
		}
		p.printf("\n")
	case *Cached:
		p.printf("%q %s until %s\n", r.Event, null(r.Data), since(r.ExpiresAt))
	case *Entry:
		p.entry(*r)
	case *Entries:
		for _, e := range r.Items {
			p.entry(e)
		}
		p.end(len(r.Items), r.More)
	case *Messages:
		for i, m := range r.Items {
			p.message(m)
			if r.Reactions != nil {
				p.reactions(r.Reactions[i])
			}
		}
		p.end(len(r.Items), r.More)
	case *Scheduled:
		p.printf("scheduled")
		if !r.ID.IsZero() {
			p.printf(" %s", p.id(r.ID))
		}
		if !r.MessageID.IsZero() {
			p.printf(" message %s", p.id(r.MessageID))
		}
		if !r.Due.IsZero() {
			p.printf(" due %s", since(r.Due))
		}
		p.printf(" seq %d\n", r.Seq)
	case *Ran:
		p.printf("ran %s of %s\n", p.id(r.ID), since(r.Due))
	case *ScheduleInfo:
		p.schedule(*r)
	case *Schedules:
		for _, s := range r.Items {
			p.schedule(s)
		}
		p.end(len(r.Items), r.More)
	case *Reactions:
		for _, x := range r.Items {
			p.printf("%s %s by %s\n", p.id(x.ID), x.Reaction, who(Member{x.UID, x.UMD}))
		}
		p.end(len(r.Items), false)
	default:
		p.printf("%T?\n", r)
	}
}

func (p *printer) entry(e Entry) {
	p.printf("%q %s", e.Key, null(e.Data))
	if e.Meta != nil {
		p.printf(" by %s version %d", who(Member{e.Meta.UID, e.Meta.UMD}), e.Version)
	}
	if !e.ExpiresAt.IsZero() {
		p.printf(" until %s", since(e.ExpiresAt))
	}
	p.printf("\n")
}

func (p *printer) schedule(s ScheduleInfo) {
	p.printf("%s", p.id(s.ID))
	if s.Key != "" {
		p.printf(" sets %q", s.Key)
	} else {
		p.printf(" sends %q", s.Event)
	}
	p.printf(" on %s due %s made %s %s store %d %s", s.Channel, since(s.Due), since(s.CreatedAt), s.Expression, s.Store, null(s.Data))
	if s.Meta != nil {
		p.printf(" by %s", who(Member{s.Meta.UID, s.Meta.UMD}))
	}
	p.printf("\n")
}

func (p *printer) end(n int, more bool) {
	p.printf("%d in all", n)
	if more {
		p.printf(", and more")
	}
	p.printf("\n")
}

func (p *printer) write(w persistence.Write) {
	switch w.Op {
	case persistence.Put:
		p.printf("put %s\n", p.row(w.Key, w.Value))
	case persistence.Delete:
		p.printf("delete %s\n", p.rowKey(w.Key))
	case persistence.Spend:
		p.printf("spend %s of %s until %s\n", w.Key, w.App, since(w.Until))
	case persistence.ListOp, persistence.UnlistOp:
		p.listing(w)
	default:
		p.printf("%+v?\n", w)
	}
}

func (p *printer) listing(w persistence.Write) {
	switch {
	case w.App == HereListings:
		_, name, _ := ListedHere(w.Key)
		p.printf("%s %s among those with members\n", map[persistence.Op]string{persistence.ListOp: "list", persistence.UnlistOp: "unlist"}[w.Op], name)
	case w.App == OccupiedListings:
		_, name, _ := ListedOccupied(w.Key)
		p.printf("%s %s among the occupied\n", map[persistence.Op]string{persistence.ListOp: "list", persistence.UnlistOp: "unlist"}[w.Op], name)
	case w.Op == persistence.ListOp:
		info, err := ListedSchedule(w.Key, w.Value)
		if err != nil {
			p.printf("list? %v\n", err)
			return
		}
		p.printf("list %s on %s due %s\n", p.id(info.ID), info.Channel, since(info.Due))
	default:
		p.printf("unlist %s\n", p.id(ulid.ULID([]byte(w.Key[1:]))))
	}
}

func (p *printer) row(key string, value []byte) string {
	what := p.rowKey(key)
	switch key[:1] {
	case tableEntries:
		e, err := decodeEntry(value)
		return fmt.Sprintf("%s %s version %d flags %d expires %s %v%s", what, null(e.data), e.version, e.flags,
			until(e.expires), e.origin, fault(err))
	case tableMessages:
		m, err := decodeMessage(value)
		return fmt.Sprintf("%s %q %s expires %s %v%s", what, m.event, null(m.data), until(m.expires), m.origin, fault(err))
	case tableSchedules:
		s, err := decodeSchedule(value)
		return fmt.Sprintf("%s %q %s flags %d store %d due %s%s", what, s.name, null(s.data), s.flags, s.store, until(s.due), fault(err))
	case rowScheduleCount:
		return fmt.Sprintf("%s %d", what, value)
	case tableReactions:
		r, err := decodeReaction(value)
		return fmt.Sprintf("%s %s flags %d %v%s", what, p.id(r.id), r.flags, r.origin, fault(err))
	case tableCounts:
		counts, err := decodeCounts(value)
		return fmt.Sprintf("%s %v%s", what, counts, fault(err))
	case tableMembers:
		m, err := decodeMember(value)
		return fmt.Sprintf("%s %s until %s since %d%s", what, null(m.umd), until(m.until), m.since, fault(err))
	case tableHere:
		m, err := decodeHere(value)
		return fmt.Sprintf("%s %s since %d%s", what, null(m.umd), m.since, fault(err))
	case rowCached:
		r, err := decodeCached(value)
		return fmt.Sprintf("%s %q %s until %s seq %d%s", what, r.event, null(r.data), until(r.expires), r.seq, fault(err))
	case tableLedger:
		if len(key) > 1 {
			return what
		}
		ends, err := decodeLedger(value)
		return fmt.Sprintf("%s until %s%s", what, until(ends), fault(err))
	case tableDedup:
		d, err := decodeDedup(value)
		return fmt.Sprintf("%s %s until %s%s", what, p.id(d.id), until(d.until), fault(err))
	}
	return what
}

func (p *printer) rowKey(key string) string {
	switch key[:1] {
	case tableEntries:
		return fmt.Sprintf("entry %q", key[1:])
	case tableDedup:
		return fmt.Sprintf("dedup %q", key[1:])
	case tableMembers:
		return fmt.Sprintf("member %q", key[1:])
	case tableHere:
		return fmt.Sprintf("here %q", key[1:])
	case rowCached:
		return "cached"
	case tableLedger:
		return fmt.Sprintf("ledger %q", key[1:])
	case tableSeals:
		return "seal"
	case tableTimers:
		due, kind, of, err := splitTimer(key)
		if kind == timerSchedule && len(of) == 16 {
			return fmt.Sprintf("timer %s schedule %s", until(due), p.id(ulid.ULID([]byte(of))))
		}
		return fmt.Sprintf("timer %s %c %q%s", until(due), kind, of, fault(err))
	case tableMessages:
		id, err := splitID(key, 1)
		return "message " + p.id(id) + fault(err)
	case tableSchedules:
		id, err := splitID(key, 1)
		return "schedule " + p.id(id) + fault(err)
	case tableEvents:
		of := len(key) - 16
		id, err := splitID(key, of)
		return fmt.Sprintf("event %q %s%s", key[3:of], p.id(id), fault(err))
	case tableEager:
		id, err := splitID(key, 1)
		return "eager " + p.id(id) + fault(err)
	case rowScheduleCount:
		return "schedules"
	case tableExpiries:
		due, _ := dueOf(key)
		id, err := splitID(key, 9)
		return "expiry " + until(due) + " " + p.id(id) + fault(err)
	}
	if key[:1] == tableReactions || key[:1] == tableCounts {
		return p.reactionKey(key)
	}
	return fmt.Sprintf("%q", key)
}

func (o origin) String() string {
	return fmt.Sprintf("by %s from %q %s %q %q %q", who(Member{o.uid, o.umd}), o.connectionID, o.trigger,
		o.sourceIP, o.userAgent, o.requestID)
}

func until(ms int64) string {
	if ms == 0 {
		return "never"
	}
	return sinceMilli(ms)
}

func fault(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

func null(data []byte) string { return string(appendValue(nil, data)) }

func who(m Member) string {
	if m.UID == "" {
		m.UID = "null"
	}
	return m.UID + "/" + null(m.UMD)
}

func list(ms []Member) string {
	var b strings.Builder
	b.WriteString("[")
	for i, m := range ms {
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(who(m))
	}
	return b.String() + "]"
}
