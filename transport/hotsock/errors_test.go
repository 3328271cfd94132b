package hotsock

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// TestCodesAreComplete reads the source of the engine's refusals: each has its row in the table.
func TestCodesAreComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../actors/channel/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		lit, ok := node.(*ast.CompositeLit)
		if !ok || len(lit.Elts) == 0 {
			return true
		}
		if id, ok := lit.Type.(*ast.Ident); !ok || id.Name != "Error" {
			return true
		}
		if first, ok := lit.Elts[0].(*ast.BasicLit); ok {
			code, _ := strconv.Unquote(first.Value)
			if statusOf[code] == 0 {
				t.Errorf("%s has no row in Codes", code)
			}
			n++
		}
		return true
	})
	if n < 20 {
		t.Errorf("only %d refusals found", n)
	}
	seen := map[string]bool{}
	for _, c := range Codes {
		if seen[c.Name] || c.Status < 400 || c.Meaning == "" {
			t.Errorf("row %+v", c)
		}
		seen[c.Name] = true
	}
}
