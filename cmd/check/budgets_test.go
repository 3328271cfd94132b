package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dormouse/bench/scenario"
)

// Whoever has a budget is in the list.
func TestEveryBudgetIsRun(t *testing.T) {
	root := filepath.Join("..", "..")
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "\nfunc TestBudget(") {
			dir, _ := filepath.Rel(root, filepath.Dir(path))
			found["./"+filepath.ToSlash(dir)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range budgeted {
		if !found[dir] {
			t.Errorf("%s has no TestBudget", dir)
		}
	}
	for _, dir := range scenario.BudgetBenchmarks {
		if !found[dir] {
			t.Errorf("the bench looks for budgets in %s, where none are", dir)
		}
	}
	for dir := range found {
		if !slices.Contains(scenario.BudgetBenchmarks, dir) && dir != "./bench/budget" {
			t.Errorf("%s has a BenchmarkBudget that the bench does not run", dir)
		}
		if !slices.Contains(budgeted, dir) {
			t.Errorf("%s has a TestBudget that no check runs", dir)
		}
	}
}
