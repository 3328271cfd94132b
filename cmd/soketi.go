package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A soketiImport is what soketi was configured with, by its file and its variables, on its way into our settings. It
// stands below everything of ours: what both say is as we have it.
//
// Values are found by soketi's paths, such as database.mysql.host. Each of its variables stands for a path, and goes
// before the file.
type soketiImport struct {
	*loaded
	settings []setting
	values   map[string]soketiValue
}

// A soketiValue is one value as JSON has it; numbers are json.Number.
type soketiValue struct {
	value any
	where place
}

const soketiPrefix = "SOKETI_"

// readSoketi reads soketi's file, if there is one, and its variables, if there are some.
func (l *loaded) readSoketi(file string, environ []string, settings []setting) {
	s := &soketiImport{l, settings, map[string]soketiValue{}}
	if file != "" {
		s.readFile(file)
	}
	s.readEnv(environ)
	if file == "" && len(s.values) == 0 {
		return // there is no soketi here, and its defaults are not ours
	}
	s.apply()
}

func (s *soketiImport) readFile(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		s.fault(place{name: path}, "", fmt.Sprintf("cannot be read: %v", err))
		return
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var root map[string]any
	if err = d.Decode(&root); err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more follows after the first value")
		}
	}
	if err != nil || root == nil {
		line := 1 + bytes.Count(text[:min(int(d.InputOffset()), len(text))], []byte("\n"))
		s.fault(place{path, line}, "", fmt.Sprintf("soketi's file wants one JSON object: %v", err))
		return
	}
	s.flatten(path, "", root)
}

// flatten takes an object apart. Names in it may have dots, which are levels as well.
func (s *soketiImport) flatten(file, prefix string, object map[string]any) {
	for name, v := range object {
		path := prefix + name
		if inner, ok := v.(map[string]any); ok && soketiRow(path) == nil {
			s.flatten(file, path+".", inner)
			continue
		}
		if v == nil {
			continue
		}
		where := place{name: file + " " + path}
		if soketiRow(path) == nil && !isSoketiApp(path) {
			s.unknown(where, path)
			continue
		}
		s.values[path] = soketiValue{v, where}
	}
}

func (s *soketiImport) unknown(where place, path string) {
	var paths []string
	for _, r := range soketiRows {
		paths = append(paths, r.path)
	}
	s.warnings = append(s.warnings, where.String()+" is no setting of soketi, and was ignored"+didYouMean(path, paths))
}

// readEnv reads SOKETI_*. An empty one counts as none, as in soketi.
func (s *soketiImport) readEnv(environ []string) {
	paths, names := map[string]string{}, []string{}
	for _, r := range soketiRows {
		for _, name := range r.env {
			paths[soketiPrefix+name] = r.path
			names = append(names, soketiPrefix+name)
		}
	}
	for _, variable := range environ {
		name, text, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, soketiPrefix) || text == "" {
			continue
		}
		path, ok := paths[name]
		if !ok {
			if !strings.Contains(text, "://") && !strings.Contains(name, "_SERVICE_") && !strings.Contains(name, "_PORT_") {
				s.warnings = append(s.warnings, name+" is no variable of soketi, and was ignored"+didYouMean(name, names))
			}
			continue
		}
		// soketi takes every variable for JSON if it is some. That makes numbers of secrets with digits alone, so
		// that people learned to quote them: quotes go, and all else is text.
		var unquoted string
		if json.Unmarshal([]byte(text), &unquoted) == nil && text[0] == '"' {
			text = unquoted
		}
		s.values[path] = soketiValue{text, place{name: name}}
	}
}

// text is the value at a path as text. ok is false if there is none that is text, a number or a boolean.
func (s *soketiImport) text(path string) (text string, where place, ok bool) {
	v, ok := s.values[path]
	if !ok {
		return "", place{}, false
	}
	switch t := v.value.(type) {
	case string:
		return t, v.where, true
	case json.Number, bool:
		return fmt.Sprint(t), v.where, true
	}
	return "", v.where, false
}

// set gives a setting of ours a value.
func (s *soketiImport) set(key, text string, where place) {
	i := slices.IndexFunc(s.settings, func(s setting) bool { return s.key == key })
	s.where[key] = where
	if err := s.settings[i].value.set(tree{kind: treeScalar, scalar: text}, ""); err != nil {
		s.faults.add(where, key, err)
	}
}

// soketiDefault is where a setting comes from that soketi has in silence.
var soketiDefault = place{name: "soketi's default"}

// apply brings everything into our settings.
func (s *soketiImport) apply() {
	s.set("apps.built_in", builtInLoopback, soketiDefault)
	s.set("pusher.shutdown_grace", "3s", soketiDefault)
	for _, r := range soketiRows {
		if _, given := s.values[r.path]; !given || r.ignored != nil {
			continue
		}
		if r.key == "" {
			continue // one of several that make a setting, below
		}
		text, where, ok := s.text(r.path)
		if !ok {
			s.fault(where, r.key, "wants one value")
			continue
		}
		if r.convert != nil {
			converted, err := r.convert(strings.TrimSpace(text))
			if err != nil {
				s.faults.add(where, r.key, err)
				continue
			}
			text = converted
		}
		if text != "" {
			s.set(r.key, text, where)
		}
	}
	s.address("listen", "host", "port", "0.0.0.0", "6001")
	s.set("allow_plain", "true", soketiDefault)
	s.admin()
	s.pooling()
	s.cacheTTL()
	s.apps()
	s.ignored()
}

// address makes an address of a host and a port.
func (s *soketiImport) address(key, hostPath, portPath, host, port string) {
	where := soketiDefault
	if text, at, ok := s.text(hostPath); ok {
		host, where = text, at
	}
	if text, at, ok := s.text(portPath); ok {
		port, where = text, at
	}
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	s.set(key, host+":"+port, where)
}

// admin puts our admin listener where soketi has its metrics. Where they are off it stays on loopback: it has more to
// tell than soketi's.
func (s *soketiImport) admin() {
	text, where, ok := s.text("metrics.enabled")
	on, err := soketiBool(text)
	if ok && err != nil {
		s.faults.add(where, "admin.listen", fmt.Errorf("metrics: %w", err))
		return
	}
	if on == "true" {
		s.address("admin.listen", "metrics.host", "metrics.port", "0.0.0.0", "9601")
		return
	}
	s.address("admin.listen", "", "metrics.port", "127.0.0.1", "9601")
}

// cacheTTL sets how long apps are remembered: soketi's cache is off, or for ever, unless it is told.
func (s *soketiImport) cacheTTL() {
	text, where, ok := s.text("appManager.cache.enabled")
	on, err := soketiBool(text)
	if ok && err != nil {
		s.faults.add(where, "apps.cache.ttl", err)
		return
	}
	if on != "true" {
		return // then ours, which is short
	}
	text, at, ok := s.text("appManager.cache.ttl")
	if !ok {
		text = "-1"
	} else {
		where = at
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	switch {
	case err != nil:
		s.fault(where, "apps.cache.ttl", fmt.Sprintf("%q is no number of seconds", text))
	case seconds <= 0 || seconds > 1e9:
		s.set("apps.cache.ttl", "0s", where) // for ever
	default:
		s.set("apps.cache.ttl", strconv.FormatFloat(seconds, 'f', -1, 64)+"s", where)
	}
}

// pooling sets the bound of connections to databases.
func (s *soketiImport) pooling() {
	text, where, ok := s.text("databasePooling.enabled")
	on, err := soketiBool(text)
	if ok && err != nil {
		s.faults.add(where, "apps.mysql.connections", err)
		return
	}
	most, where, ok := s.text("databasePooling.max")
	if ok && on == "true" {
		s.set("apps.mysql.connections", most, where)
		s.set("apps.postgres.connections", most, where)
	}
}

// ignored tells of what one server without Redis has no use for, and of what is not supported.
func (s *soketiImport) ignored() {
	for _, r := range soketiRows {
		if _, given := s.values[r.path]; r.ignored == nil || !given {
			continue
		}
		text, where, _ := s.text(r.path)
		if why := r.ignored(strings.ToLower(text)); why != "" {
			s.warnings = append(s.warnings, fmt.Sprintf("%s is ignored: %s", where, why))
		}
	}
}
