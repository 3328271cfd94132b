package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MaxRate is the longest interval. The shortest is a minute, as it is of cron(): what recurs runs with nobody
// there to see it, and for ever.
const MaxRate = 3650 * 24 * time.Hour

var rateUnits = map[string]time.Duration{
	"minute": time.Minute, "minutes": time.Minute, "hour": time.Hour, "hours": time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
}

// parseRate reads "1 hour" or "15 minutes".
func parseRate(s string) (time.Duration, error) {
	words := strings.Fields(s)
	if len(words) != 2 {
		return 0, errors.New("rate() is written rate(value unit), such as rate(15 minutes)")
	}
	unit, ok := rateUnits[words[1]]
	if !ok {
		return 0, fmt.Errorf("rate(): the unit %q is none of minute, minutes, hour, hours, day, days", words[1])
	}
	n, err := strconv.ParseUint(words[0], 10, 32)
	if err != nil || n == 0 || words[0][0] == '+' {
		return 0, fmt.Errorf("rate(): the value %q is not a whole number from 1 on", words[0])
	}
	if plural := strings.HasSuffix(words[1], "s"); plural == (n == 1) {
		return 0, fmt.Errorf("rate(): %s and %s do not go together: it is 1 minute, 2 minutes", words[0], words[1])
	}
	if n > uint64(MaxRate/unit) {
		return 0, fmt.Errorf("rate(): %s is over %d days", s, MaxRate/(24*time.Hour))
	}
	return time.Duration(n) * unit, nil
}
