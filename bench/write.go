package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"dormouse/bench/report"
)

// write writes files to the folder, and says where they are.
func (s *settings) write(log io.Writer, files map[string]func(io.Writer) error) error {
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(s.out, name)
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := files[name](f); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		fmt.Fprintln(log, "wrote", path)
	}
	return nil
}

// writeComparison compares the two reports that the flags name.
func (s *settings) writeComparison(w, log io.Writer) error {
	var both []*report.Report
	for _, path := range s.compare {
		r, err := report.Read(path)
		if err != nil {
			return err
		}
		both = append(both, r)
	}
	c, err := report.Compare(both[0], both[1])
	if err != nil {
		return err
	}
	c.WriteTable(w)
	return s.write(log, map[string]func(io.Writer) error{"compare.html": c.WriteHTML})
}
