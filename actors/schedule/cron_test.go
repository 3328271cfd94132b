package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adhocore/gronx"
	"pgregory.net/rapid"
)

func TestCrons(t *testing.T) {
	for _, tt := range []struct{ fields, zone, after, want string }{
		// The examples of the documentation.
		{"0 10 * * ? *", "", "2026-01-01T00:00:00Z", "2026-01-01T10:00:00Z 2026-01-02T10:00:00Z"},
		{"15 12 * * ? *", "", "2026-01-01T12:15:00Z", "2026-01-02T12:15:00Z"},
		{"0 18 ? * MON-FRI *", "", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z 2026-01-06T18:00:00Z"},
		{"0 8 1 * ? *", "", "2026-01-01T08:00:01Z", "2026-02-01T08:00:00Z 2026-03-01T08:00:00Z"},
		{"0/15 * * * ? *", "", "2026-01-01T00:07:00Z", "2026-01-01T00:15:00Z 2026-01-01T00:30:00Z"},
		{"0/10 * ? * MON-FRI *", "", "2026-01-02T23:55:00Z", "2026-01-05T00:00:00Z"},
		{"0/5 8-17 ? * 2-6 *", "", "2026-01-02T17:55:00Z", "2026-01-05T08:00:00Z"},
		// L, W and #.
		{"0 0 L * ? *", "", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z 2028-03-31T00:00:00Z"},
		{"0 0 15W * ? *", "", "2026-02-01T00:00:00Z", "2026-02-16T00:00:00Z 2026-03-16T00:00:00Z 2026-04-15T00:00:00Z"},
		{"0 0 1W * ? *", "", "2026-07-31T00:00:00Z", "2026-08-03T00:00:00Z"},
		{"0 0 31W * ? *", "", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00Z 2026-07-31T00:00:00Z"},
		{"0 0 1,L * ? *", "", "2026-02-02T00:00:00Z", "2026-02-28T00:00:00Z 2026-03-01T00:00:00Z"},
		{"0 0 ? * 6#3 *", "", "2026-01-01T00:00:00Z", "2026-01-16T00:00:00Z 2026-02-20T00:00:00Z"},
		{"0 0 ? * FRI#5 *", "", "2026-01-31T00:00:00Z", "2026-05-29T00:00:00Z"},
		{"0 0 ? * 6L *", "", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z 2026-02-27T00:00:00Z"},
		{"0 0 ? * L *", "", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"},
		{"0 0 ? FEB MON#5 *", "", "2026-01-01T00:00:00Z", "2044-02-29T00:00:00Z"},
		{"0 0 29 2 ? *", "", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"0 0 1 1 ? 2027/100", "", "2027-01-01T00:00:00Z", "2127-01-01T00:00:00Z"},
		{"59 23 31 12 ? 2199", "", "2026-01-01T00:00:00Z", "2199-12-31T23:59:00Z"},
		{"0 0 31 2 ? *", "", "2026-01-01T00:00:00Z", "never"},
		{"0 0 1 1 ? 2020", "", "2026-01-01T00:00:00Z", "never"},
		{"0 0 1 jan ? *", "", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		// In a night with a gap what lies in it comes once; in one with an overlap the first of two counts.
		{"30 2 * * ? *", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-08T07:30:00Z 2026-03-09T06:30:00Z"},
		{"30 1 * * ? *", "America/New_York", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z 2026-11-02T06:30:00Z"},
		{"30 1 * * ? *", "America/New_York", "2026-11-01T06:10:00Z", "2026-11-02T06:30:00Z"},
		{"0/20 * * * ? *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T05:40:00Z 2026-11-01T07:00:00Z"},
		{"0/20 * * * ? *", "America/New_York", "2026-11-01T06:10:00Z", "2026-11-01T07:00:00Z"},
		{"0/20 * * * ? *", "America/New_York", "2026-03-08T06:30:00Z", "2026-03-08T06:40:00Z 2026-03-08T07:00:00Z 2026-03-08T07:20:00Z"},
		{"0/10 * * * ? *", "Australia/Lord_Howe", "2026-04-04T14:55:00Z", "2026-04-04T15:30:00Z"},
	} {
		e := mustParse(t, "cron("+tt.fields+")", tt.zone)
		now := at(t, tt.after)
		due := e.First(now)
		for i, want := range strings.Fields(tt.want) {
			if i > 0 {
				due = e.Next(due, due)
			}
			got := "never"
			if !due.IsZero() {
				got = due.Format(time.RFC3339)
			}
			if got != want {
				t.Errorf("%s %s, run %d after %s: %s, want %s", tt.fields, tt.zone, i+1, tt.after, got, want)
			}
		}
	}
}

// TestAgainstAnotherReader compares with a library that reads crons of another dialect, where its dialect and
// its patience allow. It is not what the server reads with: its weekdays count from 0, it takes what is
// misspelt for something else, and it gives up on what is rare.
func TestAgainstAnotherReader(t *testing.T) {
	list := func(min, max int) *rapid.Generator[string] {
		number := rapid.IntRange(min, max)
		return rapid.Custom(func(t *rapid.T) string {
			n := number.Draw(t, "n")
			switch rapid.IntRange(0, 4).Draw(t, "form") {
			case 0:
				return "*"
			case 1:
				return fmt.Sprintf("%d-%d", n, rapid.IntRange(n, max).Draw(t, "to"))
			case 2:
				return fmt.Sprintf("%d-%d/%d", n, max, rapid.IntRange(1, 7).Draw(t, "step"))
			case 3:
				return fmt.Sprintf("%d,%d", n, number.Draw(t, "other"))
			}
			return fmt.Sprint(n)
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		minute, hour, month := list(0, 59).Draw(t, "minutes"), list(0, 23).Draw(t, "hours"), list(1, 12).Draw(t, "months")
		ours, theirs := "", ""
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			day := list(1, 28).Draw(t, "days")
			ours, theirs = day+" "+month+" ?", day+" "+month+" *"
		case 1:
			ours, theirs = "L "+month+" ?", "L "+month+" *"
		case 2:
			day := rapid.IntRange(1, 28).Draw(t, "day")
			ours, theirs = fmt.Sprintf("%dW %s ?", day, month), fmt.Sprintf("%dW %s *", day, month)
		case 3:
			day, nth := rapid.IntRange(1, 7).Draw(t, "weekday"), rapid.IntRange(1, 4).Draw(t, "nth")
			ours, theirs = fmt.Sprintf("? %s %d#%d", month, day, nth), fmt.Sprintf("* %s %d#%d", month, day-1, nth)
		case 4:
			day := rapid.IntRange(1, 7).Draw(t, "weekday")
			ours, theirs = fmt.Sprintf("? %s %d", month, day), fmt.Sprintf("* %s %d", month, day-1)
		}
		e, err := Parse("cron("+minute+" "+hour+" "+ours+" *)", "")
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(1_700_000_000, 4_000_000_000).Draw(t, "now"), 0).UTC()
		other := "0 " + minute + " " + hour + " " + theirs + " *"
		want, err := gronx.NextTickAfter(other, now, false)
		if err != nil {
			return // it gave up
		}
		if got := e.First(now); !got.Equal(want) {
			t.Fatalf("%s %s %s after %v: %v, not %v", minute, hour, ours, now, got, want)
		}
	})
}

// TestTheRarestDayIsFoundInBoundedTime: nothing that can be written makes the search go on.
func TestTheRarestDayIsFoundInBoundedTime(t *testing.T) {
	now := at(t, "1970-01-01T00:00:00Z")
	for _, fields := range []string{"0 0 31 2 ? *", "0 0 ? 2 1#5,2#5 1971", "0 0 31 2,4,6,9,11 ? 1970-2199/1"} {
		if due := mustParse(t, "cron("+fields+")", "America/New_York").First(now); !due.IsZero() {
			t.Errorf("%s: %v", fields, due)
		}
	}
}
