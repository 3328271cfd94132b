package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const atLayout = "YYYY-MM-DDThh:mm:ss"

// parseAt reads a local time.
func parseAt(s string, zone *time.Location) (time.Time, error) {
	for i := range atLayout {
		if i >= len(s) || !fits(s[i], atLayout[i]) {
			return time.Time{}, fmt.Errorf("at(%s) is not written at(%s)", s, atLayout)
		}
	}
	if len(s) > len(atLayout) {
		return time.Time{}, errors.New("at() ends with its seconds: no fraction and no zone, which stands in scheduleExpressionTimezone")
	}
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	if month < 1 || month > 12 {
		return time.Time{}, fmt.Errorf("at(): there is no month %02d", month)
	}
	if last := daysOf(year, time.Month(month)); day < 1 || day > last {
		return time.Time{}, fmt.Errorf("at(): %s %04d has no day %02d", time.Month(month), year, day)
	}
	for _, part := range []struct {
		name       string
		value, max int
	}{{"hour", hour, 23}, {"minute", minute, 59}, {"second", second, 59}} {
		if part.value > part.max {
			return time.Time{}, fmt.Errorf("at(): %s %d is over %d", part.name, part.value, part.max)
		}
	}
	return resolve(time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), zone), nil
}

// fits says whether c may stand where the layout has l.
func fits(c, l byte) bool {
	if strings.IndexByte("YMDhms", l) >= 0 {
		return '0' <= c && c <= '9'
	}
	return c == l
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // digits they are
	return n
}

func daysOf(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
