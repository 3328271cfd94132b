package cmd

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A tree is a YAML value, stripped to what a setting can be: nothing, a scalar's text, a list, or named
// values in their order. line counts from 1; zero if the text has no lines to speak of.
type tree struct {
	line   int
	kind   treeKind
	scalar string
	list   []tree
	pairs  []pair
}

// moveTo puts all of t in one line, for text that was inside a value.
func (t *tree) moveTo(line int) {
	t.line = line
	for i := range t.list {
		t.list[i].moveTo(line)
	}
	for i := range t.pairs {
		t.pairs[i].line = line
		t.pairs[i].value.moveTo(line)
	}
}

type pair struct {
	name  string
	line  int
	value tree
}

type treeKind uint8

const (
	treeNull treeKind = iota
	treeScalar
	treeList
	treePairs
)

// parseTree reads one YAML document. Scalars keep their text, so that 1e3 or 010 mean what they say to the
// setting that reads them. Anchors, aliases, tags and merges are refused: a file of settings that needs
// them hides what it sets.
//
// Errors: a *treeError, with its line.
func parseTree(text []byte) (tree, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return tree{}, &treeError{syntax.GetToken().Position.Line, syntax.GetMessage()}
		}
		return tree{}, &treeError{0, err.Error()}
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return tree{}, &treeError{lineOf(doc.Body), "a second document begins here; only one is read"}
		}
		body = doc.Body
	}
	if body == nil {
		return tree{}, nil
	}
	return treeOf(body)
}

func treeOf(node ast.Node) (tree, error) {
	t := tree{line: lineOf(node)}
	switch n := node.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return t, nil
	case *ast.LiteralNode:
		t.kind, t.scalar = treeScalar, n.Value.Value
		return t, nil
	case *ast.StringNode:
		t.kind, t.scalar = treeScalar, n.Value
		return t, nil
	case *ast.SequenceNode:
		t.kind = treeList
		for _, v := range n.Values {
			item, err := treeOf(v)
			if err != nil {
				return tree{}, err
			}
			t.list = append(t.list, item)
		}
		return t, nil
	case *ast.MappingValueNode:
		return treeOfPairs(t, []*ast.MappingValueNode{n})
	case *ast.MappingNode:
		return treeOfPairs(t, n.Values)
	case ast.ScalarNode: // numbers, booleans: their text
		t.kind, t.scalar = treeScalar, n.GetToken().Value
		return t, nil
	}
	return tree{}, &treeError{t.line, fmt.Sprintf("YAML's %s is not read here; write plain values", node.Type())}
}

func treeOfPairs(t tree, values []*ast.MappingValueNode) (tree, error) {
	t.kind = treePairs
	for _, v := range values {
		name, ok := v.Key.(ast.ScalarNode)
		if !ok {
			return tree{}, &treeError{lineOf(v.Key), "a key must be plain text"}
		}
		value, err := treeOf(v.Value)
		if err != nil {
			return tree{}, err
		}
		key := name.GetToken().Value
		t.pairs = append(t.pairs, pair{key, lineOf(v.Key), value})
		if len(t.pairs) == 1 {
			t.line = lineOf(v.Key)
		}
	}
	return t, nil
}

func lineOf(node ast.Node) int {
	if t := node.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// A treeError is YAML that cannot be read.
type treeError struct {
	line    int // from 1; zero: unknown
	message string
}

func (e *treeError) Error() string {
	if e.line == 0 {
		return e.message
	}
	return fmt.Sprintf("line %d: %s", e.line, e.message)
}
