package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sources are where settings come from. What stands later in this struct goes before what stands earlier,
// and a list replaces a list as a whole.
type sources struct {
	soketi     bool                // whether soketi's configuration is read too
	soketiFile string              // path of its file; "": none
	file       string              // path of a YAML file; "": none
	env        []string            // as os.Environ gives it
	flags      map[string][]string // by key, as given on the command line
}

// A loaded is a Config with the memory of where each setting came from.
type loaded struct {
	*Config
	where    map[string]place // by key; absent: the default
	warnings []string         // things that were ignored, for people
	faults   Faults           // what could not be read; the default stands in its place
}

// load reads all sources over the defaults.
func load(s sources) *loaded {
	l := &loaded{Config: DefaultConfig(), where: map[string]place{}}
	settings := l.settings()
	if s.soketi {
		l.readSoketi(s.soketiFile, s.env, settings)
	}
	l.readFile(s.file, settings)
	l.readEnv(s.env, settings)
	for _, set := range settings {
		given, ok := s.flags[set.key]
		if !ok {
			continue
		}
		l.where[set.key] = place{name: "--" + flagName(set.key)}
		if err := set.value.set(flagTree(given), ""); err != nil {
			l.faults.add(l.where[set.key], set.key, err)
		}
	}
	l.setMode(settings)
	return l
}

func (l *loaded) fault(where place, key, message string) {
	l.faults = append(l.faults, Fault{where, key, message})
}

// flagTree joins what was given for one flag: a flag given several times is a list.
func flagTree(given []string) tree {
	if len(given) == 1 {
		return tree{kind: treeScalar, scalar: given[0]}
	}
	t := tree{kind: treeList}
	for _, s := range given {
		item := tree{kind: treeScalar, scalar: s}
		if flow, err := parseTree([]byte(s)); err == nil && flow.kind == treePairs {
			item = flow
			item.moveTo(0)
		}
		t.list = append(t.list, item)
	}
	return t
}

func (l *loaded) readFile(path string, settings []setting) {
	if path == "" {
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		l.fault(place{name: path}, "", fmt.Sprintf("cannot be read: %v", err))
		return
	}
	root, err := parseTree(text)
	var bad *treeError
	switch {
	case errors.As(err, &bad):
		l.fault(place{path, bad.line}, "", bad.message)
		return
	case root.kind == treeNull:
		return
	case root.kind != treePairs:
		l.fault(place{path, root.line}, "", "wants keys, such as listen: 127.0.0.1:8080")
		return
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		l.fault(place{name: path}, "", err.Error())
		return
	}
	l.readPairs(path, folder, "", root.pairs, settings)
}

// readPairs reads one level of the file: what stands under prefix.
func (l *loaded) readPairs(path, folder, prefix string, pairs []pair, settings []setting) {
	for _, p := range pairs {
		key := prefix + p.name
		where := place{path, p.line}
		if i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key }); i >= 0 {
			l.where[key] = where
			if err := settings[i].value.set(p.value, folder); err != nil {
				l.faults.add(where, key, err)
			}
			continue
		}
		below := slices.ContainsFunc(settings, func(s setting) bool { return strings.HasPrefix(s.key, key+".") })
		switch {
		case !below:
			l.fault(where, key, "unknown key"+didYouMean(p.name, siblings(prefix, settings)))
		case p.value.kind == treePairs:
			l.readPairs(path, folder, key+".", p.value.pairs, settings)
		case p.value.kind == treeNull:
		case slices.ContainsFunc(settings, func(s setting) bool { return s.key == key+".default" }): // durability: sync
			l.readPairs(path, folder, key+".", []pair{{"default", p.line, p.value}}, settings)
		default:
			l.fault(where, key, "wants keys below it: "+strings.Join(siblings(key+".", settings), ", "))
		}
	}
}

// siblings lists the names that may stand under prefix.
func siblings(prefix string, settings []setting) []string {
	var names []string
	for _, s := range settings {
		rest, ok := strings.CutPrefix(s.key, prefix)
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, ".")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// ownEnv are the variables with our prefix that are no settings: those of the client commands, and what
// the tests of a binary use.
var ownEnv = []string{"DORMOUSE_URL", "DORMOUSE_ADMIN_URL", "DORMOUSE_API_KEY", "DORMOUSE_TOKEN", "DORMOUSE_CONFIG", "DORMOUSE_SOKETI_CONFIG"}

// readEnv reads DORMOUSE_*; an empty variable counts as none. A variable with that prefix that is no setting is a warning and no fault: an
// orchestrator may put variables of its own there (Kubernetes does, for a service named dormouse).
func (l *loaded) readEnv(environ []string, settings []setting) {
	byName := map[string]setting{}
	names := slices.Clone(ownEnv)
	for _, s := range settings {
		byName[envName(s.key)] = s
		names = append(names, envName(s.key))
	}
	for _, variable := range environ {
		name, text, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "DORMOUSE_") || slices.Contains(ownEnv, name) || text == "" {
			continue
		}
		s, ok := byName[name]
		if !ok {
			if !strings.Contains(text, "://") && !strings.Contains(name, "_SERVICE_") && !strings.Contains(name, "_PORT_") {
				l.warnings = append(l.warnings, name+" is not a setting, and was ignored"+didYouMean(name, names))
			}
			continue
		}
		l.where[s.key] = place{name: name}
		if err := s.value.set(tree{kind: treeScalar, scalar: text}, ""); err != nil {
			l.faults.add(l.where[s.key], s.key, err)
		}
	}
}

// envName is the environment variable of a key: token.keys is DORMOUSE_TOKEN_KEYS.
func envName(key string) string {
	return "DORMOUSE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// flagName is the flag of a key: token.keys is --token-keys.
func flagName(key string) string {
	if key == "admin.pprof" {
		return "pprof"
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(key)
}
