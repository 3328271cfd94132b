package acceptance

import (
	"regexp"
	"sort"
	"strings"
)

// The oracle says what two tokens allow. It is written from the protocol's words and shares nothing with
// the program: it collects every value that speaks about a name, and then decides.

// rules is a channels claim, or what stands under one of its keys.
type rules = map[string]any

// keyMatches tells whether a key of a token speaks about a name: the name itself, a wildcard, in which *
// is any run of characters, or an expression that is searched for.
func keyMatches(key, name string) bool {
	expression, isRegex := strings.CutPrefix(key, "#regex:")
	switch {
	case isRegex:
		return regexp.MustCompile(expression).MatchString(name)
	case strings.Contains(key, "*"):
		parts := strings.Split(key, "*")
		for i, part := range parts {
			parts[i] = regexp.QuoteMeta(part)
		}
		return regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`).MatchString(name)
	}
	return key == name
}

// said returns all values of a directive about a channel and, if section is not empty, about a name in that
// section of it.
func said(token rules, channel, section, name, directive string) (all []any) {
	for key, c := range token {
		if !keyMatches(key, channel) {
			continue
		}
		of := c.(rules)
		if section == "" {
			if v, ok := of[directive]; ok {
				all = append(all, v)
			}
			continue
		}
		inner, _ := of[section].(rules)
		for key, of := range inner {
			if v, ok := of.(rules)[directive]; ok && keyMatches(key, name) {
				all = append(all, v)
			}
		}
	}
	return all
}

// A verdict is what a token says with a directive: yes, no, or nothing.
type verdict int

const (
	unsaid verdict = iota
	yes
	no
)

// decide joins what a token says: an explicit false wins, then a true.
func decide(all []any) verdict {
	v := unsaid
	for _, value := range all {
		if value == false {
			return no
		}
		v = yes
	}
	return v
}

// allowed is what two tokens say together: the one that made the subscription is asked first, and the one
// that made the connection if that says nothing.
func allowed(layer, connect rules, channel, section, name, directive string) verdict {
	if v := decide(said(layer, channel, section, name, directive)); v != unsaid {
		return v
	}
	return decide(said(connect, channel, section, name, directive))
}

// Answers other than codes.
const (
	answerOK   = "ok"
	answerNone = "nothing"
)

// publishAnswer: publish holds while subscribed, broadcast always, and a publish that is denied denies both.
func publishAnswer(layer, connect rules, subscribed bool, channel, event string) string {
	publish := allowed(layer, connect, channel, "messages", event, "publish")
	broadcast := decide(said(connect, channel, "messages", event, "broadcast"))
	switch {
	case publish == no, publish == unsaid && broadcast != yes:
		return "PUBLISH_PERMISSION_DENIED"
	case broadcast != yes && !subscribed:
		return "NOT_SUBSCRIBED"
	}
	return answerOK
}

// storageAnswer: get and set need no subscription.
func storageAnswer(layer, connect rules, channel, key, directive string) string {
	if allowed(layer, connect, channel, "storage", key, directive) != yes {
		return "STORAGE_PERMISSION_DENIED"
	}
	return answerOK
}

// subscribeAnswer: what a subscribe brings that presents no token, or a good one with these rules.
// autoSubscribe counts as subscribe unless that is denied.
func subscribeAnswer(presented, connect rules, subscribed bool, channel string) string {
	v := allowed(presented, connect, channel, "", "", "subscribe")
	if own, ok := connect[channel].(rules); ok && v == unsaid && own["autoSubscribe"] == true {
		v = yes
	}
	switch {
	case subscribed:
		return "ALREADY_SUBSCRIBED"
	case v != yes:
		return "SUBSCRIBE_PERMISSION_DENIED"
	}
	return answerOK
}

// reactionAnswer: react speaks about the event of the message that is reacted to.
func reactionAnswer(layer, connect rules, subscribed, user bool, channel, event, reaction string) string {
	switch {
	case !subscribed:
		return "NOT_SUBSCRIBED"
	case !user:
		return "REACTION_USER_ID_REQUIRED"
	}
	for _, token := range []rules{layer, connect} {
		all := said(token, channel, "messages", event, "react")
		if len(all) == 0 {
			continue
		}
		may := false
		for _, value := range all {
			if value == false {
				return "REACTION_PERMISSION_DENIED"
			}
			list, _ := value.([]string)
			at := sort.SearchStrings(list, reaction)
			may = may || value == true || at < len(list) && list[at] == reaction
		}
		if may {
			return answerOK
		}
		break
	}
	return "REACTION_PERMISSION_DENIED"
}

// umdAnswer: what a good umd token with these rules brings. channel empty: it is about the connection.
func umdAnswer(token rules, whole verdict, subscribed bool, channel string) string {
	switch {
	case channel == "" && whole != yes,
		channel != "" && decide(said(token, channel, "", "", "umdUpdate")) != yes:
		return "UMD_UPDATE_PERMISSION_DENIED"
	case channel != "" && !subscribed:
		return "NOT_SUBSCRIBED"
	}
	return answerOK
}
