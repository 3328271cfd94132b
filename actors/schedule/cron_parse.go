package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A field is one of a cron's six.
type field struct {
	name     string
	min, max int
	names    []string // of the values from min on
}

var (
	minuteField  = field{name: "minutes", max: 59}
	hourField    = field{name: "hours", max: 23}
	dayField     = field{name: "day of month", min: 1, max: 31}
	monthField   = field{name: "month", min: 1, max: 12, names: strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")}
	weekdayField = field{name: "day of week", min: 1, max: 7, names: strings.Fields("SUN MON TUE WED THU FRI SAT")}
	yearField    = field{name: "year", min: firstYear, max: lastYear}
)

// parseCron reads six fields: minutes, hours, day of month, month, day of week, year.
func parseCron(s string) (*cron, error) {
	fields := strings.Fields(s)
	if len(fields) != 6 {
		return nil, fmt.Errorf("cron() has six fields, minutes hours day-of-month month day-of-week year, not %d", len(fields))
	}
	if (fields[2] == "?") == (fields[4] == "?") {
		return nil, errors.New("cron(): one of day of month and day of week must be '?', and the other not")
	}
	c := &cron{byWeekday: fields[2] == "?"}
	adds := []struct {
		field
		text string
		add  func(n int)
		own  func(part string) (bool, error) // what only this field has
	}{
		{minuteField, fields[0], c.minute.add, nil},
		{hourField, fields[1], c.hour.add, nil},
		{dayField, fields[2], c.day.add, c.ownDay},
		{monthField, fields[3], c.month.add, nil},
		{weekdayField, fields[4], func(n int) { c.weekday.add(n - 1) }, c.ownWeekday},
		{yearField, fields[5], func(n int) { c.year[(n-firstYear)/64].add((n - firstYear) % 64) }, nil},
	}
	for _, f := range adds {
		if f.text == "?" && f.own != nil {
			continue
		}
		if err := f.read(f.text, f.add, f.own); err != nil {
			return nil, fmt.Errorf("cron(): %s: %w", f.name, err)
		}
	}
	return c, nil
}

// read adds what a field names: parts between commas, each *, a value, a range a-b, or one of these with a
// step, as in */5, 10/5 and 10-40/5.
func (f field) read(text string, add func(int), own func(string) (bool, error)) error {
	for part := range strings.SplitSeq(text, ",") {
		if own != nil {
			if ok, err := own(part); err != nil {
				return err
			} else if ok {
				continue
			}
		}
		from, to, step, err := f.span(part)
		if err != nil {
			return err
		}
		for n := from; n <= to; n += step {
			add(n)
		}
	}
	return nil
}

// span reads a part.
func (f field) span(part string) (from, to, step int, err error) {
	span, every, steps := strings.Cut(part, "/")
	step = 1
	if steps {
		if step, err = strconv.Atoi(every); err != nil || step < 1 || step > f.max || every[0] == '+' {
			return 0, 0, 0, fmt.Errorf("the step in %q is no number from 1 to %d", part, f.max)
		}
	}
	if span == "*" {
		return f.min, f.max, step, nil
	}
	first, last, ranges := strings.Cut(span, "-")
	if from, err = f.value(first); err != nil {
		return 0, 0, 0, err
	}
	switch {
	case ranges:
		if to, err = f.value(last); err != nil {
			return 0, 0, 0, err
		}
		if to < from {
			return 0, 0, 0, fmt.Errorf("the range %q ends before it begins", span)
		}
	case steps:
		to = f.max
	default:
		to = from
	}
	return from, to, step, nil
}

// value reads a number or a name.
func (f field) value(s string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(s, name) {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < f.min || n > f.max || s[0] == '+' || s[0] == '-' {
		return 0, fmt.Errorf("%q is not within %d and %d", s, f.min, f.max)
	}
	return n, nil
}

// ownDay reads L, the last day of the month, and 15W, the weekday nearest to the 15th.
func (c *cron) ownDay(part string) (bool, error) {
	if part == "L" {
		c.lastDay = true
		return true, nil
	}
	day, ok := strings.CutSuffix(part, "W")
	if !ok {
		return false, nil
	}
	n, err := dayField.value(day)
	if err == nil {
		c.nearest.add(n)
	}
	return true, err
}

// ownWeekday reads L, which is SAT, 6L, the last Friday of the month, and 6#3, the third Friday of the month.
func (c *cron) ownWeekday(part string) (bool, error) {
	if part == "L" {
		c.weekday.add(weekdayField.max - 1)
		return true, nil
	}
	if day, ok := strings.CutSuffix(part, "L"); ok {
		n, err := weekdayField.value(day)
		if err == nil {
			c.lastWeekday.add(n - 1)
		}
		return true, err
	}
	day, nth, ok := strings.Cut(part, "#")
	if !ok {
		return false, nil
	}
	n, err := weekdayField.value(day)
	if err != nil {
		return true, err
	}
	if len(nth) != 1 || nth < "1" || nth > "5" {
		return true, fmt.Errorf("%q: a month has at most 5 of a weekday, counted from 1", part)
	}
	c.nth[nth[0]-'0'].add(n - 1)
	return true, nil
}
