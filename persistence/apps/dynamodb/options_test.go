package dynamodb

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestOptionsThatAreWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"a table with a space", Options{Table: "my apps"}, `table "my apps"`},
		{"a table of two letters", Options{Table: "ab"}, `table "ab"`},
		{"a region with a dot", Options{Region: "eu.central"}, `region "eu.central"`},
		{"an endpoint without a scheme", Options{Endpoint: "127.0.0.1:8000"}, "endpoint"},
		{"an endpoint without a host", Options{Endpoint: "http://"}, "endpoint"},
		{"an endpoint that is no URL", Options{Endpoint: "http://a b"}, "endpoint"},
		{"all at once", Options{Table: "?", Endpoint: "ftp://a"}, "endpoint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(c.o)
			if err == nil {
				s.Close()
				t.Fatal("it is taken")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
}

func TestDefaultsAreSoketis(t *testing.T) {
	var o Options
	o.EnsureDefaults()
	if o.Table != "apps" || o.Region != "us-east-1" || o.Endpoint != "" || o.Logger != slog.Default() {
		t.Errorf("%+v", o)
	}
	o.Table = "arn:aws:dynamodb:us-east-1:123456789012:table/apps"
	if err := o.Validate(); err != nil {
		t.Errorf("a table by its ARN: %v", err)
	}
}

func TestEmulatorsAreNotOfAWS(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"": false, "http://127.0.0.1:8000": true, "http://dynamodb:8000": true, "https://amazonaws.com.example": true,
		"https://dynamodb.eu-central-1.amazonaws.com": false, "https://DynamoDB.us-east-1.AmazonAWS.com./": false,
		"https://dynamodb.cn-north-1.amazonaws.com.cn": false, "https://dynamodb.us-east-1.api.aws": false,
		"https://vpce-1-2.dynamodb.us-east-1.vpce.amazonaws.com": false,
	} {
		o := Options{Endpoint: endpoint}
		if got := o.emulated(); got != want {
			t.Errorf("%q: %v", endpoint, got)
		}
	}
}

// credentialsOf returns what a source with these options signs with.
func credentialsOf(t *testing.T, endpoint string) (aws.Credentials, error) {
	t.Helper()
	s, _ := open(t, endpoint, "apps")
	return s.client.Options().Credentials.Retrieve(t.Context())
}

func TestCredentials(t *testing.T) {
	const emulator = "http://127.0.0.1:8000"
	t.Run("an emulator gets placeholders where there are none", func(t *testing.T) {
		if c, err := credentialsOf(t, emulator); err != nil || c.AccessKeyID != "placeholder" {
			t.Errorf("%s, %v", c.AccessKeyID, err)
		}
	})
	t.Run("AWS gets none where there are none", func(t *testing.T) {
		for _, endpoint := range []string{"", "https://dynamodb.us-east-1.amazonaws.com"} {
			if c, err := credentialsOf(t, endpoint); err == nil {
				t.Errorf("%q: %s", endpoint, c.AccessKeyID)
			}
		}
	})
	t.Run("an emulator gets those of the environment", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "mine")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
		if c, err := credentialsOf(t, emulator); err != nil || c.AccessKeyID != "mine" {
			t.Errorf("%s, %v", c.AccessKeyID, err)
		}
	})
	t.Run("those of the shared file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "credentials")
		text := "[default]\naws_access_key_id = filed\naws_secret_access_key = secret\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
		if c, err := credentialsOf(t, emulator); err != nil || c.AccessKeyID != "filed" {
			t.Errorf("%s, %v", c.AccessKeyID, err)
		}
	})
	t.Run("a profile that is not there is told at once", func(t *testing.T) {
		t.Setenv("AWS_PROFILE", "nowhere")
		if s, err := Open(Options{}); err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("%v, %v", s, err)
		}
	})
}

// A chain that does not come to an end, as where nobody answers for an instance's role, is not waited for.
func TestPlaceholdersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &logged{}
		p := &placeholders{logger: slog.New(slog.NewTextHandler(l, nil)), chain: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			return aws.Credentials{}, ctx.Err()
		})}
		began := time.Now()
		for range 2 {
			if c, err := p.Retrieve(t.Context()); err != nil || !c.CanExpire || !c.Expires.After(time.Now()) {
				t.Errorf("%+v, %v", c, err)
			}
		}
		if took := time.Since(began); took != 2*chainTimeout {
			t.Errorf("it took %v", took)
		}
		if n := l.count("placeholders"); n != 1 {
			t.Errorf("%d lines", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Retrieve(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("an asker who has gone hears %v", err)
		}
	})
}
