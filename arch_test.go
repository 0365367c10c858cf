// Package flashmob_test holds the whole module to the house that ARCHITECTURE.md describes.
package flashmob_test

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "flashmob"

// imports says which packages of ours a folder may import, and nothing else of ours. A folder stands for all below it.
var imports = map[string][]string{
	"cmd/flashmob": {"apps", "bench", "chaos", "classifier", "cmd/flashmob", "dashboard", "flow", "infra", "input", "internal/buildinfo", "internal/garbage", "internal/scratch", "inventory", "manifest", "orchestrator", "simulator", "store", "timeline", "worker"},
	"cmd/worker":   {"apps", "classifier", "dashboard", "internal/buildinfo", "internal/garbage", "worker"},
	"cmd":          {"infra", "infra/stack", "internal/buildinfo", "internal/sandbox", "inventory"},
	"orchestrator": {"flow", "input", "internal/buildinfo", "internal/scratch", "inventory", "manifest", "orchestrator", "timeline", "worker"},
	"infra":        {"infra", "inventory", "internal/buildinfo", "internal/sandbox"},
	"bench/exec":   {"bench", "store"},
	"bench/faults": {"bench", "chaos", "inventory"},
	"bench":        {"bench", "inventory"},
	"chaos":        {"chaos", "inventory", "manifest", "orchestrator", "worker"},
	"simulator":    {"bench", "worker"},
	"latency":      {},
	"timeline":     {},
	"dashboard":    {"dashboard", "flow", "input", "latency", "manifest", "timeline", "worker"},
	"worker":       {"flow", "input", "internal/buildinfo", "internal/pages", "latency", "manifest", "worker"},
	"manifest":     {"flow", "input"},
	"apps":         {"apps", "classifier", "flow", "internal/pages"},
	"classifier":   {"flow"},
	"flow":         {},
	"input":        {"flow"},
	"store":        {"input"},
	"inventory":    {},
	"internal":     {"internal"},
}

// banned says what a program or package must not reach, even through others, and why.
var banned = map[string]map[string]string{
	"cmd/worker": {
		"github.com/pulumi":               "the worker is uploaded to every host and has to stay small",
		"golang.org/x/crypto/ssh":         "the worker is uploaded to every host and has no business with others",
		"github.com/spf13/cobra":          "the worker is started by a program, not by people",
		"github.com/vbauerster/mpb":       "the worker has no terminal",
		module + "/infra":                 "the worker knows no cloud",
		module + "/orchestrator":          "the worker is driven, it does not drive",
		"testing":                         "tests stay out of programs",
		"github.com/goccy/go-yaml":        "the worker reads no inventory",
		"github.com/aws/aws-sdk-go":       "the worker knows no cloud",
		"golang.org/x/term":               "the worker has no terminal",
		"github.com/rogpeppe/go-internal": "tests stay out of programs",
	},
	"cmd/flashmob": {"testing": "tests stay out of programs"},
	"worker":       {module + "/infra": "what runs a flow does not know where its hosts come from"},
	"infra":        {module + "/worker": "what makes hosts does not know what they are for"},
	"flow":         {"net": "a flow is a pure function of its input", "github.com": "whoever writes an application needs no library for it"},
	"inventory":    {"net/http": "an inventory is a file"},
}

// vague names say nothing about what is in a package.
var vague = []string{"util", "utils", "common", "pkg", "helpers", "misc", "src"}

// A pkg is a package as go list describes it.
type pkg struct {
	ImportPath, Name, Doc, Dir string
	Imports, Deps              []string
	GoFiles                    []string
}

// packages lists all packages of the module, by their path in it.
func packages(t *testing.T) map[string]pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Dir,Imports,Deps,GoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]pkg{}
	for list := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := list.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath != module { // the root has only this test
			all[strings.TrimPrefix(p.ImportPath, module+"/")] = p
		}
	}
}

// ruleOf returns the rule for a package: that of the nearest folder above it that has one.
func ruleOf(name string) (allowed []string, ok bool) {
	for ; name != "."; name = path.Dir(name) {
		if allowed, ok := imports[name]; ok {
			return allowed, true
		}
	}
	return nil, false
}

// within reports whether a package is the one named, or below it.
func within(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

func TestImportsPointOneWay(t *testing.T) {
	for name, p := range packages(t) {
		allowed, ok := ruleOf(name)
		if !ok {
			t.Errorf("%s: no rule says what it may import", name)
		}
		for _, imported := range p.Imports {
			if imported == module {
				t.Errorf("%s imports the module's root", name)
			}
			ours, ok := strings.CutPrefix(imported, module+"/")
			if ok && !slices.ContainsFunc(allowed, func(a string) bool { return within(ours, a) }) {
				t.Errorf("%s imports %s; it may import %v", name, ours, allowed)
			}
		}
	}
}

func TestNothingReachesWhatItMustNot(t *testing.T) {
	all := packages(t)
	for name, bans := range banned {
		p, ok := all[name]
		if !ok {
			continue // not built yet
		}
		for _, dep := range p.Deps {
			for ban, why := range bans {
				if within(dep, ban) {
					t.Errorf("%s reaches %s: %s", name, dep, why)
				}
			}
		}
	}
}

func TestProgramsLieUnderCmd(t *testing.T) {
	for name, p := range packages(t) {
		if p.Name == "main" && !within(name, "cmd") && !within(name, "bench") && !within(name, "internal/sandbox") && !within(name, "examples") {
			t.Errorf("%s is a program", name)
		}
	}
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	for name, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no comment", name)
		}
		for element := range strings.SplitSeq(name, "/") {
			if slices.Contains(vague, element) || slices.Contains(vague, p.Name) {
				t.Errorf("%s: %q says nothing about what is in it", name, element)
			}
		}
	}
}

func TestFilesStayShort(t *testing.T) {
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if lines := bytes.Count(text, []byte("\n")); lines > 500 {
			t.Errorf("%s has %d lines, more than 500", name, lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What docs/write-an-app.md shows is flow/example_test.go's, which is run.
func TestTheDocumentedApplicationIsTheTestedOne(t *testing.T) {
	source, err := os.ReadFile("flow/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/write-an-app.md")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	begin := files.Position(file.Decls[0].End()).Offset // behind the imports
	for part := range strings.SplitSeq(string(source[begin:]), "\n}\n") {
		if part = strings.TrimSpace(part); part != "" && !strings.Contains(string(page), "```go\n"+part+"\n}\n```\n") {
			t.Errorf("docs/write-an-app.md lacks this part of flow/example_test.go:\n%s\n}", part)
		}
	}
	app, _, _ := bytes.Cut(source, []byte("func Example"))
	if lines := bytes.Count(app, []byte("\n")); lines >= 40 {
		t.Errorf("the application takes %d lines", lines)
	}
}
