package cmd

import (
	"fmt"
	"strings"
)

// A Fault is one thing wrong with a configuration.
type Fault struct {
	// Where is the place to mend: dormouse.yaml:12, DORMOUSE_LISTEN, --listen, or "" for what is missing.
	Where string
	// Key is the setting, as the file spells it; "" if the fault is of the whole.
	Key string
	// Message says what is wrong and what would be right, and never repeats a secret.
	Message string
}

// Faults are all faults of a configuration, in the order in which a reader meets them. It is an error with
// one line for each.
type Faults []Fault

func (f Faults) Error() string {
	var b strings.Builder
	if len(f) == 1 {
		b.WriteString("the configuration has a fault:")
	} else {
		fmt.Fprintf(&b, "the configuration has %d faults:", len(f))
	}
	places, keys := 0, 0
	for _, fault := range f {
		places, keys = max(places, len(fault.Where)), max(keys, len(fault.Key))
	}
	for _, fault := range f {
		line := fmt.Sprintf("\n  %-*s  %-*s  ", places, fault.Where, keys, fault.Key)
		if places == 0 {
			line = fmt.Sprintf("\n  %-*s  ", keys, fault.Key)
		}
		b.WriteString(line + fault.Message)
	}
	return b.String()
}

// err returns f as an error, nil if there is no fault.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
