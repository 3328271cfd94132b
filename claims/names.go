package claims

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lengths of names, in code points; reactions in bytes.
//
// Source: Hotsock docs, Channels, Messages, Channel Storage and Reactions.
const (
	MaxChannel    = 256
	MaxEvent      = 128
	MaxStorageKey = 128
	MaxReaction   = 100
)

// SystemPrefix starts the names of the protocol's own events, which clients cannot publish.
const SystemPrefix = "hotsock."

const presencePrefix = "presence."

// IsPresence reports whether the channel keeps a list of its members: its name starts with
// "presence.".
func IsPresence(channel string) bool { return strings.HasPrefix(channel, presencePrefix) }

// CheckChannel says which rule name breaks as the name of a channel, nil if none.
//
// A channel name is 1 to 256 characters of valid UTF-8 without white space, '*', '#' or ','. Bytes
// count as they are: no normalisation, letter case matters.
// Source: Hotsock docs, Channels, "Channel names".
func CheckChannel(name string) error {
	if err := checkLength("a channel name", name, MaxChannel); err != nil {
		return err
	}
	return checkWord("a channel name", name)
}

// CheckStorageKey says which rule key breaks as a storage key, nil if none.
//
// A storage key is 1 to 128 characters of valid UTF-8 without white space, '*', '#' or ','.
// Source: Hotsock docs, Channel Storage.
func CheckStorageKey(key string) error {
	if err := checkLength("a storage key", key, MaxStorageKey); err != nil {
		return err
	}
	return checkWord("a storage key", key)
}

// CheckEvent says which rule name breaks as the name of an event that a client or a server may
// publish, nil if none.
//
// It is [CheckEventName] and the ban on names that start with "hotsock.". The few system events that
// may be published are for the caller to let pass before.
func CheckEvent(name string) error {
	if strings.HasPrefix(name, SystemPrefix) {
		return errors.New(`an event name must not start with "hotsock."`)
	}
	return CheckEventName(name)
}

// CheckEventName says which rule name breaks as the name of any event, system events included.
//
// An event name is 1 to 128 characters of valid UTF-8, has no '*' and does not start with '#'. Spaces
// and commas are legal, and so is '#' further on.
// Source: Hotsock docs, Messages, "Event names".
func CheckEventName(name string) error {
	if err := checkLength("an event name", name, MaxEvent); err != nil {
		return err
	}
	if name[0] == '#' {
		return errors.New("an event name must not start with '#'")
	}
	if strings.IndexByte(name, '*') >= 0 {
		return errors.New("an event name must not contain '*'")
	}
	return nil
}

// CheckReaction says which rule reaction breaks, nil if none.
//
// A reaction is 1 to 100 bytes of valid UTF-8, not only white space, without '#'.
// Source: Hotsock docs, Reactions.
func CheckReaction(reaction string) error {
	switch {
	case len(reaction) > MaxReaction:
		return fmt.Errorf("a reaction has at most %d bytes", MaxReaction)
	case strings.TrimSpace(reaction) == "":
		return errors.New("a reaction must not be blank")
	case strings.IndexByte(reaction, '#') >= 0:
		return errors.New("a reaction must not contain '#'")
	case !utf8.ValidString(reaction):
		return errors.New("a reaction must be valid UTF-8")
	}
	return nil
}

// checkLength bounds the bytes before it counts characters, so that a megabyte costs nothing.
func checkLength(what, name string, limit int) error {
	switch {
	case name == "":
		return errors.New(what + " must not be empty")
	case len(name) > limit && (len(name) > utf8.UTFMax*limit || utf8.RuneCountInString(name) > limit):
		return fmt.Errorf("%s has at most %d characters", what, limit)
	case !utf8.ValidString(name):
		return errors.New(what + " must be valid UTF-8")
	}
	return nil
}

// checkWord refuses what patterns, lists and logs give a meaning to.
func checkWord(what, name string) error {
	for _, r := range name {
		switch {
		case r == '*' || r == '#' || r == ',':
			return fmt.Errorf("%s must not contain %q", what, r)
		case unicode.IsSpace(r):
			return errors.New(what + " must not contain white space")
		}
	}
	return nil
}
