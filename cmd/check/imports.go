package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A rule keeps a package and all below it from importing something. Tests may import what they like.
type rule struct {
	from, never string
	except      []string // importers, with all below them, that may
	why         string
}

// rules are the house's directions: claims, persistence, actors, transport, cmd, each seeing only what
// stands before it; and each heavy library has one home. Prefixes end at a path's slash.
var rules = []rule{
	{from: "dormouse/claims", never: "dormouse", except: []string{"dormouse/claims"}, why: "claims stands alone"},
	{from: "dormouse/persistence", never: "dormouse/actors", why: "storage knows nothing of who uses it"},
	{from: "dormouse/persistence", never: "dormouse/transport", why: "storage knows nothing of who uses it"},
	{from: "dormouse/persistence", never: "dormouse/cmd", why: "only main wires"},
	{from: "dormouse/actors", never: "dormouse/transport", why: "actors call out through interfaces of their own"},
	{from: "dormouse/actors", never: "dormouse/cmd", why: "only main wires"},
	{from: "dormouse/transport", never: "dormouse/persistence", why: "transports ask the actors"},
	{from: "dormouse/transport", never: "dormouse/cmd", why: "only main wires"},
	{from: "dormouse/bench", never: "dormouse", except: []string{"dormouse/bench"}, why: "the bench speaks to a server over the wire"},
	{from: "dormouse", never: "github.com/asynkron/protoactor-go", except: []string{"dormouse/actors"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/aws", except: []string{"dormouse/transport/sigv4", "dormouse/persistence/apps/dynamodb"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/centrifugal", except: []string{"dormouse/bench"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/cockroachdb/pebble", except: []string{"dormouse/persistence", "dormouse/bench"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/go-sql-driver", except: []string{"dormouse/persistence/apps/sql"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/jackc", except: []string{"dormouse/persistence/apps/sql"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/lxzan/gws", except: []string{"dormouse/transport/ws", "dormouse/bench"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/nats-io", except: []string{"dormouse/transport/emit", "dormouse/bench"}, why: "one home for each library"},
	{from: "dormouse", never: "github.com/prometheus", except: []string{"dormouse/transport/metrics"}, why: "one home for each library"},
}

// breaks returns the rules that an import breaks.
func breaks(importer, imported string) []rule {
	var broken []rule
	for _, r := range rules {
		if !within(importer, r.from) || !within(imported, r.never) {
			continue
		}
		allowed := func(prefix string) bool {
			// An exception that lies inside never names what may be imported, else who may import.
			return within(importer, prefix) && (!within(prefix, r.never) || within(imported, prefix))
		}
		if !slices.ContainsFunc(r.except, allowed) {
			broken = append(broken, r)
		}
	}
	return broken
}

// within reports that path is prefix or lies below it. Below the module itself are only its packages.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func imports(ctx context.Context, r *run) (string, error) {
	out, err := r.command(ctx, "go", "list", "-json=ImportPath,Imports", ours)
	if err != nil {
		return "", err
	}
	var faults []string
	n := 0
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); n++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			return "", fmt.Errorf("go list: %w", err)
		}
		for _, imported := range p.Imports {
			for _, broken := range breaks(p.ImportPath, imported) {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, broken.why))
			}
		}
	}
	if len(faults) > 0 {
		return "", fmt.Errorf("%s", strings.Join(faults, "\n"))
	}
	return count(n, "package"), nil
}
