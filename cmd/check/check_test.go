package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestImportRules(t *testing.T) {
	for _, c := range []struct {
		name, importer, imported string
		broken                   bool
	}{
		{"claims may import nothing of ours", "dormouse/claims", "dormouse/persistence", true},
		{"claims may import its own folders", "dormouse/claims", "dormouse/claims/claimstest", false},
		{"claims may import libraries", "dormouse/claims", "github.com/golang-jwt/jwt/v5", false},
		{"persistence may import claims", "dormouse/persistence", "dormouse/claims", false},
		{"persistence may not import actors", "dormouse/persistence", "dormouse/actors/channel", true},
		{"actors may import persistence", "dormouse/actors/channel", "dormouse/persistence", false},
		{"actors may not import transport", "dormouse/actors", "dormouse/transport/ws", true},
		{"transport may not import persistence", "dormouse/transport/hotsock", "dormouse/persistence", true},
		{"only actors may import protoactor", "dormouse/cmd", "github.com/asynkron/protoactor-go/actor", true},
		{"actors may import protoactor", "dormouse/actors", "github.com/asynkron/protoactor-go/actor", false},
		{"only persistence may import Pebble", "dormouse/actors", "github.com/cockroachdb/pebble/v2", true},
		{"a name that only begins alike is not below", "dormouse/persistence", "github.com/cockroachdb/pebbles", false},
		{"only transport/ws may import gws", "dormouse/transport/hotsock", "github.com/lxzan/gws", true},
		{"only transport/metrics may import Prometheus", "dormouse/cmd", "github.com/prometheus/client_golang/prometheus", true},
		{"transport/metrics may import Prometheus", "dormouse/transport/metrics", "github.com/prometheus/client_golang/prometheus", false},
		{"only persistence/apps/sql may import pgx", "dormouse/cmd", "github.com/jackc/pgx/v5", true},
		{"persistence/apps/sql may import pgx", "dormouse/persistence/apps/sql", "github.com/jackc/pgx/v5", false},
		{"persistence/apps/dynamodb may import the AWS SDK", "dormouse/persistence/apps/dynamodb", "github.com/aws/aws-sdk-go-v2/config", false},
		{"the bench may import none of ours", "dormouse/bench/load", "dormouse/claims", true},
		{"the bench may import itself", "dormouse/bench/load", "dormouse/bench/report", false},
		{"cmd may import all of ours", "dormouse/cmd", "dormouse/persistence", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := len(breaks(c.importer, c.imported)) > 0; got != c.broken {
				t.Errorf("breaks(%s, %s) = %v, want %v", c.importer, c.imported, got, c.broken)
			}
		})
	}
}

func TestSourceFaults(t *testing.T) {
	skip := "t." + "Skip(\"later\")" // in two parts, so that this file passes its own rule
	if got := sourceFaults("a_test.go", []byte("a\n"+skip+"\n")); len(got) != 1 || !strings.HasPrefix(got[0], "a_test.go:2 ") {
		t.Errorf("a skipped test gives %q", got)
	}
	if got := sourceFaults("a.go", bytes.Repeat([]byte("x\n"), maxLines+1)); len(got) != 1 {
		t.Errorf("a long file gives %q", got)
	}
	if got := sourceFaults("a.go", bytes.Repeat([]byte("x\n"), maxLines)); got != nil {
		t.Errorf("a file of the greatest length gives %q", got)
	}
}

func TestChoose(t *testing.T) {
	got, err := choose(steps, "vet, format")
	if err != nil || len(got) != 2 || got[0].name != "format" {
		t.Errorf("steps come in the table's order, got %v, %v", got, err)
	}
	if _, err := choose(steps, "vetting"); err == nil {
		t.Error("a step that does not exist is refused")
	}
}

func TestSummaryCountsSteps(t *testing.T) {
	var out bytes.Buffer
	good := func(context.Context, *run) (string, error) { return "3 files", nil }
	bad := func(context.Context, *run) (string, error) { return "", errors.New("two\nlines") }
	r := &run{out: &out}
	code := r.all(t.Context(), []step{{"a", "first", good}, {"b", "second", bad}, {"c", "third", good}})
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.HasSuffix(out.String(), "\n2 passed, 1 failed\n") {
		t.Errorf("the closing line is missing:\n%s", out.String())
	}
}

func TestTallyShowsOnlyFailures(t *testing.T) {
	var out bytes.Buffer
	tl := newTally(&out)
	events := `{"Action":"output","Package":"p","Test":"TestGood","Output":"quiet\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"loud\n"}
{"Action":"fail","Package":"p","Test":"TestBad"}
{"Action":"fail","Package":"p","Elapsed":1.5}
{"Action":"build-output","ImportPath":"q","Output":"does not compile\n"}
{"Action":"build-fail","ImportPath":"q"}
{"Action":"fail","Package":"q"}
`
	if err := tl.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(tl.failed, " "); got != "p.TestBad q" {
		t.Errorf("failed = %q", got)
	}
	text := out.String()
	if strings.Contains(text, "quiet") || !strings.Contains(text, "loud") || !strings.Contains(text, "does not compile") {
		t.Errorf("printed:\n%s", text)
	}
}

// A test that drives a browser and is not in the list could not be left out, and would fail for want of one.
func TestBrowserTestsAreListed(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var chromium suite
	for _, s := range suites {
		if s.program == "chromium" {
			chromium = s
		}
	}
	listed := regexp.MustCompile(chromium.tests)
	r := &run{root: root, out: &bytes.Buffer{}}
	files, err := r.files(t.Context(), "*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		drives := bytes.Contains(text, []byte("\n\t\"github.com/chromedp/chromedp\"\n")) || bytes.Contains(text, []byte("\n\t\"dormouse/transport/console/consoletest\"\n")) || strings.HasPrefix(name, "cmd/acceptance/page/")
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllSubmatch(text, -1) {
			if test := string(found[1]); drives && !listed.MatchString(test) && !bytes.HasPrefix(text, []byte("//go:build picture")) {
				t.Errorf("%s: %s drives a browser and is not in needs.go", name, test)
			} else if drives {
				seen++
			}
		}
	}
	if seen == 0 {
		t.Error("no test drives a browser: this looks in the wrong place")
	}
}

// So it is with a test that starts a database, or a program on Node.js.
func TestDatabaseTestsAreListed(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	starters := map[string]string{ // by calls, without the bracket: this file calls nobody
		"servers.Dynalite": "npm", "servers.Postgres": "postgres", "servers.MariaDB": "mariadbd",
		"runNode": "npm", "nodeClient": "npm", "nodeBackend": "npm",
	}
	listed := map[string]*regexp.Regexp{}
	for _, s := range suites {
		listed[s.program] = regexp.MustCompile(s.tests)
	}
	r := &run{root: root, out: &bytes.Buffer{}}
	files, err := r.files(t.Context(), "*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for body := range strings.SplitSeq(string(text), "\nfunc ") {
			test, _, _ := strings.Cut(body, "(")
			for starter, program := range starters {
				if !strings.Contains(body, starter+"(") || !strings.HasPrefix(test, "Test") {
					continue
				}
				if seen++; !listed[program].MatchString(test) {
					t.Errorf("%s: %s starts a database of the suite %s and is not in needs.go", name, test, program)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no test starts a database: this looks in the wrong place")
	}
}

// Debian's PostgreSQL is in no folder of PATH.
func TestProgramsBesidePath(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"15", "17"} {
		bin := filepath.Join(dir, version, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "server"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "15", "bin"))
	for _, c := range []struct{ name, place, want string }{
		{"on PATH first", filepath.Join(dir, "*", "bin", "server"), filepath.Join(dir, "15", "bin", "server")},
		{"on PATH alone", "", filepath.Join(dir, "15", "bin", "server")},
	} {
		if got := (suite{program: "server", place: c.place}).find(); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	t.Setenv("PATH", dir)
	for place, want := range map[string]string{
		filepath.Join(dir, "*", "bin", "server"): filepath.Join(dir, "17", "bin", "server"),
		filepath.Join(dir, "*", "bin", "other"):  "",
		"":                                       "",
	} {
		if got := (suite{program: "server", place: place}).find(); got != want {
			t.Errorf("at %q: %q", place, got)
		}
	}
}

// The rules are tried on the real tree too, so that a test run alone already tells of a wrong import.
func TestTheHouseKeepsItsRules(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal(err)
	}
	if _, err := imports(t.Context(), &run{root: root, out: &bytes.Buffer{}}); err != nil {
		t.Error(err)
	}
}
