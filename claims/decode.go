package claims

import (
	"errors"
	"fmt"
	"time"
)

// MaxStore is the longest finite retention in seconds, about a hundred years.
const MaxStore = 3_155_695_200

// channelRules decodes the value of one key of channels. Unknown directives are ignored, here and
// below, so that tokens for later versions keep working.
func (c *compiler) channelRules(v raw) (rules channelRules, err error) {
	if !v.isObject() {
		return rules, errors.New("must be an object")
	}
	for name, value := range v.members() {
		switch string(name) {
		case "subscribe":
			rules.subscribe, err = flag(value)
		case "autoSubscribe":
			rules.autoSubscribe, err = flag(value)
		case "alias":
			rules.alias, err = alias(value)
		case "getInfo":
			rules.getInfo, err = flag(value)
		case "historyStart":
			rules.historyStart, err = instant(value)
		case "omitFromSubCount":
			rules.omitFromSubCount, err = flag(value)
		case "umdUpdate":
			rules.umdUpdate, err = flag(value)
		case "messages":
			rules.messages, err = keyed(c, value, messageRulesOf)
		case "storage":
			rules.storage, err = keyed(c, value, storageRulesOf)
		}
		if err != nil {
			return rules, fmt.Errorf("%s %w", name, err)
		}
	}
	return rules, nil
}

// keyed decodes messages or storage: an object of objects by event or storage key.
func keyed[T any](c *compiler, v raw, decode func(raw) (T, error)) (t table[T], err error) {
	if !v.isObject() {
		return t, errors.New("must be an object")
	}
	for name, value := range v.members() {
		key := string(name)
		p, err := c.pattern(key)
		if err != nil {
			return t, fmt.Errorf("%s: %w", quote(key), err)
		}
		says, err := decode(value)
		if err != nil {
			return t, fmt.Errorf("%s: %w", quote(key), err)
		}
		t.add(p, says)
	}
	t.sort()
	return t, nil
}

func messageRulesOf(v raw) (m messageRules, err error) {
	if !v.isObject() {
		return m, errors.New("must be an object")
	}
	for name, value := range v.members() {
		switch string(name) {
		case "publish":
			m.publish, err = flag(value)
		case "broadcast":
			m.broadcast, err = flag(value)
		case "echo":
			m.echo, err = flag(value)
		case "emitPubSubEvent":
			m.emitPubSubEvent, err = flag(value)
		case "store":
			m.store, err = retention(value, 0)
		case "scheduleBefore":
			m.scheduleBefore, err = instant(value)
		case "react":
			m.react, err = react(value)
		}
		if err != nil {
			return m, fmt.Errorf("%s %w", name, err)
		}
	}
	return m, nil
}

func storageRulesOf(v raw) (s storageRules, err error) {
	if !v.isObject() {
		return s, errors.New("must be an object")
	}
	for name, value := range v.members() {
		switch string(name) {
		case "observe":
			s.observe, err = flag(value)
		case "get":
			s.get, err = flag(value)
		case "set":
			s.set, err = flag(value)
		case "emitPubSubEvent":
			s.emitPubSubEvent, err = flag(value)
		case "notifyExpiry":
			s.notifyExpiry, err = flag(value)
		case "store":
			s.store, err = retention(value, 1)
		case "scheduleBefore":
			s.scheduleBefore, err = instant(value)
		}
		if err != nil {
			return s, fmt.Errorf("%s %w", name, err)
		}
	}
	return s, nil
}

func flag(v raw) (Flag, error) {
	b, ok := v.boolean()
	switch {
	case !ok:
		return Unset, errors.New("must be true or false")
	case b:
		return True, nil
	}
	return False, nil
}

func instant(v raw) (setting[time.Time], error) {
	t, ok := v.date()
	if !ok {
		return setting[time.Time]{}, errNotDate
	}
	return setting[time.Time]{t, true}, nil
}

// errNotDate names seconds, because milliseconds are what is usually given instead.
var errNotDate = errors.New("must be a number of seconds since 1970, before the year 10000")

// retention decodes a store directive: -1, or least to MaxStore.
func retention(v raw, least int64) (setting[int64], error) {
	n, ok := v.integer()
	if !ok || n != -1 && (n < least || n > MaxStore) {
		return setting[int64]{}, fmt.Errorf("must be -1 or a whole number of seconds from %d to %d", least, int64(MaxStore))
	}
	return setting[int64]{n, true}, nil
}

func alias(v raw) (string, error) {
	s, ok := v.text()
	if !ok {
		return "", errors.New("must be a string")
	}
	if err := CheckChannel(s); err != nil {
		return "", fmt.Errorf("must be a channel name: %w", err)
	}
	return s, nil
}

func react(v raw) (reactions, error) {
	if b, err := flag(v); err == nil {
		return reactions{flag: b}, nil
	}
	if !v.isArray() {
		return reactions{}, errors.New("must be true, false or a list of strings")
	}
	r := reactions{listed: true}
	for e := range v.elements() {
		s, ok := e.text()
		if !ok {
			return reactions{}, errors.New("must be a list of strings")
		}
		r.only = append(r.only, s)
	}
	return r, nil
}
