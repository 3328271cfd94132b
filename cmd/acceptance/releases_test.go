package acceptance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A feature is something that clients or backends can tell, and the tests that would fail without it. Of what is
// not for a server of one's own, why says why.
type feature struct {
	what string
	// tests are "case 79", a case of TestHotsock; "actors.TestHeartbeats" or "…TestX/name of a subtest"; or
	// "actors/channel/testdata/umd.txt#text", a transcript that has that text.
	tests []string
	why   string
}

func has(what string, tests ...string) feature { return feature{what: what, tests: tests} }
func not(what, why string) feature             { return feature{what: what, why: why} }

const refusedPages = "cmd/acceptance.TestPagesThatAreRefusedComeBackEverLater"

func contract(row string) string { return "cmd/acceptance.TestPageContract/" + row }

// releases are those of Hotsock, and then of its JavaScript client, with what each brought.
//
// Source: Hotsock docs, "Releases"; the client's tags.
var releases = []struct {
	name     string
	features []feature
}{
	{"1.0.0", []feature{
		has("tokens by HMAC, RSA, PSS, ECDSA and EdDSA", "case 12", "claims.TestVerifyAcceptsEveryAlgorithm"),
		has("connect tokens", "case 1", "case 2", "case 3", "case 4", "case 5", "case 7", "case 8"),
		has("subscribe tokens", "case 6", "case 33", "case 34", "case 35", "case 37"),
		has("single-use tokens", "case 13", "case 14", "case 36"),
		has("standard channels", "case 19", "case 20", "case 21", "case 22", "case 23"),
		has("patterns in channel names", "case 24", "claims.TestPatternMatches"),
		has("presence channels", "case 51", "case 52", "case 53", "case 55", "case 56", "case 57", "case 58"),
		has("clients publish, with echo", "case 38", "case 39", "case 40", "case 41", "case 42"),
		has("emitPubSubEvent", "case 107", "case 108"),
		has("servers publish over HTTP", "case 99", "case 103", "transport/hotsock.TestPublish"),
		has("servers publish by Lambda", "case 113", "cmd/acceptance.TestLambdaClient", "cmd/acceptance.TestAWSCommand"),
		has("deduplication", "case 101"),
		has("eager ids", "case 100"),
		has("keepAlive", "case 61"),
		has("ping and pong", "case 62", "case 63"),
		has("events for backends", "case 107", "case 109", "transport/emit.TestWebhookIsSigned", "transport/emit.TestNATSPublishes"),
		not("SNS and EventBridge themselves", "they are AWS's: webhooks and NATS stand in their place"),
		has("a page to try things on", "transport/console.TestTwoTabsShareALobby"),
		has("two API keys", "case 102"),
		has("two signing keys", "case 10", "case 11"),
	}},
	{"1.1.0 and 1.2.0", []feature{
		not("functions kept warm, and throughput of the stack", "there are no functions to start: a server runs or does not"),
	}},
	{"1.3.0", []feature{
		has("stored messages", "case 64", "case 68", "case 114"),
		has("connectionSecret and the Client HTTP API", "case 70", "transport/hotsock.TestClientCalls"),
		has("listMessages", "case 65", "case 67", "case 69"),
		has("publishMessage", "transport/hotsock.TestClientCalls/publishMessage"),
		has("historyStart", "case 65", "case 66"),
		has("CORS", "case 71", "transport/hotsock.TestPreflight"),
		has("a time limit of 5 s for HTTP", "transport/hotsock.TestTimeLimitReachesTheEngine", "transport/hotsock.TestSlowBody"),
		has("connected at once", contract("03 connected is the first frame and no timer ends")),
	}},
	{"1.3.1 and 1.3.2", []feature{
		has("connectedAt says when", "case 107"),
		has("connections that are gone without a word", "cmd/acceptance.TestKillNineLosesNoEvent", "actors.TestConnectionsThatDiedWithTheProcess"),
	}},
	{"1.4.0", []feature{
		has("omitFromSubCount", "case 105"),
		has("IPv6", "cmd/acceptance.TestIPv6"),
		has("every member that leaves is told of", "case 56", "actors.TestPresenceFollowsConnections"),
	}},
	{"1.5.0", []feature{
		has("schedules", "case 79", "case 81", "case 83"),
		has("scheduleBefore", "case 80"),
		has("errors of a publish say what is wrong", "case 82", "transport/hotsock.TestPublish"),
		has("an id only if it is eager", "case 99", "case 100"),
	}},
	{"1.6.0", []feature{has("broadcast", "case 43", "case 44")}},
	{"1.7.0", []feature{has("autoSubscribe", "case 28", "case 29", "claims.TestAutoSubscribes")}},
	{"1.8.0", []feature{
		has("messages of one event", "cmd/acceptance.TestManageChannels/GET|/channels/m.a/messages?event=f"),
		has("who sent a message, from where and how", "case 107", "case 113", "actors.TestBackendEvents"),
	}},
	{"1.8.7", []feature{not("that index only if it is wanted", "it is no table of its own that costs money")}},
	{"1.8.11", []feature{has("a key without an id takes any kid", "case 9", "case 10", "claims.TestVerifyChoosesKeysByID")}},
	{"1.9.0", []feature{
		has("disconnectedAt", "case 107"),
		not("events of 1 MB", "webhooks and NATS have the size of what they tell of; no bus cuts them"),
		not("another look of the console", "ours is our own"),
	}},
	{"1.9.1", []feature{has("hotsockVersion", "case 107")}},
	{"1.10.0", []feature{
		has("aliases", "case 17", "case 30", "case 31", "case 32"),
		not("deliveries to more than 250 subscribers in batches", "one pass reaches all: nobody waits for another worker"),
	}},
	{"1.10.1", []feature{has("channel names of 256 characters", "case 27")}},
	{"1.11.0", []feature{
		has("#regex: for channels and events", "case 15", "case 25", "case 26"),
		has("# inside event names", "case 46"),
		has("errors that name a member and its type", "case 49", "transport/hotsock.TestDecodeRefuses"),
	}},
	{"1.12.0", []feature{
		has("channel storage: set, get, observe", "case 84", "case 85", "case 86", "case 87", "case 88", "case 89"),
		has("entries that expire", "case 90", "actors.TestEntriesExpireOnTimeAlsoAfterSleepAndRestart"),
		has("scheduled writes", "transport/hotsock.TestScheduledPublishes"),
		has("lists of entries", "case 91"),
		has("servers write entries", "case 92"),
		has("the Channels API", "case 104", "case 106", "transport/hotsock.TestChannelStorage"),
		has("getInfo and getChannelInfo", "case 98"),
		has("umd updates, of a subscription and of a connection", "case 93", "case 94", "case 95", "case 96", "case 97"),
		has("memberUpdated", "case 54", "case 93"),
		has("connectionUpdated for backends", "actors.TestBackendsHearOfAnotherUMD"),
		has("channelStorageUpdated for backends", "actors.TestBackendEvents", "actors/channel/testdata/expiry.txt#hotsock.channelStorageUpdated"),
	}},
	{"1.13.0", []feature{
		has("reactions", "case 72", "case 73", "case 74", "case 75", "case 76"),
		has("listReactions and expandReactions", "case 77", "case 78", "transport/hotsock.TestListReactions"),
		has("reactions for backends", "actors.TestBackendsHearOfReactions"),
		has("members for backends", "actors/channel/testdata/presence.txt#hotsock.memberAdded", "actors/channel/testdata/umd.txt#hotsock.memberUpdated"),
		has("heartbeatTimeout", "case 16", "case 59", "case 60"),
	}},
	{"1.13.1", []feature{not("metrics of the stack", "they are AWS's; transport/metrics has ours")}},
	{"1.13.2", []feature{
		has("a umd update of who is gone makes nothing", "actors.TestAUMDUpdateOfWhoIsGoneMakesNothing"),
		has("where the time of a call goes", "actors.TestTraces"),
	}},
	{"1.13.3", []feature{has("listReactions keeps to historyStart", "case 78")}},
	{"1.13.4 and 1.13.5", []feature{has("a slow connection holds up no other", "case 50", "case 110", "transport/ws.TestSlowConsumers")}},

	{"JavaScript 1.1", []feature{
		has("id, secret and expiry of the connection", contract("04 connected has objects, with nulls in them if there is nothing")),
		not("a callback for errors of the token function", "it never reaches a server"),
	}},
	{"JavaScript 1.2", []feature{
		has("channels that are joined by themselves", contract("03 connected is the first frame and no timer ends"), "case 111"),
		has("waiting longer after each refusal", "case 112", refusedPages),
	}},
	{"JavaScript 1.3", []feature{
		has("aliases", contract("07 both names of an alias"), "case 111"),
		has("five seconds for connected", contract("03 connected is the first frame and no timer ends")),
		has("a subscribe that failed is tried again when it is bound again", contract("11 refusals that bar a subscription until it is bound again")),
		has("bindings after an end", contract("15 suspended and resumed, bindings subscribe")),
		not("ES modules", "it is how the client is packed"),
	}},
	{"JavaScript 1.4", []feature{has("heartbeats", contract("12 a heartbeat has no answer"), "case 60")}},
}

// TestReleases holds each feature to tests that are there. What they say is theirs to keep.
func TestReleases(t *testing.T) {
	cases := map[string]bool{}
	for _, c := range hotsockCases() {
		cases[fmt.Sprintf("case %d", c.number)] = true
	}
	for _, r := range releases {
		if len(r.features) == 0 {
			t.Errorf("%s has nothing", r.name)
		}
		for _, f := range r.features {
			if f.what == "" || (len(f.tests) == 0) != (f.why != "") {
				t.Errorf("%s, %s: needs tests, or why there are none", r.name, f.what)
			}
			for _, test := range f.tests {
				var err error
				if transcript, text, ok := strings.Cut(test, "#"); ok {
					err = transcriptHas(transcript, text)
				} else if strings.HasPrefix(test, "case ") {
					if !cases[test] {
						err = fmt.Errorf("there is no such case")
					}
				} else {
					err = testIsThere(test)
				}
				if err != nil {
					t.Errorf("%s, %s: %s: %v", r.name, f.what, test, err)
				}
			}
		}
	}
	for _, wrong := range []string{"actors.TestNothing", "nowhere.TestX", "actors.TestHeartbeats/no such part", "actors.testing"} {
		if testIsThere(wrong) == nil {
			t.Errorf("%s is taken for a test", wrong)
		}
	}
}

const root = "../.."

func transcriptHas(path, text string) error {
	content, err := os.ReadFile(filepath.Join(root, path))
	if err == nil && !strings.Contains(string(content), text) {
		err = fmt.Errorf("it does not have %q", text)
	}
	return err
}

// testIsThere looks for package.TestName in the sources, and for the texts of a subtest in its file: one, or
// several between bars, such as the parts of a call.
func testIsThere(test string) error {
	name, parts, _ := strings.Cut(test, "/")
	for !strings.Contains(name, ".") && parts != "" { // packages have slashes too
		more, rest, _ := strings.Cut(parts, "/")
		name, parts = name+"/"+more, rest
	}
	folder, function, ok := strings.Cut(name, ".")
	if !ok || !strings.HasPrefix(function, "Test") {
		return fmt.Errorf("it is no test's name")
	}
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		return err
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); !ok || fn.Recv != nil || fn.Name.Name != function {
				continue
			}
			texts := textsOf(file)
			for part := range strings.SplitSeq(parts, "|") {
				if part != "" && !texts[part] {
					return fmt.Errorf("%s has no %q", path, part)
				}
			}
			return nil
		}
	}
	return fmt.Errorf("no file of %s has it", folder)
}

func textsOf(file *ast.File) map[string]bool {
	texts := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				texts[text] = true
			}
		}
		return true
	})
	return texts
}

// A server listens where it is told to, and so where there is IPv6 alone.
func TestIPv6(t *testing.T) {
	s := newScene(t, serve(t, defaults().with(settings{"listen": "[::1]:0", "admin.listen": "[::1]:0"})))
	s.connect("A", `{"channels":{"c":{"subscribe":true}}}`)
	s.play(`
		A > sub c
		A < subscribed c`)
	s.answers(202, `"<any>"`)(s.server.publish(t.Context(), `{"channel":"c","event":"e","data":6}`))
	s.play(`A < message c e 6`)
}
