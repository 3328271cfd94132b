package claims

import (
	"cmp"
	"slices"
)

// A KeyRange is the storage keys with From <= key < To, in byte order. To == "" is no bound.
type KeyRange struct{ From, To string }

// One reports whether the range holds From and nothing else.
func (r KeyRange) One() bool { return len(r.To) == len(r.From)+1 && r.To == r.From+"\x00" }

// ObserveRanges returns ranges, in order and apart, that hold every key for which Key(key).Observe is true, so
// that who looks for these need not look elsewhere. They may hold others, too. Patterns that begin with a '*',
// and expressions, make them one range of everything. Empty, never nil: there is no such key.
func (g *ChannelGrant) ObserveRanges() []KeyRange {
	return g.ranges(func(s *storageRules) Flag { return s.observe })
}

// GetRanges is ObserveRanges for Key(key).Get.
func (g *ChannelGrant) GetRanges() []KeyRange {
	return g.ranges(func(s *storageRules) Flag { return s.get })
}

func (g *ChannelGrant) ranges(of func(*storageRules) Flag) []KeyRange {
	all := []KeyRange{} // not nil: nothing is not everything
	for _, r := range g.rules {
		for s := range r.storage.all() {
			if of(&s.says) != True {
				continue
			}
			span := s.span()
			if span == (KeyRange{}) {
				return []KeyRange{span}
			}
			all = append(all, span)
		}
	}
	slices.SortFunc(all, func(a, b KeyRange) int { return cmp.Compare(a.From, b.From) })
	n := 0
	for _, r := range all {
		if n == 0 || all[n-1].To != "" && r.From > all[n-1].To {
			all[n] = r
			n++
		} else if last := &all[n-1]; last.To != "" && (r.To == "" || r.To > last.To) {
			last.To = r.To
		}
	}
	return all[:n]
}

// span returns a range that holds every name that p matches.
func (p Pattern) span() KeyRange {
	switch p.kind {
	case exactKey:
		return KeyRange{p.key, p.key + "\x00"}
	case wildcardKey:
		return KeyRange{p.parts[0], behind(p.parts[0])}
	}
	return KeyRange{}
}

// behind returns the first name behind all that begin with prefix, "" if there is none.
func behind(prefix string) string {
	last := len(prefix) - 1
	for last >= 0 && prefix[last] == 0xff {
		last--
	}
	if last < 0 {
		return ""
	}
	return prefix[:last] + string([]byte{prefix[last] + 1})
}
