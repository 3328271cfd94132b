package cmd

import (
	"runtime"
	"runtime/debug"
)

type versionCmd struct {
	JSON bool `help:"Print one JSON object."`
}

// A versionInfo is what the program knows of its own making.
type versionInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Dirty   bool   `json:"dirty,omitempty"` // built from a changed checkout
	Go      string `json:"go"`
	OS      string `json:"os"`
	Pebble  string `json:"pebble"`
}

// versions reads what the Go tool recorded of the build.
func (p *program) versions() versionInfo {
	v := versionInfo{Version: p.version, Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if v.Version == "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Dirty = s.Value == "true"
		}
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/cockroachdb/pebble/v2" {
			v.Pebble = m.Version
		}
	}
	if v.Version == "" || v.Version == "(devel)" {
		v.Version = "development"
	}
	return v
}

// Run prints the versions.
func (c *versionCmd) Run(p *program) error {
	v := p.versions()
	if c.JSON {
		return printJSON(p.out, v)
	}
	commit := v.Commit
	if commit == "" {
		commit = "unknown"
	} else if v.Dirty {
		commit += " and changes"
	}
	newPrinter(p.out, nil).table([][]string{
		{"dormouse", v.Version},
		{"commit", commit},
		{"go", v.Go + " " + v.OS},
		{"pebble", v.Pebble},
	})
	return nil
}
