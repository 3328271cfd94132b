package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

func lambdaCases() []hotsockCase {
	return []hotsockCase{
		{number: 113, rule: "a backend with an AWS SDK publishes by invoking a function", settings: lambdaSettings(), play: case113},
	}
}

const (
	accessKey      = "AKIADORMOUSE"
	otherAccessKey = "AKIADORMOUSE2"
	accessSecret   = "acceptance/access+secret/number/one/0123"
	otherSecret    = "acceptance/access+secret/number/two/0123"

	// publishFunction is a function as stacks of Hotsock name theirs.
	publishFunction = "arn:aws:lambda:eu-central-1:111111111111:function:Hotsock-Publishing-PublishFunction-Ab1Cd2"
)

func lambdaSettings() settings {
	return settings{"lambda.keys": []any{
		map[string]any{"id": accessKey, "secret": accessSecret},
		map[string]any{"id": otherAccessKey, "secret": otherSecret},
	}}
}

// lambdaClient is AWS's own client, unchanged, with another address.
func lambdaClient(s *server, id, secret, session string) *lambda.Client {
	return lambda.New(lambda.Options{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String("http://" + s.addr),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: session}, nil
		}),
		RetryMaxAttempts: 1,
	})
}

// case113 is played with AWS's SDK for Go: the Ruby library is in no package registry that tests may use. The
// calls are those that it makes: Invoke of an ARN without an invocation type, with the payloads of its
// publish_message, members in its order; what it does not know it passes on as it is.
func case113(s *scene) {
	h := newHooks(s.t, nil)
	e := newScene(s.t, serve(s.t, defaults().with(lambdaSettings()).with(h.settings())))
	e.connect("A", `{"channels":{"c":{"subscribe":true,"historyStart":0}}}`)
	e.play(`
		A > sub c
		A < subscribed c`)
	client := lambdaClient(e.server, accessKey, accessSecret, "")
	invoke := func(payload string) *lambda.InvokeOutput {
		s.t.Helper()
		out, err := client.Invoke(s.t.Context(), &lambda.InvokeInput{FunctionName: aws.String(publishFunction), Payload: []byte(payload)})
		if err != nil {
			s.t.Fatalf("%s: %v", payload, err)
		}
		return out
	}
	for _, step := range []struct{ payload, frame, answer string }{
		{`{"event":"myevent","channel":"c"}`, `{"id":"<ulid>","event":"myevent","channel":"c","data":null}`, `{"channel":"c","event":"myevent"}`},
		{`{"event":"myevent","channel":"c","data":"mydata","deduplicationId":"noduplicates","eagerIdGeneration":true,"emitPubSubEvent":true,"store":100}`,
			`{"id":"$id","event":"myevent","channel":"c","data":"mydata"}`, `{"id":"$id","channel":"c","event":"myevent"}`},
		{`{"event":"myevent","channel":"c","data":{"n":12345678901234567890,"é":"👍"},"someNewParam":true,"anotherNewParam":"stringy"}`,
			`{"id":"<ulid>","event":"myevent","channel":"c","data":{"n":12345678901234567890,"é":"👍"}}`, `{"channel":"c","event":"myevent"}`},
	} {
		out := invoke(step.payload)
		if out.StatusCode != 200 || out.FunctionError != nil || aws.ToString(out.ExecutedVersion) != "$LATEST" {
			s.t.Errorf("%s: %d, error %q, version %q", step.payload, out.StatusCode, aws.ToString(out.FunctionError), aws.ToString(out.ExecutedVersion))
		}
		e.play(`A < ` + step.frame)
		if err := pattern(step.answer).match(out.Payload, e.vars); err != nil {
			s.t.Errorf("%s is answered with %s: %v", step.payload, out.Payload, err)
		}
	}

	// The same again within five minutes is answered alike, and delivered to nobody.
	if out := invoke(`{"event":"myevent","channel":"c","data":"mydata","deduplicationId":"noduplicates","eagerIdGeneration":true}`); out.StatusCode != 200 {
		s.t.Errorf("a duplicate: %d %s", out.StatusCode, out.Payload)
	} else if err := pattern(`{"id":"$id","channel":"c","event":"myevent"}`).match(out.Payload, e.vars); err != nil {
		s.t.Errorf("a duplicate is answered with %s: %v", out.Payload, err)
	}
	e.play(`A ∅`)

	calls := h.wait(s.t, func(calls []hookCall) bool { return len(typesOf(calls, "c")) >= 3 })
	want := `{"source":"hotsock.v1","type":"hotsock.messagePublished","metadata":{"channel":"c","event":"myevent","requestId":"<string>","trigger":"server.lambda",` +
		`"hotsockVersion":"<string>","serverVersion":"<string>"},"dataType":"message","data":"<any>"}`
	told := false
	for _, c := range calls {
		if c.event.Type != "hotsock.messagePublished" {
			continue
		}
		told = true
		if err := pattern(want).match(c.body, nil); err != nil {
			s.t.Errorf("backends hear %s: %v", c.body, err)
		}
	}
	if !told {
		s.t.Errorf("backends hear only of %v", typesOf(calls, "c"))
	}
}

// A refused publish, the other kinds of invocation, and what is refused before anything is invoked: all of it as
// AWS's own client understands it.
func TestLambdaClient(t *testing.T) {
	s := serve(t, defaults().with(lambdaSettings()))
	sc := newScene(t, s)
	sc.connect("A", `{"channels":{"c":{"subscribe":true}}}`)
	sc.play(`
		A > sub c
		A < subscribed c`)
	ctx := t.Context()
	client := lambdaClient(s, otherAccessKey, otherSecret, "a session token says nothing here")
	input := func(kind types.InvocationType, payload string) *lambda.InvokeInput {
		return &lambda.InvokeInput{FunctionName: aws.String("publish"), InvocationType: kind, Payload: []byte(payload)}
	}

	out, err := client.Invoke(ctx, input(types.InvocationTypeRequestResponse, `{"event":"hotsock.nothing","channel":"c"}`))
	if err != nil || out.StatusCode != 200 || aws.ToString(out.FunctionError) != "Unhandled" {
		t.Fatalf("a refused publish: %+v, %v", out, err)
	}
	if err := pattern(`{"errorType":"INVALID_EVENT","errorMessage":"<string>"}`).match(out.Payload, nil); err != nil {
		t.Errorf("a refused publish is answered with %s: %v", out.Payload, err)
	}
	for _, step := range []struct {
		kind    types.InvocationType
		payload string
		status  int32
	}{
		{types.InvocationTypeDryRun, `{"event":"dry","channel":"c"}`, 204},
		{types.InvocationTypeEvent, `{"event":"hotsock.nothing","channel":"c"}`, 202}, // nobody is told but the log
		{types.InvocationTypeEvent, `{"event":"async","channel":"c","data":1}`, 202},
	} {
		out, err := client.Invoke(ctx, input(step.kind, step.payload))
		if err != nil || out.StatusCode != step.status || len(out.Payload) != 0 || out.FunctionError != nil {
			t.Errorf("%s %s: %+v, %v", step.kind, step.payload, out, err)
		}
	}
	sc.play(`A < {"id":"<ulid>","event":"async","channel":"c","data":1}`)

	for _, tt := range []struct {
		name     string
		id       string
		secret   string
		kind     types.InvocationType
		payload  string
		status   int
		code     string
		function bool // the SDK has a type of its own for it
	}{
		{"another's key", "AKIANOBODY", accessSecret, "", `{}`, 403, "UnrecognizedClientException", false},
		{"a wrong secret", accessKey, otherSecret, "", `{}`, 403, "InvalidSignatureException", false},
		{"no JSON", accessKey, accessSecret, "", `{`, 400, "InvalidRequestContentException", true},
		{"a kind that there is not", accessKey, accessSecret, "Sometimes", `{}`, 400, "InvalidParameterValueException", true},
		{"a payload that is too large", accessKey, accessSecret, "", `"` + strings.Repeat("x", 400<<10) + `"`, 413, "RequestTooLargeException", true},
	} {
		_, err := lambdaClient(s, tt.id, tt.secret, "").Invoke(ctx, input(tt.kind, tt.payload))
		var api smithy.APIError
		var answer interface{ HTTPStatusCode() int }
		if !errors.As(err, &api) || api.ErrorCode() != tt.code || api.ErrorMessage() == "" || !errors.As(err, &answer) || answer.HTTPStatusCode() != tt.status {
			t.Errorf("%s: %v, want %d %s", tt.name, err, tt.status, tt.code)
		}
		var generic *smithy.GenericAPIError
		if errors.As(err, &generic) == tt.function {
			t.Errorf("%s: the SDK does not know %T", tt.name, api)
		}
	}
	if log := s.log.String(); strings.Contains(log, accessSecret) || strings.Contains(log, otherSecret) || !strings.Contains(log, "an event invocation was refused") {
		t.Errorf("the log holds a secret, or not the refused event:\n%s", s.log.tail(20))
	}
}

// A file of keys is read again by SIGHUP, and who had only the old one is then nobody.
func TestLambdaKeysAreReloaded(t *testing.T) {
	s := serve(t, defaults().with(lambdaSettings()))
	dry := func(id, secret string) error {
		_, err := lambdaClient(s, id, secret, "").Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeDryRun})
		return err
	}
	if err := dry(accessKey, accessSecret); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(s.dir, "access.key")
	if err := os.WriteFile(secret, []byte("another-access-secret-of-forty-characters\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.settings = s.settings.with(settings{"lambda.keys": []any{map[string]any{"id": accessKey, "secret": "file:access.key"}}, "data": s.data()})
	if err := os.WriteFile(s.config(), s.settings.file(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	late := time.Now().Add(patience)
	for dry(accessKey, "another-access-secret-of-forty-characters") != nil {
		if time.Now().After(late) {
			t.Fatalf("the new secret is never taken:\n%s", s.log.tail(10))
		}
		if err := pause(t.Context(), pollEvery); err != nil {
			t.Fatal(err)
		}
	}
	if dry(accessKey, accessSecret) == nil || dry(otherAccessKey, otherSecret) == nil {
		t.Error("an old key is still taken")
	}
}

// TestAWSCommand publishes with the aws command, as it comes from its package: a second SDK, in another language,
// that takes the address from the environment.
func TestAWSCommand(t *testing.T) {
	command, err := exec.LookPath("aws")
	if err != nil {
		t.Fatal("the aws command is needed, Debian's package awscli: ", err)
	}
	s := serve(t, defaults().with(lambdaSettings()))
	sc := newScene(t, s)
	sc.connect("A", `{"channels":{"c":{"subscribe":true}}}`)
	sc.play(`
		A > sub c
		A < subscribed c`)
	dir := t.TempDir()
	run := func(secret, payload string) (printed, answer string, err error) {
		file := filepath.Join(dir, "payload.json")
		if err := os.WriteFile(file, []byte(payload), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), command, "lambda", "invoke", "--endpoint-url", "http://"+s.addr+"/",
			"--function-name", publishFunction, "--payload", "fileb://"+file, "--output", "json", "answer.json")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secret,
			"AWS_DEFAULT_REGION=eu-central-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err = cmd.Run()
		raw, _ := os.ReadFile(filepath.Join(dir, "answer.json")) // it is not there when the command fails
		return out.String(), string(raw), err
	}
	printed, answer, err := run(accessSecret, `{"event":"e","channel":"c","data":{"from":"aws"}}`)
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	sc.play(`A < {"id":"<ulid>","event":"e","channel":"c","data":{"from":"aws"}}`)
	var status struct{ StatusCode int }
	if err := json.Unmarshal([]byte(printed), &status); err != nil || status.StatusCode != http.StatusOK || answer != `{"channel":"c","event":"e"}` {
		t.Errorf("it prints %s, and is answered with %s", printed, answer)
	}
	printed, answer, err = run(accessSecret, `{"event":"e","channel":"a b"}`)
	if err != nil || !strings.Contains(printed, `"FunctionError": "Unhandled"`) || !strings.Contains(answer, `"errorType":"INVALID_CHANNEL"`) {
		t.Errorf("a refused publish: %v, it prints %s, and is answered with %s", err, printed, answer)
	}
	printed, _, err = run(otherSecret, `{}`)
	if err == nil || !strings.Contains(printed, "(InvalidSignatureException)") || !strings.Contains(printed, "The request signature we calculated") {
		t.Errorf("a wrong secret: %v, it prints %s", err, printed)
	}
	sc.play(`A ∅`)
}
