package emit

import (
	"fmt"
	"slices"

	"dormouse/actors/courier"
	"dormouse/claims"
)

// A Filter says which events an endpoint is told of: those that pass each list. An empty list lets all
// through. Events of connections are of no channel, and pass no list of channels.
type Filter struct {
	Types     []string // of courier.Types
	DataTypes []string // their data types
	Channels  []claims.Pattern
}

// Validate names the first type or data type that there is not.
func (f *Filter) Validate() error {
	for _, t := range f.Types {
		if _, ok := courier.Types[t]; !ok {
			return fmt.Errorf("%q is no type of event", t)
		}
	}
	for _, d := range f.DataTypes {
		if !slices.Contains(DataTypes(), d) {
			return fmt.Errorf("%q is no data type of events", d)
		}
	}
	return nil
}

// Types lists the types of events, in order.
func Types() []string {
	var all []string
	for t := range courier.Types {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

// DataTypes lists their data types, in order.
func DataTypes() []string {
	var all []string
	for _, d := range courier.Types {
		all = append(all, d)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Wants implements part of courier.Emitter.
func (f *Filter) Wants(eventType, dataType, channel string) bool {
	return (len(f.Types) == 0 || slices.Contains(f.Types, eventType)) &&
		(len(f.DataTypes) == 0 || slices.Contains(f.DataTypes, dataType)) &&
		(len(f.Channels) == 0 || channel != "" && slices.ContainsFunc(f.Channels, func(p claims.Pattern) bool { return p.Match(channel) }))
}
