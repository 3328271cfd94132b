package cmd

import (
	"github.com/alecthomas/kong"
)

// configFlags are the sources that serve and config check read: a file, and a flag for every setting.
type configFlags struct {
	Config string `placeholder:"FILE" help:"Configuration file, YAML; also DORMOUSE_CONFIG. dormouse config defaults prints one."`
	soketiFlag
	kong.Plugins
}

// soketiFlag names soketi's own configuration, which stands below ours.
type soketiFlag struct {
	Soketi string `name:"soketi-config" placeholder:"FILE" help:"Configuration file of soketi, JSON; also DORMOUSE_SOKETI_CONFIG. Variables of soketi, SOKETI_*, are read in any case. What our own configuration says goes before."`
}

// sources are all that there are.
func (f soketiFlag) sources(p *program, file string, plugins kong.Plugins) sources {
	given := func(flag, variable string) string {
		if flag != "" {
			return flag
		}
		return lookup(p.env, variable)
	}
	return sources{
		soketi: true, soketiFile: given(f.Soketi, "DORMOUSE_SOKETI_CONFIG"),
		file: given(file, "DORMOUSE_CONFIG"), env: p.env, flags: givenFlags(plugins),
	}
}

// load reads everything that these flags and the environment name.
func (f *configFlags) load(p *program) *loaded {
	return load(f.sources(p, f.Config, f.Plugins))
}

type configCheckCmd struct {
	configFlags
	JSON bool `help:"Print one JSON object."`
}

func (*configCheckCmd) Help() string {
	return "Every key is also an environment variable: token.audience is DORMOUSE_TOKEN_AUDIENCE. A flag goes before a variable, a variable before the file. The exit code is 2 if anything is wrong."
}

// Run prints the configuration even if it is wrong: seeing what was read is half of finding the fault.
func (c *configCheckCmd) Run(p *program) error {
	l := c.load(p)
	_, faults := l.validate(forServe)
	if c.JSON {
		list := []map[string]string{}
		for _, f := range faults {
			list = append(list, map[string]string{"where": f.Where.String(), "key": f.Key, "message": f.Message})
		}
		warnings := append([]string{}, l.warnings...)
		if err := printJSON(p.out, map[string]any{"config": l.asMap(), "faults": list, "warnings": warnings}); err != nil {
			return err
		}
		return faults.err()
	}
	l.print(p.out)
	for _, w := range l.warnings {
		newPrinter(p.err, p.env).line("warning: %s", w)
	}
	return faults.err()
}

type configDefaultsCmd struct{}

// Run prints the commented file.
func (*configDefaultsCmd) Run(p *program) error {
	printDefaults(p.out)
	return nil
}
