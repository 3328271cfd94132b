package schedule

import "time"

// lastYear is the last that a cron() can name.
const (
	firstYear = 1970
	lastYear  = 2199
)

// A cron is what a calendar says: sets of minutes, hours and so on. Either weekdays or days of the month
// count; the others are left out by a '?'.
type cron struct {
	minute, hour, month set
	year                [(lastYear-firstYear)/64 + 1]set
	day                 set // of the month
	lastDay             bool
	nearest             set // weekdays nearest to these days of the month, within it
	byWeekday           bool
	weekday             set    // 0: Sunday
	lastWeekday         set    // the last of these in a month
	nth                 [6]set // the nth of these in a month, 1 to 5
}

// A set is a set of numbers from 0 to 63.
type set uint64

func (s set) has(n int) bool { return s>>uint(n)&1 != 0 }

func (s *set) add(n int) { *s |= 1 << uint(n) }

// after returns the first instant after now that the calendar names in a zone, zero if there is none.
func (c *cron) after(now time.Time, zone *time.Location) time.Time {
	now = now.In(zone)
	wall := c.next(wallOf(now))
	for !wall.IsZero() {
		if t := resolve(wall, zone); t.After(now) {
			return t
		}
		// Clocks show this for the second time, and the first time counts. Behind the repetition all is well.
		start, _ := now.ZoneBounds()
		again := wallOf(start.Add(-time.Second).In(zone))
		if !wall.After(again) {
			wall = c.next(again.Truncate(time.Minute))
		} else {
			wall = c.next(wall)
		}
	}
	return time.Time{}
}

// next returns the first minute after a wall time that the calendar names, zero if there is none. A wall time
// is written as if it were UTC.
//
// It goes from day to day and skips months and years: the rarest day there is, a fifth Monday in February,
// comes every 28 years at the least, which is some 800 days in Februaries to look at.
func (c *cron) next(after time.Time) time.Time {
	t := after.Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear {
		year, month, day := t.Date()
		switch {
		case year < firstYear || !c.inYear(year):
			t = time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
			continue
		case !c.month.has(int(month)):
			t = time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if c.onDay(t) {
			for minute := t.Hour()*60 + t.Minute(); minute < 24*60; minute++ {
				if c.hour.has(minute/60) && c.minute.has(minute%60) {
					return time.Date(year, month, day, minute/60, minute%60, 0, 0, time.UTC)
				}
			}
		}
		t = time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
	}
	return time.Time{}
}

func (c *cron) inYear(year int) bool {
	n := year - firstYear
	return c.year[n/64].has(n % 64)
}

// onDay says whether the calendar names t's day, whatever the month.
func (c *cron) onDay(t time.Time) bool {
	year, month, day := t.Date()
	last := daysOf(year, month)
	weekday := int(t.Weekday())
	if c.byWeekday {
		return c.weekday.has(weekday) || c.lastWeekday.has(weekday) && day+7 > last || c.nth[(day-1)/7+1].has(weekday)
	}
	if c.day.has(day) || c.lastDay && day == last {
		return true
	}
	for n := 1; n <= last && c.nearest != 0; n++ {
		if c.nearest.has(n) && day == nearestWeekday(t, n, last) {
			return true
		}
	}
	return false
}

// nearestWeekday returns the day of t's month, from Monday to Friday, that is nearest to day n of it.
func nearestWeekday(t time.Time, n, last int) int {
	switch weekday := time.Weekday((int(t.Weekday()) + n - t.Day() + 35) % 7); {
	case weekday == time.Saturday && n > 1:
		return n - 1
	case weekday == time.Saturday:
		return n + 2
	case weekday == time.Sunday && n < last:
		return n + 1
	case weekday == time.Sunday:
		return n - 2
	}
	return n
}
