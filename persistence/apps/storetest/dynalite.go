package storetest

import (
	"embed"
	"path/filepath"
	"strconv"
	"syscall"
)

// npmFiles name the exact versions of dynalite and of all that it runs on, but for Node.js, and start it.
//
//go:embed npm
var npmFiles embed.FS

// dynalite is DynamoDB's protocol on Node.js, with the tables in memory.
var dynalite = program{
	name: "dynalite", ready: "dynalite is ready", halt: syscall.SIGKILL,
	prepare: func(s *Server) error {
		s.URL = "http://" + s.Addr
		_, err := Modules(npmFiles, "npm")
		return err
	},
	command: func(s *Server) ([]string, error) {
		node, err := executable("node")
		if err != nil {
			return nil, err
		}
		dir, err := Modules(npmFiles, "npm")
		return []string{node, filepath.Join(dir, "server.cjs"), strconv.Itoa(s.Port()), "127.0.0.1"}, err
	},
}
