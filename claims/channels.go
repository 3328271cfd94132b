package claims

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// channelSet is the compiled channels claim of a token. It is immutable, and shared by all tokens
// with the same text there. A nil set is an absent claim.
type channelSet struct {
	table[channelRules]
	aliases []aliasOf // by alias
	auto    []string  // what AutoSubscribes returns
}

type aliasOf struct{ alias, channel string }

func (s *channelSet) autoSubscribes() []string {
	if s == nil {
		return nil
	}
	return slices.Clone(s.auto)
}

func (s *channelSet) keys() []string {
	if s == nil {
		return nil
	}
	keys := make([]string, 0, len(s.exact)+len(s.patterns))
	for r := range s.all() {
		keys = append(keys, r.key)
	}
	return keys
}

// rules returns what the exact key name says, nil if there is none.
func (s *channelSet) rules(name string) *channelRules {
	if s == nil {
		return nil
	}
	return s.find(name)
}

// named returns the channel behind an alias.
func (s *channelSet) named(alias string) (channel string, ok bool) {
	if s == nil {
		return "", false
	}
	i, ok := slices.BinarySearchFunc(s.aliases, alias, func(a aliasOf, alias string) int {
		return strings.Compare(a.alias, alias)
	})
	if !ok {
		return "", false
	}
	return s.aliases[i].channel, true
}

// appendMatching appends what the keys that match name say, the most specific first.
func (s *channelSet) appendMatching(to []*channelRules, name string) []*channelRules {
	if s == nil {
		return to
	}
	for r := range s.matching(name) {
		to = append(to, r)
	}
	return to
}

// channels compiles the channels claim.
func (c *compiler) channels(v raw) (*channelSet, error) {
	if !v.isObject() {
		return nil, errors.New("channels must be an object")
	}
	s := new(channelSet)
	for name, value := range v.members() {
		key := string(name)
		p, rules, err := c.channel(key, value)
		if err != nil {
			return nil, fmt.Errorf("channels %s: %w", quote(key), err)
		}
		s.add(p, rules)
	}
	if len(s.patterns) > c.limits.ChannelPatterns {
		return nil, fmt.Errorf("channels: more than %d wildcards and expressions", c.limits.ChannelPatterns)
	}
	s.sort()
	if err := s.indexAliases(); err != nil {
		return nil, err
	}
	s.indexAuto()
	return s, nil
}

// channel compiles one key of channels.
func (c *compiler) channel(key string, v raw) (Pattern, channelRules, error) {
	p, err := c.pattern(key)
	if err != nil {
		return p, channelRules{}, err
	}
	rules, err := c.channelRules(v)
	switch {
	case err != nil:
	case p.IsExact():
	case rules.alias != "":
		err = errors.New("alias is for exact names only")
	case rules.autoSubscribe == True:
		err = errors.New("autoSubscribe is for exact names only")
	}
	return p, rules, err
}

// indexAliases refuses aliases that would make a name mean two channels.
func (s *channelSet) indexAliases() error {
	for i := range s.exact {
		r := &s.exact[i]
		if r.says.alias == "" {
			continue
		}
		if s.find(r.says.alias) != nil {
			return fmt.Errorf("channels %s: the alias %s is a channel key of the same token", quote(r.key), quote(r.says.alias))
		}
		s.aliases = append(s.aliases, aliasOf{r.says.alias, r.key})
	}
	slices.SortFunc(s.aliases, func(a, b aliasOf) int { return strings.Compare(a.alias, b.alias) })
	for i := 1; i < len(s.aliases); i++ {
		if s.aliases[i].alias == s.aliases[i-1].alias {
			return fmt.Errorf("channels: the alias %s is given twice", quote(s.aliases[i].alias))
		}
	}
	return nil
}

// indexAuto lists the channels to subscribe to on connecting.
func (s *channelSet) indexAuto() {
	for i := range s.exact {
		if s.exact[i].says.autoSubscribe != True {
			continue
		}
		subscribe := Unset
		for r := range s.matching(s.exact[i].key) {
			subscribe = subscribe.join(r.subscribe)
		}
		if subscribe != False {
			s.auto = append(s.auto, s.exact[i].key)
		}
	}
}

// quote shows a key of the token in an error, the start of a long one.
func quote(key string) string {
	const most = 64
	if len(key) > most {
		return fmt.Sprintf("%q...", strings.ToValidUTF8(key[:most], ""))
	}
	return fmt.Sprintf("%q", key)
}
