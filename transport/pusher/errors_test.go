package pusher

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"dormouse/actors/channel"
)

func TestRefusalsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for i, r := range Refusals {
		if r.Name == "" || r.Text == "" || seen[r.Name] {
			t.Errorf("row %d is %+v", i, r)
		}
		seen[r.Name] = true
		if n := strings.Count(r.Text, "%"); n > 1 || n == 1 && !strings.Contains(r.Text, "%s") {
			t.Errorf("%s: more than one %%s in %q", r.Name, r.Text)
		}
		if (r.Type != "") != (r.Form == FormSubscription) {
			t.Errorf("%s: type %q", r.Name, r.Type)
		}
		switch r.Form {
		case FormClose, FormSilentClose:
			if r.Code < 4000 || r.Code > 4299 {
				t.Errorf("%s closes with %d", r.Name, r.Code)
			}
		case FormHTTP:
			if r.Code < 400 || r.Code > 599 {
				t.Errorf("%s has the status %d", r.Name, r.Code)
			}
		}
	}
	if len(byName) != len(Refusals) {
		t.Error("names are not of one row each")
	}
}

func TestCloses(t *testing.T) {
	if c, ends := closeOf(refuseQuota.error()); !ends || c.Code != 4100 || c.Reason != "The current concurrent connections quota has been reached." {
		t.Errorf("got %+v, %v", c, ends)
	}
	if c, ends := closeOf(refuseSlow.error()); !ends || c != (channel.Close{Code: 4100, Reason: "Slow consumer"}) {
		t.Errorf("got %+v, %v", c, ends)
	}
	for _, e := range []*channel.Error{refuseMessage.error(), refuseAuth.error(), channel.ErrInternal, channel.ErrNotSubscribed} {
		if _, ends := closeOf(e); ends {
			t.Errorf("%v closes", e)
		}
	}
	c, _ := closeOf(refuseUnknownKey.error(strings.Repeat("🐭", 100)))
	if len(c.Reason) > maxReason || len(c.Reason) < maxReason-3 || !utf8.ValidString(c.Reason) {
		t.Errorf("a reason of %d bytes: %q", len(c.Reason), c.Reason)
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		text   string
		status int
		fault  bool
	}{
		{"a refusal of HTTP", refusePayload.error(number(0.05)), "The event data should be less than 0.05 KB.", 413, false},
		{"the engine is full", channel.ErrUnavailable, "The server is stopping or full. Try again later.", 503, false},
		{"another refusal", channel.ErrNotSubscribed, faultText, 500, true},
		{"a fault", errors.New("disk"), faultText, 500, true},
	} {
		if e, status, fault := answerOf(tt.err); e.Message != tt.text || status != tt.status || fault != tt.fault {
			t.Errorf("%s: got %v, %d, %v", tt.name, e, status, fault)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[float64]string{2: "2", 0.05: "0.05", 200: "200", 0.1: "0.1", 1e21: "1e+21", 100: "100"} {
		if got := number(n); got != want {
			t.Errorf("%v is %s, want %s", n, got, want)
		}
	}
}
