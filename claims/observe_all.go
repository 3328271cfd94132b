package claims

// ObserveAll is the grant of a subscription that no token made, of an app which tells its subscribers everything
// that a channel stores: every key may be observed, and nothing else is allowed.
func ObserveAll() *ChannelGrant { return observeAll }

var observeAll = func() *ChannelGrant {
	everything, err := ParsePattern("*")
	if err != nil {
		panic(err) // it is one
	}
	r := &channelRules{}
	r.storage.add(everything, storageRules{observe: True})
	return &ChannelGrant{rules: []*channelRules{r}, observes: true}
}()
