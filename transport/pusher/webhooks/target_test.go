package webhooks

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"dormouse/claims"
	"dormouse/transport/sigv4"
)

// A request as a receiver has it.
type request struct {
	*http.Request
	body []byte
}

// receive serves one endpoint, on a socket, until the test ends.
func receive(t *testing.T, answer http.HandlerFunc) (url string, got func() []request) {
	t.Helper()
	var mu sync.Mutex
	var all []request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, request{r, body})
		mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []request {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func newTestSender(t *testing.T, o Options) *sender {
	t.Helper()
	o.EnsureDefaults()
	o.Version = "9"
	s := newSender(&o)
	t.Cleanup(s.client.Close)
	return s
}

func TestTheRequest(t *testing.T) {
	to, got := receive(t, nil)
	p := vectorParcel()
	p.hook.URL = to + "/hook?a=b"
	p.hook.Headers = map[string]string{"X-Mine": "1", "Host": "other.example"}
	if x := newTestSender(t, Options{}).send(t.Context(), p); x.err != nil {
		t.Fatal(x.err)
	}
	r := got()[0]
	if r.Method != "POST" || r.RequestURI != "/hook?a=b" || string(r.body) != vector || r.Host != "other.example" {
		t.Errorf("%s %s %s %s", r.Method, r.RequestURI, r.Host, r.body)
	}
	for name, want := range map[string]string{
		"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "Dormouse/9", "X-Mine": "1", "X-Pusher-Key": "app-key",
		"X-Pusher-Signature": "07febe80396240f7536142fd6a6d0aa0abcb249bc80f47e9d499a6b8f3b61511", "X-Webhook-Id": "01HZX3V4E5F6G7H8J9K0M1N2P3",
	} {
		if all := r.Header.Values(name); len(all) != 1 || all[0] != want {
			t.Errorf("%s: %q", name, all)
		}
	}
}

// What receivers do, and what follows.
func TestReceivers(t *testing.T) {
	elsewhere, reached := receive(t, nil)
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		o      Options
		want   string // of the error; "": none
		picky  bool
		after  time.Duration
	}{
		{name: "201 is a yes", answer: status(201)},
		{name: "500 is a no", answer: status(500), want: "status 500"},
		{name: "422 is about these events", answer: status(422), want: "status 422", picky: true},
		{name: "429 says when", answer: status(429, "Retry-After", "7"), want: "status 429", after: 7 * time.Second},
		{name: "a redirect is not followed", answer: status(308, "Location", elsewhere), want: "redirects are not followed"},
		{name: "one that hangs has its time", o: Options{Timeout: 50 * time.Millisecond}, want: "no answer in time", answer: func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}},
		{name: "a private network may be denied", o: Options{DenyPrivate: true}, want: "is an address of a private network: the server denies them to webhooks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to, got := receive(t, c.answer)
			p := vectorParcel()
			p.hook.URL = to + "/as-good-as-a-secret"
			s := newTestSender(t, c.o)
			if c.o.Timeout == 0 {
				c.o.Timeout = 10 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), c.o.Timeout)
			defer cancel()
			x := s.send(ctx, p)
			if c.want == "" != (x.err == nil) || x.err != nil && !strings.Contains(x.err.Error(), c.want) || x.picky != c.picky || x.after != c.after {
				t.Errorf("%+v", x)
			}
			if x.err != nil && strings.Contains(x.err.Error(), "as-good-as") {
				t.Errorf("the URL is in the error: %v", x.err)
			}
			if n := len(got()); c.o.DenyPrivate == (n == 1) {
				t.Errorf("%d requests", n)
			}
		})
	}
	if len(reached()) > 0 {
		t.Error("a redirect was followed")
	}
}

// lambdaServer is a server that takes calls as AWS Lambda does, and checks their signatures as AWS does.
func lambdaServer(t *testing.T, answer http.HandlerFunc) (url string, got func() []request) {
	t.Helper()
	keys := new(sigv4.Keys)
	if err := keys.Set(sigv4.Key{ID: "AKIDRECORD", Secret: strings.Repeat("r", 40)}, sigv4.Key{ID: "AKIDSERVER", Secret: strings.Repeat("s", 40)}); err != nil {
		t.Fatal(err)
	}
	var got0 func() []request
	url, got0 = receive(t, func(w http.ResponseWriter, r *http.Request) {
		all := got0()
		p, err := keys.Begin(r, "lambda", time.Now())
		if err == nil {
			err = p.Body(all[len(all)-1].body)
		}
		switch {
		case err != nil:
			t.Error(err)
			w.WriteHeader(http.StatusForbidden)
		case answer != nil:
			answer(w, r)
		case r.Header.Get("X-Amz-Invocation-Type") == "Event":
			w.WriteHeader(http.StatusAccepted)
		}
	})
	return url, got0
}

func TestW10Lambda(t *testing.T) {
	url, got := lambdaServer(t, nil)
	t.Setenv("HOME", t.TempDir())
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_LAMBDA": url, "AWS_ACCESS_KEY_ID": "AKIDSERVER", "AWS_SECRET_ACCESS_KEY": strings.Repeat("s", 40),
		"AWS_SESSION_TOKEN": "token", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
	} {
		t.Setenv(name, value)
	}
	s := newTestSender(t, Options{})
	const arn = "arn:aws:lambda:eu-central-1:111111111111:function:hook:live"
	for _, c := range []struct {
		name             string
		to               claims.LambdaTarget
		kind, key, token string
	}{
		{"sync", claims.LambdaTarget{Function: "hook", Region: "eu-central-1", Endpoint: url + "/", AccessKeyID: "AKIDRECORD", SecretAccessKey: strings.Repeat("r", 40)}, "RequestResponse", "AKIDRECORD", ""},
		{"async", claims.LambdaTarget{Function: arn, Async: true, Region: "eu-central-1", Endpoint: url, AccessKeyID: "AKIDRECORD", SecretAccessKey: strings.Repeat("r", 40)}, "Event", "AKIDRECORD", ""},
		{"without a lambda object", claims.LambdaTarget{Function: "hook", Region: "us-east-1"}, "RequestResponse", "AKIDSERVER", "token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := vectorParcel()
			p.hook.URL, p.hook.Lambda = "", &c.to
			p.hook.Headers = map[string]string{"X-Mine": "1"}
			if x := s.send(t.Context(), p); x.err != nil {
				t.Fatal(x.err)
			}
			all := got()
			r := all[len(all)-1]
			if r.Header.Get("X-Amz-Invocation-Type") != c.kind || !strings.Contains(r.Header.Get("Authorization"), "Credential="+c.key+"/") || r.Header.Get("X-Amz-Security-Token") != c.token {
				t.Errorf("%v", r.Header)
			}
			var payload struct {
				Payload json.RawMessage
				Headers map[string]string
			}
			if err := json.Unmarshal(r.body, &payload); err != nil || string(payload.Payload) != vector || payload.Headers["X-Mine"] != "1" ||
				payload.Headers["X-Pusher-Key"] != "app-key" || payload.Headers["X-Pusher-Signature"] != sign("app-secret", payload.Payload) {
				t.Errorf("%s, %v", r.body, err)
			}
			// The SDK makes the same of it.
			sdk := lambda.New(lambda.Options{
				Region: c.to.Region, BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKIDRECORD", SecretAccessKey: strings.Repeat("r", 40)}, nil
				}),
			})
			if _, err := sdk.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &c.to.Function, InvocationType: types.InvocationType(c.kind), Payload: r.body}); err != nil {
				t.Fatal(err)
			}
			all = got()
			theirs := all[len(all)-1]
			if theirs.RequestURI != r.RequestURI || theirs.Header.Get("X-Amz-Invocation-Type") != c.kind || string(theirs.body) != string(r.body) {
				t.Errorf("ours %s, the SDK's %s", r.RequestURI, theirs.RequestURI)
			}
		})
	}
}

func TestAFunctionThatFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"throws", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Amz-Function-Error", "Unhandled") }, "the function has failed: Unhandled"},
		{"is throttled", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, "status 429"},
		{"is none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "status 404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, _ := lambdaServer(t, c.answer)
			p := vectorParcel()
			p.hook.URL, p.hook.Lambda = "", &claims.LambdaTarget{Function: "f", Region: "us-east-1", Endpoint: url, AccessKeyID: "AKIDRECORD", SecretAccessKey: strings.Repeat("r", 40)}
			if x := newTestSender(t, Options{}).send(t.Context(), p); x.err == nil || !strings.Contains(x.err.Error(), c.want) {
				t.Errorf("%v", x.err)
			}
		})
	}
}

// Where a function is cannot be turned into somewhere else.
func TestWhereFunctionsAre(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_CONFIG_FILE", "/nowhere")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
	s := newTestSender(t, Options{})
	key := claims.LambdaTarget{Function: "f", AccessKeyID: "a", SecretAccessKey: "b"}
	for region, want := range map[string]string{
		"eu-central-1": "https://lambda.eu-central-1.amazonaws.com", "cn-north-1": "https://lambda.cn-north-1.amazonaws.com.cn",
		"evil.example/#": "", "": "", "a@b": "", strings.Repeat("x", 33): "",
	} {
		to := key
		to.Region = region
		_, base, err := s.access(t.Context(), &to)
		if base != want || (want == "") != (err != nil) {
			t.Errorf("%q: %q, %v", region, base, err)
		}
	}
	for _, endpoint := range []string{"file:///etc/passwd", "ftp://x", "x", "http://", "http://a b"} {
		to := key
		to.Region, to.Endpoint = "us-east-1", endpoint
		if err := s.invoke(t.Context(), &to, nil); err == nil || !strings.Contains(err.Error(), "no http or https address") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
