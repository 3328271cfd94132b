package schedule

import (
	"strings"
	"testing"
	"time"
)

func mustParse(t *testing.T, text, zone string) Expression {
	t.Helper()
	e, err := Parse(text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v.UTC()
}

// TestLocalTimes is the table of what clocks do: offsets, gaps, which are read with the offset before them, and
// overlaps, of which the first instant counts.
func TestLocalTimes(t *testing.T) {
	for _, tt := range []struct{ text, zone, want string }{
		{"at(2030-01-31T09:00:00)", "", "2030-01-31T09:00:00Z"},
		{"  at(2030-01-31T09:00:00)\n", "UTC", "2030-01-31T09:00:00Z"},
		{"at(2028-02-29T23:59:59)", "Etc/UTC", "2028-02-29T23:59:59Z"},
		{"at(2030-01-31T09:00:00)", "America/New_York", "2030-01-31T14:00:00Z"},
		{"at(2030-07-31T09:00:00)", "America/New_York", "2030-07-31T13:00:00Z"},
		{"at(2030-01-31T09:00:00)", "Asia/Kathmandu", "2030-01-31T03:15:00Z"},
		{"at(2030-01-31T00:00:00)", "Pacific/Kiritimati", "2030-01-30T10:00:00Z"},
		{"at(2030-01-31T09:00:00)", "Etc/GMT+12", "2030-01-31T21:00:00Z"},
		// New York, 8 March 2026: 02:00 is 03:00. 1 November: 02:00 is 01:00.
		{"at(2026-03-08T01:59:59)", "America/New_York", "2026-03-08T06:59:59Z"},
		{"at(2026-03-08T02:00:00)", "America/New_York", "2026-03-08T07:00:00Z"},
		{"at(2026-03-08T02:30:00)", "America/New_York", "2026-03-08T07:30:00Z"},
		{"at(2026-03-08T02:59:59)", "America/New_York", "2026-03-08T07:59:59Z"},
		{"at(2026-03-08T03:00:00)", "America/New_York", "2026-03-08T07:00:00Z"},
		{"at(2026-11-01T00:59:59)", "America/New_York", "2026-11-01T04:59:59Z"},
		{"at(2026-11-01T01:00:00)", "America/New_York", "2026-11-01T05:00:00Z"},
		{"at(2026-11-01T01:59:59)", "America/New_York", "2026-11-01T05:59:59Z"},
		{"at(2026-11-01T02:00:00)", "America/New_York", "2026-11-01T07:00:00Z"},
		// Berlin, 29 March and 25 October 2026.
		{"at(2026-03-29T02:30:00)", "Europe/Berlin", "2026-03-29T01:30:00Z"},
		{"at(2026-10-25T02:30:00)", "Europe/Berlin", "2026-10-25T00:30:00Z"},
		{"at(2026-10-25T03:00:00)", "Europe/Berlin", "2026-10-25T02:00:00Z"},
		// In the southern hemisphere the year is the other way round; Lord Howe changes by half an hour.
		{"at(2026-10-04T02:30:00)", "Australia/Sydney", "2026-10-03T16:30:00Z"},
		{"at(2026-04-05T02:30:00)", "Australia/Sydney", "2026-04-04T15:30:00Z"},
		{"at(2026-10-04T02:15:00)", "Australia/Lord_Howe", "2026-10-03T15:45:00Z"},
		{"at(2026-04-05T01:45:00)", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"},
		// Santiago leaps at midnight. Samoa left out a whole day, and Dublin's winter is the exception.
		{"at(2026-09-06T00:30:00)", "America/Santiago", "2026-09-06T04:30:00Z"},
		{"at(2011-12-30T12:00:00)", "Pacific/Apia", "2011-12-30T22:00:00Z"},
		{"at(2026-10-25T01:30:00)", "Europe/Dublin", "2026-10-25T00:30:00Z"},
		{"at(2026-03-29T01:30:00)", "Europe/Dublin", "2026-03-29T01:30:00Z"},
	} {
		e, err := Parse(tt.text, tt.zone)
		if err != nil {
			t.Errorf("%s %s: %v", tt.text, tt.zone, err)
			continue
		}
		if got := e.First(at(t, "2026-01-01T00:00:00Z")).Format(time.RFC3339); got != tt.want || e.Recurs() {
			t.Errorf("%s %s: %s, want %s", tt.text, tt.zone, got, tt.want)
		}
		if next := e.Next(at(t, tt.want), at(t, tt.want)); !next.IsZero() {
			t.Errorf("%s: again at %v", tt.text, next)
		}
	}
}

// TestEveryLocalTimeOfAChange compares with a search through all instants of the days round a change.
func TestEveryLocalTimeOfAChange(t *testing.T) {
	for zone, day := range map[string]string{
		"America/New_York": "2026-03-08", "Europe/Berlin": "2026-10-25", "Australia/Lord_Howe": "2026-10-04",
		"America/Santiago": "2026-09-06", "Africa/Casablanca": "2026-02-15", "Asia/Kathmandu": "1986-01-01", "Pacific/Apia": "2011-12-30",
	} {
		loc, err := zoneOf(zone)
		if err != nil {
			t.Fatal(err)
		}
		from := at(t, day+"T00:00:00Z").Add(-36 * time.Hour)
		first := map[time.Time]time.Time{}
		for i := range 4 * 24 * 60 {
			instant := from.Add(time.Duration(i) * time.Minute)
			wall := wallOf(instant.In(loc))
			if _, ok := first[wall]; !ok {
				first[wall] = instant
			}
		}
		var last time.Time
		for i := range 24 * 60 {
			wall := at(t, day+"T00:00:00Z").Add(time.Duration(i) * time.Minute)
			got := resolve(wall, loc)
			if want, ok := first[wall]; ok && !got.Equal(want) {
				t.Errorf("%s %v: %v, want %v", zone, wall, got, want)
			} else if !ok && !wallOf(got.In(loc)).After(wall) {
				t.Errorf("%s %v does not exist and became %v", zone, wall, got.In(loc))
			}
			if first[wall].IsZero() && got.Before(last) {
				t.Errorf("%s %v: %v is before %v", zone, wall, got, last)
			}
			last = got
		}
	}
}

func TestFaultsAreNamed(t *testing.T) {
	for _, tt := range []struct{ text, zone, want string }{
		{"", "", "scheduleExpression must be at(YYYY-MM-DDThh:mm:ss), such as at(2030-01-31T09:00:00)"},
		{"tomorrow", "", "scheduleExpression must be at(YYYY-MM-DDThh:mm:ss)"},
		{"AT(2030-01-31T09:00:00)", "", "scheduleExpression must be at("},
		{"at (2030-01-31T09:00:00)", "", "scheduleExpression must be at("},
		{"at(2030-01-31T09:00:00", "", "must end with ')'"},
		{"at(2030-01-31T09:00:00))", "", "at() ends with its seconds"},
		{"at()", "", "at() is not written at(YYYY-MM-DDThh:mm:ss)"},
		{"at(2030-1-31T09:00:00)", "", "at(2030-1-31T09:00:00) is not written at(YYYY-MM-DDThh:mm:ss)"},
		{"at(2030-01-31 09:00:00)", "", "is not written"},
		{"at(2030-01-31T09:00)", "", "is not written"},
		{"at(2030-01-31T09:00:00Z)", "", "at() ends with its seconds: no fraction and no zone"},
		{"at(2030-01-31T09:00:00.5)", "", "at() ends with its seconds"},
		{"at( 2030-01-31T09:00:00)", "", "is not written"},
		{"at(2026-02-30T00:00:00)", "", "at(): February 2026 has no day 30"},
		{"at(2026-02-29T00:00:00)", "", "at(): February 2026 has no day 29"},
		{"at(2026-04-31T00:00:00)", "", "at(): April 2026 has no day 31"},
		{"at(2026-04-00T00:00:00)", "", "at(): April 2026 has no day 00"},
		{"at(2026-13-01T00:00:00)", "", "at(): there is no month 13"},
		{"at(2026-00-01T00:00:00)", "", "at(): there is no month 00"},
		{"at(2026-01-01T24:00:00)", "", "at(): hour 24 is over 23"},
		{"at(2026-01-01T23:60:00)", "", "at(): minute 60 is over 59"},
		{"at(2026-01-01T23:59:60)", "", "at(): second 60 is over 59"},
		{"at(2030-01-31T09:00:00)", "Mars/Olympus", `scheduleExpressionTimezone must be the IANA name of a zone, such as America/New_York; there is no "Mars/Olympus"`},
		{"at(2030-01-31T09:00:00)", "Local", `there is no "Local"`},
		{"at(2030-01-31T09:00:00)", "localtime", `there is no "localtime"`},
		{"at(2030-01-31T09:00:00)", "../../etc/passwd", "there is no"},
		{"at(2030-01-31T09:00:00)", "/etc/localtime", "there is no"},
		{"at(2030-01-31T09:00:00)", "America/../Europe/Berlin", "there is no"},
		{"at(2030-01-31T09:00:00)", "+02:00", "there is no"},
		{"at(2030-01-31T09:00:00)", strings.Repeat("A", 1000), "there is no"},
		{"at(" + strings.Repeat("1", 300) + ")", "", "must be at most 256 bytes, not 304"},
		{"rate()", "", "rate() is written rate(value unit)"},
		{"rate(1 hour ago)", "", "rate() is written"},
		{"rate(30 seconds)", "", `rate(): the unit "seconds" is none of`},
		{"rate(0 minutes)", "", "is not a whole number from 1 on"},
		{"rate(-1 minutes)", "", "is not a whole number from 1 on"},
		{"rate(1.5 hours)", "", "is not a whole number from 1 on"},
		{"rate(1 hours)", "", "do not go together"},
		{"rate(2 hour)", "", "do not go together"},
		{"rate(3651 days)", "", "is over 3650 days"},
		{"cron(0 9 * * *)", "", "cron() has six fields, minutes hours day-of-month month day-of-week year, not 5"},
		{"cron(0 9 * * MON *)", "", "one of day of month and day of week must be '?'"},
		{"cron(0 9 ? * ? *)", "", "one of day of month and day of week must be '?'"},
		{"cron(60 9 ? * MON *)", "", `cron(): minutes: "60" is not within 0 and 59`},
		{"cron(? 9 ? * MON *)", "", `cron(): minutes: "?" is not within 0 and 59`},
		{"cron(0 9-5 ? * MON *)", "", `cron(): hours: the range "9-5" ends before it begins`},
		{"cron(0/0 9 ? * MON *)", "", `cron(): minutes: the step in "0/0" is no number from 1 to 59`},
		{"cron(0 9 32 * ? *)", "", `cron(): day of month: "32" is not within 1 and 31`},
		{"cron(0 9 32W * ? *)", "", `cron(): day of month: "32" is not within 1 and 31`},
		{"cron(0 9 1 FOO ? *)", "", `cron(): month: "FOO" is not within 1 and 12`},
		{"cron(0 9 ? * 0 *)", "", `cron(): day of week: "0" is not within 1 and 7`},
		{"cron(0 9 ? * MON#6 *)", "", `a month has at most 5 of a weekday`},
		{"cron(0 9 1 * ? 2200)", "", `cron(): year: "2200" is not within 1970 and 2199`},
		{"cron(0 9 1, * ? *)", "", `cron(): day of month: "" is not within 1 and 31`},
	} {
		_, err := Parse(tt.text, tt.zone)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q %q: %v, want %s", tt.text, tt.zone, err, tt.want)
		}
	}
}

func TestRates(t *testing.T) {
	now := at(t, "2026-03-08T06:00:00Z")
	e := mustParse(t, "rate(1 day)", "America/New_York")
	first := e.First(now)
	if want := now.Add(24 * time.Hour); !first.Equal(want) || !e.Recurs() {
		t.Errorf("first at %v", first)
	}
	e = mustParse(t, "rate(15 minutes)", "")
	for late, want := range map[time.Duration]time.Duration{
		0: 15 * time.Minute, time.Second: 15 * time.Minute, 15 * time.Minute: 30 * time.Minute,
		50 * time.Minute: time.Hour, -time.Second: 15 * time.Minute,
	} {
		if got := e.Next(first, first.Add(late)); !got.Equal(first.Add(want)) {
			t.Errorf("%v late: next after %v, want %v", late, got.Sub(first), want)
		}
	}
}

// FuzzParse: whatever is written is read or refused, and what recurs goes forwards.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"at(2030-01-31T09:00:00)", "rate(5 minutes)", "cron(0/5 9-17 ? JAN-MAR MON-FRI *)", "cron(0 0 LW * ? *)", "cron(0 9 ? * 6#3 2027)"} {
		f.Add(text, "Europe/Berlin", int64(1_800_000_000))
	}
	f.Fuzz(func(t *testing.T, text, zone string, seconds int64) {
		e, err := Parse(text, zone)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "scheduleExpression") {
				t.Error(err)
			}
			return
		}
		now := time.Unix(seconds%(4<<30), 0)
		due := e.First(now)
		for range 5 {
			if !e.Recurs() || due.IsZero() {
				return
			}
			if !due.After(now) {
				t.Fatalf("due at %v, it is %v", due, now)
			}
			now = due
			due = e.Next(due, now)
		}
	})
}
