package load

import (
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
)

func TestPaceKeepsItsTimesHoweverLateItIsAsked(t *testing.T) {
	p := NewPace(1_000_000_000, 100)
	if _, ok := p.Due(999_999_999); ok {
		t.Fatal("due before the start")
	}
	if at, ok := p.Due(1_000_000_000); !ok || at != 1_000_000_000 {
		t.Fatalf("the first is due at %d, %t", at, ok)
	}
	// A stall of 35 ms: four messages have become due, each at its own time.
	var due []int64
	for at, ok := p.Due(1_045_000_000); ok; at, ok = p.Due(1_045_000_000) {
		due = append(due, at)
	}
	if want := []int64{1_010_000_000, 1_020_000_000, 1_030_000_000, 1_040_000_000}; !slices.Equal(due, want) {
		t.Fatalf("due at %v, want %v", due, want)
	}
	if p.Next() != 1_050_000_000 {
		t.Fatalf("next at %d", p.Next())
	}
}

func TestAStallCountsForEveryMessageItDelayed(t *testing.T) {
	// 1,000 messages a second for a second, each answered in 1 ms but for a stall of 500 ms in the middle.
	p, l := NewPace(0, 1000), NewLatency()
	for now := int64(0); now < int64(time.Second); now += int64(time.Millisecond) {
		if now == int64(300*time.Millisecond) {
			now += int64(500 * time.Millisecond)
		}
		for at, ok := p.Due(now); ok; at, ok = p.Due(now) {
			l.Add(now + int64(time.Millisecond) - at)
		}
	}
	if l.Count() != 1000 {
		t.Fatalf("%d messages", l.Count())
	}
	if p50, p99 := l.At(50), l.At(99); p50 > 10 || p99 < 480 {
		t.Fatalf("p50 %.1f ms, p99 %.1f ms: a stall of half the time must show", p50, p99)
	}
}

func TestPaceDoesNotDrift(t *testing.T) {
	p := NewPace(0, 600_000)
	n := 0
	for _, ok := p.Due(int64(time.Second) - 1); ok; _, ok = p.Due(int64(time.Second) - 1) {
		n++
	}
	if n != 600_000 {
		t.Fatalf("%d messages in a second, want 600,000", n)
	}
}

// A server that says nothing while a hundred messages become due. Message n cannot be answered before the last of
// them was sent, which is not before its time: however quick or slow the machine, the stall is in the p99.
func TestAServersStallIsInTheP99(t *testing.T) {
	const (
		perSecond  = 1000
		total      = 1000
		stalls, on = 300, 400
	)
	addr := stalling(t, stalls, on)
	l := newLoop(t)
	due := make([]int64, 0, total)
	latency := NewLatency()
	r := &recorder{}
	conn, err := l.Dial(addr, &WebSocket{Target: "/"}, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Wait(t.Context(), time.Minute, "open", func() bool { return r.open }); err != nil {
		t.Fatal(err)
	}
	pace := NewPace(Now(), perSecond)
	answered := 0
	err = l.Run(t.Context(), func(now int64) (int64, bool) {
		for len(due) < total {
			at, ok := pace.Due(now)
			if !ok {
				break
			}
			due = append(due, at)
			conn.Send([]byte("x"))
		}
		for ; answered < len(r.frames); answered++ {
			latency.Add(now - due[answered])
		}
		return pace.Next(), answered == total
	})
	if err != nil {
		t.Fatal(err)
	}
	if p99 := latency.At(99); p99 < 89 { // ten of a thousand waited longer than 90 ms; three digits
		t.Errorf("p99 %.1f ms: a stall of 100 ms must show", p99)
	}
}

// stalling echoes, but reads messages from to on before it answers any of them.
func stalling(t *testing.T, from, on int) netip.AddrPort {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for read, held := 1, 0; ; read++ {
			_, data, err := ws.Read(r.Context())
			if err != nil {
				return
			}
			if held++; read >= from && read < on {
				continue
			}
			for ; held > 0; held-- {
				if ws.Write(r.Context(), websocket.MessageText, data) != nil {
					return
				}
			}
		}
	}))
	t.Cleanup(s.Close)
	return netip.MustParseAddrPort(strings.TrimPrefix(s.URL, "http://"))
}

func TestLatencyIsExactToThreeDigits(t *testing.T) {
	l := NewLatency()
	for i := 1; i <= 1000; i++ {
		l.Add(int64(i) * int64(time.Millisecond))
	}
	for p, want := range map[float64]float64{50: 500, 99: 990, 100: 1000} {
		if got := l.At(p); math.Abs(got-want)/want > 0.002 {
			t.Errorf("p%g is %g ms, want %g", p, got, want)
		}
	}
	l.Add(-5)
	l.Add(int64(time.Hour))
	if l.Count() != 1002 || l.Max() < 59_000 {
		t.Errorf("what is out of range is not counted: %d, longest %g", l.Count(), l.Max())
	}
	other := NewLatency()
	other.Merge(l)
	if other.Count() != l.Count() {
		t.Errorf("merged %d of %d", other.Count(), l.Count())
	}
}

func TestCurveClaimsNoPercentileThatTooFewTellOf(t *testing.T) {
	l := NewLatency()
	for range 150 {
		l.Add(int64(time.Millisecond))
	}
	last := 0.0
	for _, q := range l.Curve() {
		if q.Percent < 100 {
			last = q.Percent
		}
	}
	if last != 99 {
		t.Fatalf("150 durations tell of p%g", last)
	}
}

func TestSeriesCountsInsideOnly(t *testing.T) {
	s := NewSeries(1000, int64(time.Second), 10)
	s.Add(999, 1)
	s.Add(1000, 2)
	s.Add(1000+int64(time.Second)-1, 3)
	s.Add(1000+int64(time.Second), 4)
	got := s.PerSecond(1000 + int64(time.Second))
	if got[0] != 20 || got[9] != 30 || slices.Max(got[1:9]) != 0 {
		t.Fatalf("%v", got)
	}
	if got := s.PerSecond(1000 + int64(time.Second)/2 - 1); len(got) != 4 {
		t.Fatalf("%v, want the four slots that were over", got)
	}
}

func TestADurationCountsInTheIntervalInWhichItWasDue(t *testing.T) {
	const second = int64(time.Second)
	i := NewIntervals(1000, 10*second, 5)
	i.Add(999, 1)
	i.Add(1000, 7*second) // it ends in the fourth
	i.Add(1000+2*second-1, second)
	i.Add(1000+2*second, second)
	i.Add(1000+10*second, 1)
	var counts []int64
	for _, l := range i.Whole(1000 + 10*second) {
		counts = append(counts, l.Count())
	}
	if !slices.Equal(counts, []int64{2, 1, 0, 0, 0}) {
		t.Errorf("%v", counts)
	}
	if n := len(i.Whole(1000 + 5*second)); n != 2 {
		t.Errorf("%d intervals are over after two and a half", n)
	}
	if len(i.Whole(0)) != 0 || i.At(999) != nil || i.At(1000+10*second) != nil {
		t.Error("an interval outside the time")
	}
}

func TestTokensAreWhatALibraryReads(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	token := Token(secret, []byte(`{"scope":"connect","exp":4102444800,"uid":"a"}`))
	var claims jwt.MapClaims
	parsed, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return secret, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil || !parsed.Valid || claims["uid"] != "a" {
		t.Fatalf("%v %v", claims, err)
	}
	if strings.ContainsAny(token, "+/=") {
		t.Fatal("not URL-safe")
	}
}

func TestHostileFramesAreRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"masked":   {0x81, 0x81, 0, 0, 0, 0, 0},
		"reserved": {0xC1, 0x01, 'a'},
		"huge":     {0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, _, err := parseFrame(b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	whole := []byte{0x81, 3, 'a', 'b', 'c'}
	for n := range whole {
		if _, ok, err := parseFrame(whole[:n]); ok || err != nil {
			t.Errorf("%d bytes of a frame: %t %v", n, ok, err)
		}
	}
}
