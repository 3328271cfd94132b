package emit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/goleak"

	"dormouse/actors/courier"
	"dormouse/claims"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	oldSecret = Secret(bytes.Repeat([]byte("o"), 32))
	newSecret = Secret(bytes.Repeat([]byte("n"), 32))
)

func event() *courier.Event {
	e := &courier.Event{
		Type: "hotsock.messagePublished", DataType: "message", Data: []byte(`{"id":"x"}`),
		Metadata: []courier.Attribute{{Name: "channel", Value: "c"}, {Name: "event", Value: "e"}},
	}
	e.ID = ulid.MustParse("01HZX3V4E5F6G7H8J9K0M1N2P3")
	return e
}

func webhook(t *testing.T, o WebhookOptions) *Webhook {
	t.Helper()
	if o.Secrets == nil {
		o.Secrets = []Secret{newSecret}
	}
	w, err := NewWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// receive serves one endpoint and returns a webhook to it.
func receive(t *testing.T, o WebhookOptions, h http.HandlerFunc) *Webhook {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.URL, o.AllowPrivate = s.URL+"/hook", true
	return webhook(t, o)
}

// The check that a receiver makes, written from the text of Standard Webhooks.
func verify(r *http.Request, body []byte, secret Secret) error {
	signed := r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "." + string(body)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(signed))
	want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	for s := range strings.SplitSeq(r.Header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(s), []byte(want)) {
			return nil
		}
	}
	return errors.New("no signature is right")
}

func TestWebhookIsSigned(t *testing.T) {
	for _, format := range Formats {
		t.Run(string(format), func(t *testing.T) {
			var got *http.Request
			var body []byte
			w := receive(t, WebhookOptions{Format: format, Secrets: []Secret{newSecret, oldSecret}, Version: "9"}, func(_ http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
			})
			if err := w.Emit(t.Context(), event()); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []Secret{oldSecret, newSecret} {
				if err := verify(got, body, secret); err != nil {
					t.Error(err)
				}
			}
			if verify(got, append(body, ' '), newSecret) == nil {
				t.Error("another body has the same signature")
			}
			if got.Method != "POST" || got.URL.Path != "/hook" || got.Header.Get("webhook-id") != event().ID.String() || got.UserAgent() != "Dormouse/9" {
				t.Errorf("%s %s %v", got.Method, got.URL, got.Header)
			}
			if !json.Valid(body) {
				t.Errorf("no JSON: %s", body)
			}
		})
	}
}

func TestFormats(t *testing.T) {
	envelope := `{"source":"hotsock.v1","type":"hotsock.messagePublished","metadata":{"channel":"c","event":"e","hotsockVersion":"1.13.5"},"data":{"id":"x"},"dataType":"message"}`
	at := event().At()
	for format, want := range map[Format]string{
		FormatHotsock: envelope,
		FormatEventBridge: `{"version":"0","id":"018ffa3d-91c5-79a1-03a2-325404200000","detail-type":"message","source":"hotsock.v1","account":"000000000000","time":"` +
			at.Format(time.RFC3339) + `","region":"local","resources":[],"detail":` + envelope + `}`,
		FormatSNS: `{"Type":"Notification","MessageId":"018ffa3d-91c5-79a1-03a2-325404200000","TopicArn":"arn:aws:sns:local:000000000000:hotsock","Message":` +
			string(appendQuoted(nil, envelope)) + `,"Timestamp":"` + at.Format("2006-01-02T15:04:05.000Z") +
			`","MessageAttributes":{"channel":{"Type":"String","Value":"c"},"dataType":{"Type":"String","Value":"message"},"event":{"Type":"String","Value":"e"},` +
			`"source":{"Type":"String","Value":"hotsock.v1"},"type":{"Type":"String","Value":"hotsock.messagePublished"}}}`,
	} {
		e := event()
		copy(e.ID[:], []byte{0x01, 0x8f, 0xfa, 0x3d, 0x91, 0xc5, 0x79, 0xa1, 0x03, 0xa2, 0x32, 0x54, 0x04, 0x20, 0, 0})
		want = strings.ReplaceAll(want, at.Format(time.RFC3339), e.At().Format(time.RFC3339))
		want = strings.ReplaceAll(want, at.Format("2006-01-02T15:04:05.000Z"), e.At().Format("2006-01-02T15:04:05.000Z"))
		if got := string(format.append(nil, e)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", format, got, want)
		}
	}
	// A storage event's attributes are fewer.
	e := event()
	e.DataType, e.Metadata = "channelStorage", []courier.Attribute{{Name: "channel", Value: "c"}, {Name: "key", Value: "k"}, {Name: "sourceIp", Value: "x"}, {Name: "trigger", Value: "t"}}
	if got := attributes(e); len(got) != 6 {
		t.Errorf("%v", got)
	}
}

// What receivers do, and what follows.
func TestReceivers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	hang := make(chan struct{})
	defer close(hang)
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		want    string // of the error; "": none
		picky   bool
		after   time.Duration
		timeout time.Duration
	}{
		{name: "200 is a yes", answer: status(200)},
		{name: "204 is a yes", answer: status(204)},
		{name: "500 is a no", answer: status(500), want: "status 500"},
		{name: "410 is a no", answer: status(410), want: "status 410"},
		{name: "422 is about the event", answer: status(422), want: "status 422", picky: true},
		{name: "a redirect is not followed", want: "status 307: redirects are not followed", answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}},
		{name: "429 says when", want: "status 429", after: 7 * time.Second, answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
		}},
		{name: "a wait has a bound", want: "status 503", after: time.Hour, answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "999999")
			w.WriteHeader(503)
		}},
		{name: "an endless body is read no further", answer: func(w http.ResponseWriter, r *http.Request) {
			for chunk := make([]byte, 64<<10); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}},
		{name: "a yes whose body is cut off is a yes", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("ten bytes."))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}},
		{name: "no answer is a no", want: "EOF", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{name: "one that hangs has its time", want: "no answer in time", timeout: 50 * time.Millisecond, answer: func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // net/http sees that the other side has gone from then on
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}},
		{name: "headers have a bound", want: "header", answer: func(w http.ResponseWriter, _ *http.Request) {
			for i := range 1000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 100))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := receive(t, WebhookOptions{Timeout: c.timeout}, c.answer)
			err := w.Emit(t.Context(), event())
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), w.o.URL) {
				t.Errorf("the error has the URL: %v", err)
			}
			var r *courier.Refusal
			if errors.As(err, &r); r != nil && (r.Picky != c.picky || r.After != c.after) {
				t.Errorf("%+v", r)
			}
		})
	}
	if elsewhere.Load() > 0 {
		t.Error("a redirect was followed")
	}
}

// T25: whatever way an address of a private network is written, nobody there hears of it.
func TestNoPrivateAddressIsReached(t *testing.T) {
	var heard atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer s.Close()
	connections := new(atomic.Int64)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	port := s.Listener.Addr().(*net.TCPAddr).Port
	lie := newLiar(t, netip.MustParseAddr("127.0.0.1"))
	hosts := []string{
		"127.0.0.1", "127.1.2.3", "127.255.255.254", "localhost", "0.0.0.0", "0", "127.1", "2130706433", "0x7f000001", "0x7f.1",
		"017700000001", "0177.0.0.1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
		"[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]",
		"[fec0::1]", "[ff02::1]", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "100.64.0.1",
		"100.100.100.200", "169.254.169.254", "169.254.170.2", "[::ffff:169.254.169.254]", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1",
		"255.255.255.255", "metadata.google.internal", "metadata", "instance-data", "localtest.me", "127.0.0.1.nip.io", "rebind.example", "LOCALHOST.", "①②⑦.⓪.⓪.①",
	}
	for _, host := range hosts {
		w, err := NewWebhook(WebhookOptions{
			URL: fmt.Sprintf("https://%s:%d/", host, port), Secrets: []Secret{newSecret}, Timeout: 2 * time.Second, resolver: lie.resolver(), Name: "x",
		})
		if err != nil {
			continue // not even an address
		}
		if err := w.Emit(t.Context(), event()); err == nil {
			t.Errorf("%s was reached", host)
		}
		w.Close()
	}
	if connections.Load() > 0 || heard.Load() > 0 {
		t.Errorf("%d connections were made", connections.Load())
	}
	if len(hosts) < 40 || lie.asked.Load() == 0 {
		t.Errorf("%d hosts, %d names looked up", len(hosts), lie.asked.Load())
	}
	// Plain HTTP needs to be meant too.
	if _, err := NewWebhook(WebhookOptions{URL: "http://example.com/", Secrets: []Secret{newSecret}}); err == nil || !strings.Contains(err.Error(), "allow_private") {
		t.Error(err)
	}
}

// A name that is looked up twice, well the first time and badly the second, gains nothing: what is checked
// is what is connected to.
func TestRebindingGainsNothing(t *testing.T) {
	lie := newLiar(t, netip.MustParseAddr("127.0.0.1"))
	w := webhook(t, WebhookOptions{URL: "https://rebind.example:9/", Timeout: 2 * time.Second, resolver: lie.resolver()})
	err := w.Emit(t.Context(), event())
	var private *addressError
	if !errors.As(err, &private) {
		t.Errorf("got %v", err)
	}
}

func TestPublicAddressesAreOpen(t *testing.T) {
	for _, a := range []string{"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "169.253.1.1", "2606:4700::1111", "2a00::1"} {
		if isPrivate(netip.MustParseAddr(a)) {
			t.Errorf("%s is taken for private", a)
		}
	}
	if !isPrivate(netip.Addr{}) {
		t.Error("no address is taken for a public one")
	}
}

// A liar is a name server that answers every question with one address.
type liar struct {
	conn  net.PacketConn
	addr  netip.Addr
	asked atomic.Int64
}

func newLiar(t *testing.T, addr netip.Addr) *liar {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{conn: conn, addr: addr}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(l.answer(b[:n]), from)
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return l
}

// answer repeats a question and adds an A record, if that is what was asked for. RFC 1035, section 4.
func (l *liar) answer(q []byte) []byte {
	end := 12
	for end < len(q) && q[end] != 0 {
		end += int(q[end]) + 1
	}
	end += 5
	if end > len(q) {
		return nil
	}
	l.asked.Add(1)
	a := append([]byte(nil), q[:end]...)
	a[2], a[3] = 0x81, 0x80
	clear(a[6:12])
	if binary.BigEndian.Uint16(q[end-4:]) == 1 {
		a[7] = 1
		ip := l.addr.As4()
		a = append(append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), ip[:]...)
	}
	return a
}

func (l *liar) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", l.conn.LocalAddr().String())
	}}
}

func TestWebhookOptions(t *testing.T) {
	pattern, err := claims.ParsePattern("game.*")
	if err != nil {
		t.Fatal(err)
	}
	good := WebhookOptions{URL: "https://hooks.example.com/secret-path", Secrets: []Secret{newSecret}, Filter: Filter{
		Types: []string{"hotsock.memberAdded"}, DataTypes: []string{"channelMember"}, Channels: []claims.Pattern{pattern},
	}}
	w := webhook(t, good)
	if name := w.Name(); !strings.HasPrefix(name, "hooks.example.com-") || strings.Contains(name, "secret") || len(name) != len("hooks.example.com-")+8 {
		t.Errorf("name %q", name)
	}
	for _, c := range []struct {
		typ, dataType, channel string
		want                   bool
	}{
		{"hotsock.memberAdded", "channelMember", "game.1", true},
		{"hotsock.memberAdded", "channelMember", "other", false},
		{"hotsock.memberAdded", "channelMember", "", false},
		{"hotsock.memberRemoved", "channelMember", "game.1", false},
		{"hotsock.memberAdded", "message", "game.1", false},
	} {
		if got := w.Wants(c.typ, c.dataType, c.channel); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for want, change := range map[string]func(*WebhookOptions){
		"url is missing":     func(o *WebhookOptions) { o.URL = "" },
		"url is no address":  func(o *WebhookOptions) { o.URL = "ftp://x" },
		"url has a user":     func(o *WebhookOptions) { o.URL = "https://a:b@x/" },
		"secret is missing":  func(o *WebhookOptions) { o.Secrets = nil },
		"format \"x\"":       func(o *WebhookOptions) { o.Format = "x" },
		"timeout must not":   func(o *WebhookOptions) { o.Timeout = -1 },
		"is no type of":      func(o *WebhookOptions) { o.Types = []string{"x"} },
		"is no data type of": func(o *WebhookOptions) { o.DataTypes = []string{"x"} },
	} {
		o := good
		change(&o)
		if _, err := NewWebhook(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestParseSecret(t *testing.T) {
	for text, ok := range map[string]bool{
		"whsec_" + base64.StdEncoding.EncodeToString(newSecret): true,
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":                true,
		"whsec_???":                                             false, "whsec_c2hvcnQ=": false, "short": false, strings.Repeat("x", 24): true, strings.Repeat("x", 65): false, "": false,
	} {
		if _, err := ParseSecret(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		} else if err != nil && len(text) > 6 && strings.Contains(err.Error(), text[6:]) {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
	// The example of the specification.
	s, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := sign([]Secret{s}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
