package hotsock

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/transport/sigv4"
)

var testAccessKey = sigv4.Key{ID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

const invokePath = "/2015-03-31/functions/publish/invocations"

func withAccessKey(t testing.TB) func(o *Options) {
	return func(o *Options) {
		o.AccessKeys = new(sigv4.Keys)
		if err := o.AccessKeys.Set(testAccessKey); err != nil {
			t.Fatal(err)
		}
	}
}

// invoke serves an invocation that is signed as it should be.
func invoke(t testing.TB, h http.Handler, path, body string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("POST", "http://server:8080"+path, strings.NewReader(body))
	r.Header.Set("User-Agent", "agent")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	sum := sha256.Sum256([]byte(body))
	c := aws.Credentials{AccessKeyID: testAccessKey.ID, SecretAccessKey: testAccessKey.Secret}
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, hex.EncodeToString(sum[:]), "lambda", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestInvoke(t *testing.T) {
	const (
		event  = "Event"
		dryRun = "DryRun"
		arn    = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111111111111%3Afunction%3AHotsock-Publish/invocations?Qualifier=1"
	)
	published := actors.PublishRequest{Channel: "c", Event: "e"}
	for _, tt := range []struct {
		name, path, kind, body string
		status, counted        int
		answer                 string
		functionError          bool
		asked                  any
	}{
		{"the default kind", invokePath, "", `{"event":"e","channel":"c"}`, 200, 200, `{"channel":"c","event":"e"}`, false, published},
		{"request and response", invokePath, "RequestResponse", `{"event":"e","channel":"c"}`, 200, 200, `{"channel":"c","event":"e"}`, false, published},
		{"an ARN", arn, "", `{"event":"e","channel":"c"}`, 200, 200, `{"channel":"c","event":"e"}`, false, published},
		{"what the Ruby library sends", arn, "", `{"event":"e","channel":"c","data":{"a":1},"deduplicationId":"d","eagerIdGeneration":true,"emitPubSubEvent":true,"store":100,"someNewParam":true}`,
			200, 200, `{"channel":"c","event":"e","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"}`, false,
			actors.PublishRequest{Channel: "c", Event: "e", Data: []byte(`{"a":1}`), DeduplicationID: "d", Emit: true, Store: 100}},
		{"an entry", invokePath, "", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":1}`, 200, 200, `{"channel":"c","event":"hotsock.channelStorageSet"}`, false,
			actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte(`1`), Store: -1}},
		{"an entry on a condition", invokePath, "", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":1,"ifAbsent":true}`,
			200, 200, `{"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"k","version":7,"data":5},{"key":"z"}]}`, false,
			actors.WriteStorageRequest{Channel: "c", Writes: []channel.StorageWrite{{Key: "k", Data: []byte(`1`), Store: -1, Show: true}}}},
		{"an event", invokePath, event, `{"event":"e","channel":"c"}`, 202, 202, ``, false, published},
		{"a dry run", invokePath, dryRun, `{"event":"e","channel":"c"}`, 204, 204, ``, false, nil},
		{"a refused publish", invokePath, "", `{"event":"#e","channel":"c"}`, 200, 400, `{"errorType":"INVALID_EVENT","errorMessage":"An event name must not start with '#'."}`, true, nil},
		{"no payload", invokePath, "", ``, 200, 400, `{"errorType":"INVALID_MESSAGE","errorMessage":"event is required: it must be a string."}`, true, nil},
		{"a member of a wrong kind", invokePath, "", `{"event":"e","channel":1}`, 200, 400, `{"errorType":"INVALID_MESSAGE","errorMessage":"channel must be a string, not a number."}`, true, nil},
		{"data over the limit", invokePath, "", `{"event":"e","channel":"c","data":"` + strings.Repeat("x", testMaxData) + `"}`, 200, 413, `{"errorType":"DATA_TOO_LARGE","errorMessage":"The data is 1026 bytes; at most 1024 are allowed."}`, true, nil},
		{"a refused event", invokePath, event, `{"event":"#e","channel":"c"}`, 202, 400, ``, false, nil},
		{"a payload that is no JSON", invokePath, "", `{`, 400, 400, `InvalidRequestContentException`, false, nil},
		{"nor for an event", invokePath, event, `[]`, 400, 400, `InvalidRequestContentException`, false, nil},
		{"nor in a dry run", invokePath, dryRun, `x`, 400, 400, `InvalidRequestContentException`, false, nil},
		{"another kind", invokePath, "Whatever", `{"event":"e","channel":"c"}`, 400, 400, `InvalidParameterValueException`, false, nil},
		{"a payload over the limit", invokePath, "", strings.Repeat(" ", testMaxData+envelopeSize+1), 413, 413, `RequestTooLargeException`, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newRecorder()
			counted := 0
			h := newTestHandler(t, e, func(o *Options) {
				withAccessKey(t)(o)
				o.Listener.Served = func(route string, status int, _ time.Duration) {
					if counted = status; route != "lambda invoke" {
						t.Errorf("counted as %s", route)
					}
				}
			})
			header := []string{"X-Request-Id", "0b6f3f0e-9d2c-4ad5-9f5a-3f6a2f1d0c11"}
			if tt.kind != "" {
				header = append(header, "X-Amz-Invocation-Type", tt.kind)
			}
			r := invoke(t, h, tt.path, tt.body, header...)
			got := bodyOf(t, r)
			if strings.HasSuffix(tt.answer, "Exception") {
				if code := r.Header.Get("X-Amzn-Errortype"); code != tt.answer || !strings.HasPrefix(got, `{"Type":"User","message":"`) {
					t.Errorf("got %s %s, want %s", code, got, tt.answer)
				}
			} else if got != tt.answer {
				t.Errorf("got %s, want %s", got, tt.answer)
			}
			if r.StatusCode != tt.status || counted != tt.counted || (r.Header.Get("X-Amz-Function-Error") == "Unhandled") != tt.functionError {
				t.Errorf("got %d, counted as %d, %v", r.StatusCode, counted, r.Header)
			}
			if ran := tt.answer != "" && r.StatusCode == 200; ran && r.Header.Get("X-Amz-Executed-Version") != "$LATEST" {
				t.Errorf("no version: %v", r.Header)
			}
			if r.Header.Get("X-Amzn-Requestid") != "0b6f3f0e-9d2c-4ad5-9f5a-3f6a2f1d0c11" {
				t.Errorf("no request id: %v", r.Header)
			}
			// Who invokes says neither address nor agent to anybody who hears of it.
			origin := actors.Origin{Trigger: channel.TriggerServerLambda, RequestID: "0b6f3f0e-9d2c-4ad5-9f5a-3f6a2f1d0c11"}
			switch want := tt.asked.(type) {
			case actors.PublishRequest:
				want.Origin = origin
				tt.asked = want
			case actors.SetStorageRequest:
				want.Origin = origin
				tt.asked = want
			case actors.WriteStorageRequest:
				want.Origin = origin
				tt.asked = want
			}
			if !reflect.DeepEqual(e.last(), tt.asked) {
				t.Errorf("asked the engine for %+v, want %+v", e.last(), tt.asked)
			}
		})
	}
}

// Who is nobody is told so in the words of AWS, before anything is read or done.
func TestInvokeNeedsASignature(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, withAccessKey(t))
	none := newTestHandler(t, e, nil)
	for _, tt := range []struct {
		name   string
		answer func() *http.Response
		status int
		code   string
	}{
		{"an API key", func() *http.Response { return request(h, "POST", "http://x"+invokePath, `{"event":"e","channel":"c"}`) }, 403, "MissingAuthenticationTokenException"},
		{"nothing", func() *http.Response { return request(h, "POST", "http://x"+invokePath, `x`, "Authorization", "") }, 403, "MissingAuthenticationTokenException"},
		{"a server without keys", func() *http.Response { return invoke(t, none, invokePath, `{"event":"e","channel":"c"}`) }, 403, "UnrecognizedClientException"},
		{"half a signature", func() *http.Response {
			return request(h, "POST", "http://x"+invokePath, `x`, "Authorization", "AWS4-HMAC-SHA256 Credential=a")
		}, 400, "IncompleteSignatureException"},
	} {
		r := tt.answer()
		if body := bodyOf(t, r); r.StatusCode != tt.status || r.Header.Get("X-Amzn-Errortype") != tt.code || !strings.HasPrefix(body, `{"Type":"User","message":"`) {
			t.Errorf("%s: %d %s %s", tt.name, r.StatusCode, r.Header.Get("X-Amzn-Errortype"), body)
		}
	}
	if r := request(h, "GET", "http://x"+invokePath, ""); r.StatusCode != 405 || r.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %s, Allow %q", r.Status, r.Header.Get("Allow"))
	}
	if len(e.asked) != 0 {
		t.Errorf("the engine was asked for %v", e.asked)
	}
}

// A fault is logged and not told; a refusal that nobody waits for is at least logged.
func TestInvokeTellsTheLog(t *testing.T) {
	e := newRecorder()
	var log bytes.Buffer
	h := newTestHandler(t, e, func(o *Options) {
		withAccessKey(t)(o)
		o.Logger = loggerInto(&log)
	})
	e.answer = errors.New("disk on fire")
	r := invoke(t, h, invokePath, `{"event":"e","channel":"c"}`)
	if got := bodyOf(t, r); got != `{"errorType":"INTERNAL_ERROR","errorMessage":"Something went wrong. Try again."}` || !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("got %s, logged %s", got, log.String())
	}
	log.Reset()
	e.answer = channel.ErrReadOnly
	r = invoke(t, h, invokePath, `{"event":"e","channel":"c"}`, "X-Amz-Invocation-Type", "Event")
	if r.StatusCode != 202 || !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "STORAGE_READ_ONLY") {
		t.Errorf("got %s, logged %s", r.Status, log.String())
	}
	if strings.Contains(log.String(), testAccessKey.Secret) || strings.Contains(log.String(), "Signature") {
		t.Errorf("logged %s", log.String())
	}
}
