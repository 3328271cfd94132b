package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A suite is a group of tests that needs a program which Go does not bring.
type suite struct {
	program string // as it is called
	place   string // where it lies if not on PATH, a pattern of paths
	debian  string // the packages that have it
	tests   string // a pattern of its tests' names, for go test -skip; empty: all, they run in a weaker way
	what    string
}

var suites = []suite{
	{program: "gcc", debian: "gcc libc6-dev", what: "the race detector"},
	{program: "curl", debian: "curl", tests: "^(TestReadme|TestDocs)$", what: "the README's tour, and the documentation's examples"},
	{program: "openssl", debian: "openssl", tests: "^(TestReadme|TestDocs)$", what: "signed calls among them"},
	{program: "redis-server", debian: "redis-server", tests: "^(TestRedisBroadcasts|TestRedisStores|TestRedisSyncsAlways|TestCasesOnRedis)$", what: "the bench beside Redis"},
	{
		program: "npm", debian: "npm", what: "the bench's peers that npm installs, apps in DynamoDB, and client libraries",
		tests: "^(TestPeersOfNpmBroadcast|TestPeersOfNpmStore|TestPeersOfNpmAcknowledgeInOrder|TestPeersOfNpmRefuseAWrongToken|TestPeersOfNpmNeedANetwork|TestCasesOnPeersOfNpm|TestClientLibraries|TestPusherInABrowser|TestDocsInNode)$|^TestOnDynalite|^TestOnNode",
	},
	{
		program: "postgres", place: "/usr/lib/postgresql/*/bin/postgres", debian: "postgresql",
		tests: "^TestOnPostgres", what: "apps in PostgreSQL",
	},
	{program: "mariadbd", place: "/usr/sbin/mariadbd", debian: "mariadb-server", tests: "^TestOnMariaDB", what: "apps in MySQL"},
	{program: "aws", debian: "awscli", tests: "^TestAWSCommand$", what: "publishing with the aws command"},
	{
		program: "chromium", debian: "chromium", what: "the tests in a real browser",
		tests: "^(TestTwoTabsShareALobby|TestTheLineIsCut|TestARenameWithoutUMDUpdate|TestTheKeyboard|TestTheLayoutHolds|TestConsoleClient|TestConsoleServer|TestConsoleByKeyboard|TestConsoleIsInert|TestConsoleReady|TestConsoleKeepsNumbersAsTheyAre|TestConsoleForms|TestConsoleApps|TestConsoleSigns|TestConsoleIsSeenByAll|TestPusherInABrowser)$",
	},
}

// needs installs what is missing, with Debian's packages and only as root or by a sudo that asks nothing.
// What cannot be had is noted in r.without; where CI=true it is a failure.
func needs(ctx context.Context, r *run) (string, error) {
	var here, missing []string
	for _, s := range suites {
		if path := s.find(); path != "" {
			here = append(here, path)
			continue
		}
		r.say("  %s is not here; installing from Debian's packages: %s", s.program, s.debian)
		if err := install(ctx, r, s.debian); err != nil {
			r.say("%s", indent(err.Error()))
			r.without = append(r.without, s)
			missing = append(missing, s.program)
			continue
		}
		here = append(here, s.program)
	}
	note := "found " + strings.Join(here, ", ")
	if len(missing) == 0 {
		return note, nil
	}
	left := fmt.Sprintf("without %s, so some tests are left out", strings.Join(missing, ", "))
	if r.ci {
		return "", fmt.Errorf("%s; with CI=true everything must run", left)
	}
	return left, nil
}

// find returns where the suite's program is, or nothing.
func (s suite) find() string {
	if path, err := exec.LookPath(s.program); err == nil {
		return path
	}
	if found, err := filepath.Glob(s.place); err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	return ""
}

func install(ctx context.Context, r *run, pkgs string) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return fmt.Errorf("there is no apt-get here: install %s yourself", pkgs)
	}
	as := []string{apt}
	if os.Geteuid() != 0 {
		sudo, err := exec.LookPath("sudo")
		if err != nil {
			return fmt.Errorf("only root may install %s", pkgs)
		}
		if exec.CommandContext(ctx, sudo, "-n", "true").Run() != nil {
			return fmt.Errorf("sudo wants a password: run  sudo apt-get install %s", pkgs)
		}
		as = []string{sudo, "-n", apt}
	}
	get := append([]string{"install", "-q", "-y", "--no-install-recommends"}, strings.Fields(pkgs)...)
	for _, args := range [][]string{{"update", "-q"}, get} {
		line := slices.Concat(as, args)
		r.say("  %s", strings.Join(line, " "))
		if _, err := r.command(ctx, line[0], line[1:]...); err != nil {
			return err
		}
	}
	return nil
}
