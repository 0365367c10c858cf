package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/pflag"

	"flashmob/flow"
)

// A run file is YAML: a key for every flag that is to be given, by the flag's name. Lists are for flags that may be given
// several times; env may be a mapping, too.

// fileSetting is what a run file says of one flag.
type fileSetting struct {
	name   string
	values []string
	where  string // FILE:LINE
}

// readRunFile reads a run file, whose keys must be names of flags.
func readRunFile(path string, flags *pflag.FlagSet) ([]fileSetting, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("run file %q: %w", path, err)
	}
	file, err := parser.ParseBytes(bytes.TrimPrefix(text, []byte(flow.BOM)), 0)
	if err != nil {
		return nil, usagef("run file %q: %w", path, errors.New(strings.TrimSpace(err.Error())))
	}
	if len(file.Docs) > 1 {
		return nil, usagef("%s:%d: a run file is one document", path, file.Docs[1].GetToken().Position.Line)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, nil
	}
	pairs, ok := mapping(file.Docs[0].Body)
	if !ok {
		return nil, usagef("%s:%d: must be keys and values, such as input: data.csv", path, lineOf(file.Docs[0].Body))
	}
	var settings []fileSetting
	for _, pair := range pairs {
		s := fileSetting{name: scalar(pair.Key), where: fmt.Sprintf("%s:%d", path, lineOf(pair.Key))}
		flag := flags.Lookup(s.name)
		switch {
		case flag == nil || notInFiles[s.name]:
			return nil, unknownKey(s, flags)
		case slices.ContainsFunc(settings, func(o fileSetting) bool { return o.name == s.name }):
			return nil, usagef("%s: %s: it is there already", s.where, s.name)
		}
		if s.values, err = values(pair.Value, flag); err != nil {
			return nil, usagef("%s: %s: %w", s.where, s.name, err)
		}
		settings = append(settings, s)
	}
	return settings, nil
}

// notInFiles are flags that mean nothing in a run file.
var notInFiles = map[string]bool{"run-file": true, "help": true, "attach": true}

// unknownKey says that no flag has that name, and which has nearly.
func unknownKey(s fileSetting, flags *pflag.FlagSet) error {
	err := usagef("%s: %q: no such key", s.where, s.name)
	near, least := "", max(2, len(s.name)/3)+1
	flags.VisitAll(func(f *pflag.Flag) {
		if d := levenshtein.Distance(s.name, f.Name, nil); d < least && !notInFiles[f.Name] {
			near, least = f.Name, d
		}
	})
	if near != "" {
		return withHint(err, "did you mean %s?", near)
	}
	return withHint(err, "flashmob init - shows all keys")
}

// mapping returns the pairs of a mapping.
func mapping(node ast.Node) (pairs []*ast.MappingValueNode, ok bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// values returns what a node says as values of a flag.
func values(node ast.Node, flag *pflag.Flag) ([]string, error) {
	_, several := flag.Value.(pflag.SliceValue)
	if pairs, ok := mapping(node); ok && flag.Name == "env" {
		var all []string
		for _, pair := range pairs {
			value, ok := text(pair.Value)
			if !ok {
				return nil, fmt.Errorf("line %d: must be NAME: VALUE", lineOf(pair.Key))
			}
			all = append(all, scalar(pair.Key)+"="+value)
		}
		return all, nil
	}
	if list, ok := node.(*ast.SequenceNode); ok {
		if !several {
			return nil, errors.New("must be one value, not a list")
		}
		var all []string
		for _, item := range list.Values {
			value, ok := text(item)
			if !ok {
				return nil, fmt.Errorf("line %d: must be a list of values", lineOf(item))
			}
			all = append(all, value)
		}
		return all, nil
	}
	value, ok := text(node)
	if !ok {
		return nil, errors.New("must be a value")
	}
	return []string{value}, nil
}

// text returns a scalar's text; false for anything else.
func text(node ast.Node) (string, bool) {
	switch node.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.LiteralNode, *ast.InfinityNode, *ast.NanNode:
		return scalar(node), true
	}
	return "", false
}

func scalar(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n")
	}
	return node.GetToken().Value
}

func lineOf(node ast.Node) int {
	if pairs, ok := mapping(node); ok && len(pairs) > 0 {
		node = pairs[0].Key
	}
	return node.GetToken().Position.Line
}
