package acceptance

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
)

// settings are keys of a configuration file, a dot for each level.
type settings map[string]any

const (
	apiKey      = "acceptance-api-key-number-one-0123456789"
	otherAPIKey = "acceptance-api-key-number-two-0123456789"
)

// defaults are what every test's server has unless it says otherwise: ports that are free, one HS256 key
// without an id, two API keys.
func defaults() settings {
	return settings{
		"listen":       "127.0.0.1:0",
		"admin.listen": "127.0.0.1:0",
		"token.keys":   []any{hs256.configured()},
		"api_keys":     []string{apiKey, otherAPIKey},
		"log.format":   "json",
		"drain.spread": "100ms", // a stop that waits for clients to come back elsewhere has its own test
	}
}

// with returns s and, where they say the same key, o instead.
func (s settings) with(o settings) settings {
	all := maps.Clone(s)
	maps.Copy(all, o)
	return all
}

// file is s as a configuration file. JSON is YAML.
func (s settings) file() []byte {
	root := map[string]any{}
	for key, value := range s {
		level, path := root, strings.Split(key, ".")
		for _, name := range path[:len(path)-1] {
			next, ok := level[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				level[name] = next
			}
			level = next
		}
		level[path[len(path)-1]] = value
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // a test wrote settings that are no JSON
	}
	return append(text, '\n')
}

// environment is that of this process without what would configure the program, or lead it to an account of AWS.
func environment() []string {
	env := []string{"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null"}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "DORMOUSE_") && !strings.HasPrefix(variable, "SOKETI_") && !strings.HasPrefix(variable, "AWS_") {
			env = append(env, variable)
		}
	}
	return env
}
