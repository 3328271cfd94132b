package apps

import (
	"slices"
	"strings"

	"dormouse/claims"
)

var _ claims.AppLister = (*Cache)(nil)

// Known returns the apps that are in the cache, page by page; see [claims.AppLister]. Over a [Static] it returns all that
// there are, whether anybody has asked for them or not. The source is not read, and nothing in the cache moves.
func (c *Cache) Known(prefix, after string, limit int) (page []*claims.App, more bool) {
	if s, ok := c.source.(*Static); ok {
		return s.known(prefix, after, limit, c.o.Defaults)
	}
	c.mu.Lock()
	for id, e := range c.ids {
		if id > after && strings.HasPrefix(id, prefix) {
			page = append(page, e.app.Load())
		}
	}
	c.mu.Unlock()
	slices.SortFunc(page, func(a, b *claims.App) int { return strings.Compare(a.ID, b.ID) })
	if len(page) > limit {
		return slices.Clip(page[:limit]), true
	}
	return page, false
}

// known is Known over the records of a list. Those that are no apps, which lookups do not find either, are left out.
func (s *Static) known(prefix, after string, limit int, defaults Defaults) (page []*claims.App, more bool) {
	list := s.list.Load()
	if list == nil {
		return nil, false
	}
	var ids []string
	for id := range list.ids {
		if id > after && strings.HasPrefix(id, prefix) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		app, _, err := Decode(list.ids[id], defaults)
		switch {
		case err != nil:
		case len(page) == limit:
			return page, true
		default:
			page = append(page, app)
		}
	}
	return page, false
}
