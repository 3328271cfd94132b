package sigv4

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsSignedIsRight(t *testing.T) {
	for _, token := range []string{"", "a-token"} {
		r := httptest.NewRequest("POST", "http://server:8080/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A111111111111%3Afunction%3Af/invocations", strings.NewReader(testBody))
		r.Header.Set("X-Amz-Invocation-Type", "Event")
		c := Credentials{Key{testID, testSecret}, token}
		if err := Sign(t.Context(), r, []byte(testBody), c, "lambda", "eu-central-1", testTime); err != nil {
			t.Fatal(err)
		}
		if err := verify(testKeys(t), r, testBody, testTime); err != nil {
			t.Error(err)
		}
		if r.Header.Get("X-Amz-Security-Token") != token {
			t.Errorf("token %q", r.Header.Get("X-Amz-Security-Token"))
		}
		if verify(testKeys(t), r, testBody+" ", testTime) == nil {
			t.Error("another body is signed too")
		}
	}
}

func TestAccount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file+".none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDSERVER")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	endpoint := func(want string) {
		t.Helper()
		a, err := OpenAccount()
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Endpoint(t.Context(), "Lambda"); got != want {
			t.Errorf("endpoint %q, want %q", got, want)
		}
		if c, err := a.Credentials(t.Context()); err != nil || c != (Credentials{Key{"AKIDSERVER", "secret"}, "token"}) {
			t.Errorf("%v, %v", c, err)
		}
	}
	endpoint("")
	t.Setenv("AWS_ENDPOINT_URL", "http://all")
	endpoint("http://all")
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", "http://lambda")
	endpoint("http://lambda")
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", "")
	if err := os.WriteFile(file, []byte("[default]\nendpoint_url = http://file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	endpoint("http://file")
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	endpoint("")
	t.Setenv("AWS_S3_USE_ARN_REGION", "perhaps")
	if _, err := OpenAccount(); err == nil {
		t.Error("what is neither true nor false is taken")
	}
}
