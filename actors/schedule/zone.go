package schedule

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // the program runs where there is no database of zones
)

// maxZone is longer than any zone's name.
const maxZone = 64

// zones keeps those that were asked for: reading one costs a file. There are some six hundred of them.
var zones sync.Map

// zoneOf returns the zone with this IANA name; "" is UTC.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	if !isZoneName(name) {
		return nil, fmt.Errorf("must be the IANA name of a zone, such as America/New_York; there is no %.*q", maxZone, name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("must be the IANA name of a zone, such as America/New_York; there is no %q", name)
	}
	zones.Store(name, zone)
	return zone, nil
}

// isZoneName keeps out what a database of zones may have beside zones: the machine's own zone, tables, and
// copies that count leap seconds.
func isZoneName(name string) bool {
	if len(name) > maxZone || name[0] < 'A' || name[0] > 'Z' || name == "Local" || name == "Factory" {
		return false
	}
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '/', c == '_', c == '-', c == '+':
		default:
			return false
		}
	}
	return true
}

// resolve returns the instant at which clocks in a zone show wall, which is written as if it were UTC.
func resolve(wall time.Time, zone *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	// In a gap, and in an overlap, t is right by the offset before the change or by that after it; which
	// one is not said.
	switch shown := wallOf(t); {
	case shown.After(wall): // a gap, by the offset before it
	case shown.Before(wall): // a gap, by the offset after it
		t = by(wall, t)
	default:
		if start, _ := t.ZoneBounds(); !start.IsZero() {
			before := start.Add(-time.Second)
			if first := by(wall, before); first.Before(start) {
				t = first
			}
		}
	}
	return t.UTC()
}

// by returns the instant of a wall time by the offset in force at t.
func by(wall, t time.Time) time.Time {
	_, offset := t.Zone()
	return wall.Add(-time.Duration(offset) * time.Second)
}

// wallOf returns what clocks show at t in its zone, as if it were UTC.
func wallOf(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
