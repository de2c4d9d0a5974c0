package command

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/rogpeppe/go-internal/testscript"

	"ipcbench/explain"
	"ipcbench/host"
	"ipcbench/kernels/profile"
	"ipcbench/report"
	"ipcbench/results"
)

// outputs are what --format json prints, by command. The schema is made from their
// types, and the comments of their fields.
var outputs = map[string]reflect.Type{
	"run":            reflect.TypeFor[report.RunResult](),
	"kernels why":    reflect.TypeFor[profile.Comparison](),
	"doctor":         reflect.TypeFor[host.Diagnosis](),
	"explain --time": reflect.TypeFor[explain.Time](),
	"list":           reflect.TypeFor[catalog](),
	"merge":          reflect.TypeFor[report.RunResult](),
	"runs":           reflect.TypeFor[report.Runs](),
	"runs show":      reflect.TypeFor[report.RunResult](),
	"runs diff":      reflect.TypeFor[report.RunsDiff](),
	"runs remove":    reflect.TypeFor[removed](),
	"kernels cache":  reflect.TypeFor[keptBoots](),
	"history add":    reflect.TypeFor[historyAdded](),
	"history show":   reflect.TypeFor[report.History](),
}

// schemaFile documents outputs.
const schemaFile = "../docs/output.schema.json"

var writeSchema = flag.Bool("write", false, "write docs/output.schema.json anew")

// forms are types with a JSON of their own.
var forms = map[reflect.Type]*jsonschema.Schema{
	reflect.TypeFor[results.Float]():   {Types: []string{"null", "number"}},
	reflect.TypeFor[results.Count]():   {Types: []string{"null", "integer"}},
	reflect.TypeFor[json.RawMessage](): {Type: "array"},
}

// schemaOf is the schema of an output. A strict one admits no key that it does not
// have; others do, since a later version may add some.
func schemaOf(output reflect.Type, strict bool) (*jsonschema.Schema, error) {
	s, err := jsonschema.ForType(output, &jsonschema.ForOptions{TypeSchemas: forms})
	walk(s, func(s *jsonschema.Schema) {
		if slices.Contains(s.Types, "array") || slices.Contains(s.Types, "object") {
			s.Type, s.Types = s.Types[1], nil // a list is empty or missing, and never null
		}
		if s.Properties != nil && !strict {
			s.AdditionalProperties = nil
		}
	})
	return s, err
}

// walk calls f with each part of a schema.
func walk(s *jsonschema.Schema, f func(*jsonschema.Schema)) {
	if s == nil {
		return
	}
	f(s)
	for _, p := range s.Properties {
		walk(p, f)
	}
	walk(s.Items, f)
	walk(s.AdditionalProperties, f)
}

// describe gives each key the comment of its field.
func describe(t *testing.T, s *jsonschema.Schema, of reflect.Type) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch of.Kind() {
	case reflect.Slice:
		if s.Items != nil {
			describe(t, s.Items, of.Elem())
		}
	case reflect.Map:
		describe(t, s.AdditionalProperties, of.Elem())
	case reflect.Struct:
		for i := range of.NumField() {
			f := of.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous {
				describe(t, s, f.Type)
			} else if p := s.Properties[name]; p != nil {
				p.Description = comments(t, of.PkgPath())[of.Name()+"."+f.Name]
				describe(t, p, f.Type)
			}
		}
	}
}

// read are the comments of fields, by package.
var read = map[string]map[string]string{}

// comments are those of the fields of a package's types, by "Type.Field".
func comments(t *testing.T, path string) map[string]string {
	if read[path] != nil {
		return read[path]
	}
	all := map[string]string{}
	dir := filepath.Join("..", strings.TrimPrefix(path, "ipcbench/"))
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						text := f.Doc.Text() + f.Comment.Text()
						all[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
					}
				}
			}
			return true
		})
	}
	read[path] = all
	return all
}

// docs/output.schema.json is what the types say. `make generate` writes it.
func TestOutputSchema(t *testing.T) {
	whole := &jsonschema.Schema{
		Schema: "https://json-schema.org/draft/2020-12/schema", Title: "What ipcbench prints with --format json",
		Description: "A definition for each command. A later version may add keys, and removes none.",
		Defs:        map[string]*jsonschema.Schema{},
	}
	for command, output := range outputs {
		s, err := schemaOf(output, false)
		if err != nil {
			t.Fatalf("%v: %v", output, err)
		}
		describe(t, s, output)
		whole.Defs[command] = s
	}
	got, err := json.MarshalIndent(whole, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *writeSchema {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not what the types say: make generate", schemaFile)
	}
	for command, s := range whole.Defs {
		walk(s, func(s *jsonschema.Schema) {
			for key, p := range s.Properties {
				if p.Description == "" && !slices.Contains(plain, key) {
					t.Errorf("%s: the key %s has no description: give its field a comment", command, key)
				}
			}
		})
	}
}

// plain are keys that say what they are.
var plain = []string{"run", "label", "note", "directory", "name", "summary", "mechanism", "peers", "ok", "skipped", "failed", "untrusted", "problem", "virt", "outcome",
	"warnings", "framing", "help", "op", "since", "files", "bytes", "values", "a", "workload", "started"}

// conforms COMMAND checks that the last command's standard output is one JSON value
// of that command's schema, with no key that this does not have.
func conforms(ts *testscript.TestScript, neg bool, args []string) {
	output, ok := outputs[strings.Join(args, " ")]
	if neg || !ok {
		ts.Fatalf("usage: conforms COMMAND, one of %v", outputs)
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
	s, err := schemaOf(output, true)
	ts.Check(err)
	resolved, err := s.Resolve(nil)
	ts.Check(err)
	ts.Check(resolved.Validate(value))
}
