package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	testID     = "AKIDEXAMPLE"
	testSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	testBody   = `{"event":"e","channel":"c"}`
)

// lowerAgent is how the signer is made to sign what it would leave out.
var lowerAgent = strings.ToLower("User-Agent")

var hexSignature = regexp.MustCompile(`[0-9a-f]{64}`)

var testTime = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func testKeys(t testing.TB) *Keys {
	t.Helper()
	keys := new(Keys)
	if err := keys.Set(Key{testID, testSecret}, Key{"AKIDOTHER", strings.Repeat("s", 40)}); err != nil {
		t.Fatal(err)
	}
	return keys
}

// signed is a request as a server gets it, signed as SDKs do; change alters what is signed.
func signed(t testing.TB, change func(r *http.Request, c *aws.Credentials)) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", "http://server:8080/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111111111111%3Afunction%3Apublish/invocations?Qualifier=a%20b&x=~", strings.NewReader(testBody))
	r.Header.Set("X-Amz-Invocation-Type", "Event")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "sdk/1")
	c := aws.Credentials{AccessKeyID: testID, SecretAccessKey: testSecret}
	if change != nil {
		change(r, &c)
	}
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, hashOf(testBody), "lambda", "eu-central-1", testTime); err != nil {
		t.Fatal(err)
	}
	return r
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func verify(k *Keys, r *http.Request, body string, at time.Time) error {
	p, err := k.Begin(r, "lambda", at)
	if err != nil {
		return err
	}
	return p.Body([]byte(body))
}

// The published test suite of Signature Version 4 has these two, each with the signature that is right.
func TestPublishedVectors(t *testing.T) {
	keys := testKeys(t)
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for method, signature := range map[string]string{
		"GET":  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		"POST": "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	} {
		r := httptest.NewRequest(method, "/", nil)
		r.Host = "example.amazonaws.com"
		r.Header.Set("X-Amz-Date", "20150830T123600Z")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="+signature)
		p, err := keys.Begin(r, "service", at)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if err := p.Body(nil); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		if err := p.Body([]byte("x")); err == nil {
			t.Errorf("%s: another body is taken", method)
		}
	}
}

func TestWhatIsSignedIsTaken(t *testing.T) {
	keys := testKeys(t)
	for name, change := range map[string]func(r *http.Request, c *aws.Credentials){
		"plain":           nil,
		"a session token": func(_ *http.Request, c *aws.Credentials) { c.SessionToken = "a token of any text" },
		"the body's hash": func(r *http.Request, _ *aws.Credentials) { r.Header.Set("X-Amz-Content-Sha256", hashOf(testBody)) },
		"headers with spaces, twice": func(r *http.Request, _ *aws.Credentials) {
			r.Header["X-Amz-Meta"] = []string{" a   b ", "c"}
		},
		"a doubled slash": func(r *http.Request, _ *aws.Credentials) { r.URL.Path, r.URL.RawPath = "//f//invocations", "" },
		"the other key": func(_ *http.Request, c *aws.Credentials) {
			c.AccessKeyID, c.SecretAccessKey = "AKIDOTHER", strings.Repeat("s", 40)
		},
		// Some SDKs sign it; the one that we sign with does not, but for names in lower case.
		"the user agent": func(r *http.Request, _ *aws.Credentials) {
			r.Header[lowerAgent] = r.Header["User-Agent"]
		},
	} {
		r := signed(t, change)
		delete(r.Header, lowerAgent)
		if err := verify(keys, r, testBody, testTime); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	clean := signed(t, func(r *http.Request, _ *aws.Credentials) { r.URL.Path, r.URL.RawPath = "/f/a%3Ab/invocations", "" })
	clean.URL.Path = "//f//a%3Ab//invocations"
	if err := verify(keys, clean, testBody, testTime); err != nil {
		t.Errorf("slashes that were not signed: %v", err)
	}
}

// Whatever is changed after the signature, the request is no longer what was signed.
func TestWhatIsChangedIsRefused(t *testing.T) {
	keys := testKeys(t)
	authorization := func(old, new string) func(r *http.Request) {
		return func(r *http.Request) {
			was := r.Header.Get("Authorization")
			is := strings.Replace(was, old, new, 1)
			if is == was {
				t.Fatalf("%q is not in %q", old, was)
			}
			r.Header.Set("Authorization", is)
		}
	}
	flipped := func(r *http.Request) {
		header := []byte(r.Header.Get("Authorization"))
		header[len(header)-1] ^= 1
		r.Header.Set("Authorization", string(header))
	}
	const (
		form    = "400 IncompleteSignatureException"
		none    = "403 MissingAuthenticationTokenException"
		nobody  = "403 UnrecognizedClientException"
		refused = "403 InvalidSignatureException"
	)
	for _, tt := range []struct {
		name   string
		change func(r *http.Request)
		body   string
		at     time.Duration
		want   string
	}{
		{"the body", nil, testBody + " ", 0, refused},
		{"no body", nil, "", 0, refused},
		{"the method", func(r *http.Request) { r.Method = "PUT" }, testBody, 0, refused},
		{"the host", func(r *http.Request) { r.Host = "elsewhere" }, testBody, 0, refused},
		{"the path", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/x", "" }, testBody, 0, refused},
		{"the path's escapes", func(r *http.Request) { r.URL.RawPath = "" }, testBody, 0, refused},
		{"the query", func(r *http.Request) { r.URL.RawQuery += "&y=1" }, testBody, 0, refused},
		{"a signed header", func(r *http.Request) { r.Header.Set("X-Amz-Invocation-Type", "DryRun") }, testBody, 0, refused},
		{"a signed header is gone", func(r *http.Request) { r.Header.Del("X-Amz-Invocation-Type") }, testBody, 0, refused},
		{"a header that is no longer signed", authorization(";x-amz-invocation-type", ""), testBody, 0, refused},
		{"the signature", flipped, testBody, 0, refused},
		{"half a signature", func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-32])
		}, testBody, 0, refused},
		{"the region", authorization("eu-central-1", "us-east-1"), testBody, 0, refused},
		{"the service", authorization("/lambda/", "/s3/"), testBody, 0, refused},
		{"the key, for another that there is", authorization(testID, "AKIDOTHER"), testBody, 0, refused},
		{"the time, in its window", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261121T120001Z") }, testBody, 0, refused},
		{"the day", authorization("20261121", "20261120"), testBody, 0, refused},
		{"a payload that was not signed", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, testBody, 0, refused},
		{"a clock that is ahead", nil, testBody, -MaxSkew - time.Second, refused},
		{"a clock that is behind", nil, testBody, MaxSkew + time.Second, refused},
		{"a key that nobody has", authorization(testID, "AKIDNOBODY"), testBody, 0, nobody},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, testBody, 0, none},
		{"an API key", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, testBody, 0, none},
		{"another algorithm", authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), testBody, 0, none},
		{"no parts", func(r *http.Request) { r.Header.Set("Authorization", algorithm) }, testBody, 0, form},
		{"a part twice", authorization("Signature=", "Signature=x, Signature="), testBody, 0, form},
		{"no signed headers", authorization("SignedHeaders=", "Signed="), testBody, 0, form},
		{"an empty signature", func(r *http.Request) {
			h, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", h+"Signature=")
		}, testBody, 0, form},
		{"the host is not signed", authorization("host;", ""), testBody, 0, form},
		{"the date is not signed", authorization("x-amz-date;", ""), testBody, 0, form},
		{"signed headers that are not sorted", authorization("content-type;host;", "host;content-type;"), testBody, 0, form},
		{"more signed headers than anybody has", authorization("SignedHeaders=", "SignedHeaders="+strings.Repeat("a;", maxSignedHeaders)), testBody, 0, form},
		{"a short scope", authorization("/aws4_request", ""), testBody, 0, form},
		{"a scope that ends otherwise", authorization("aws4_request", "aws5_request"), testBody, 0, form},
		{"a region that is no name", authorization("eu-central-1", strings.Repeat("e", maxRegion+1)), testBody, 0, form},
		{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, testBody, 0, form},
		{"two dates", func(r *http.Request) { r.Header.Add("X-Amz-Date", r.Header.Get("X-Amz-Date")) }, testBody, 0, form},
		{"a date in another form", func(r *http.Request) { r.Header.Set("X-Amz-Date", "2026-11-21T12:00:00Z") }, testBody, 0, form},
	} {
		r := signed(t, nil)
		if tt.change != nil {
			tt.change(r)
		}
		err := verify(keys, r, tt.body, testTime.Add(tt.at))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			continue
		}
		if got := fmt.Sprintf("%d %s", e.Status, e.Code); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, e, tt.want)
		}
		if strings.Contains(e.Message, testSecret) || hexSignature.MatchString(e.Message) {
			t.Errorf("%s tells too much: %v", tt.name, e)
		}
	}
	for _, skew := range []time.Duration{-MaxSkew, MaxSkew} {
		if err := verify(keys, signed(t, nil), testBody, testTime.Add(skew)); err != nil {
			t.Errorf("a clock that is %v off: %v", skew, err)
		}
	}
}

// FuzzAuthorization: whatever stands in the header, only the signature of the request is let in.
func FuzzAuthorization(f *testing.F) {
	right := signed(f, nil).Header.Get("Authorization")
	for _, s := range []string{right, "", algorithm, algorithm + " ,=,", strings.ReplaceAll(right, ", ", ","), strings.ToUpper(right)} {
		f.Add(s)
	}
	keys := testKeys(f)
	f.Fuzz(func(t *testing.T, header string) {
		r := signed(t, nil)
		r.Header.Set("Authorization", header)
		_, signature, _ := strings.Cut(right, "Signature=")
		if err := verify(keys, r, testBody, testTime); err == nil && !strings.Contains(header, signature) {
			t.Errorf("%q is let in", header)
		}
	})
}

func TestKeys(t *testing.T) {
	const secret = "a-secret-that-nobody-may-ever-see-printed"
	good := Key{"AKID", strings.Repeat("x", MinSecretSize)}
	for name, keys := range map[string][]Key{
		"no id":          {{"", secret}},
		"a slash":        {{"a/b", secret}},
		"a long id":      {{strings.Repeat("a", 129), secret}},
		"twice":          {{"a", secret}, {"a", secret}},
		"no secret":      {{"a", ""}},
		"a short secret": {{"a", secret[:31]}},
		"a whole file":   {{"a", strings.Repeat(secret, 7)}},
	} {
		k := new(Keys)
		if err := k.Set(good); err != nil {
			t.Fatal(err)
		}
		err := k.Set(keys...)
		if err == nil || bytes.Contains([]byte(err.Error()), []byte(secret[:16])) || k.Len() != 1 {
			t.Errorf("%s: %v, %d keys", name, err, k.Len())
		}
	}
	if _, err := new(Keys).Begin(signed(t, nil), "lambda", testTime); err == nil {
		t.Error("no keys let somebody in")
	}
}
