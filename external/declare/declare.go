// Package declare reads the declarations of external transports.
package declare

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/external"
	"ipcbench/internal/suggest"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// file is a declaration as YAML has it.
type file struct {
	external.Declaration `yaml:",inline"`
	Sizes                struct{ Least, Most string } `yaml:"sizes"` // as flags take them: 64, 4KiB
}

// maxDeclaration bounds the file of a declaration, in bytes.
const maxDeclaration = 16 << 10

// Read reads the declaration in a file.
func Read(path string) (*external.Declaration, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxDeclaration+1))
	if err == nil && len(text) > maxDeclaration {
		err = fmt.Errorf("longer than %s: want a declaration", results.FormatBytes(maxDeclaration))
	}
	var d *external.Declaration
	if err == nil {
		d, err = parse(text)
	}
	if err == nil {
		err = complete(d, filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", results.Quote(path), err)
	}
	return d, nil
}

// Keys are those of a declaration.
var Keys = []string{"name", "summary", "command", "environment", "framing", "descriptors", "senders", "unrelated", "peer_death", "spins", "workloads", "built_on", "sizes"}

// parse reads a declaration. It is strict.
func parse(text []byte) (*external.Declaration, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if doc.Kind == 0 {
		return nil, errors.New("nothing is in it: want keys such as name: mine and command: [./mine]")
	}
	if err := known(doc.Content[0], "a declaration", Keys...); err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(doc.Content[0].Content); i += 2 {
		if doc.Content[0].Content[i].Value == "sizes" {
			if err := known(doc.Content[0].Content[i+1], "sizes", "least", "most"); err != nil {
				return nil, err
			}
		}
	}
	var d file
	if err := doc.Content[0].Decode(&d); err != nil {
		return nil, errors.New(plain(strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:")), " ")))
	}
	return &d.Declaration, cmp.Or(setSize(&d.Declaration.Sizes.Least, "least", d.Sizes.Least), setSize(&d.Declaration.Sizes.Most, "most", d.Sizes.Most))
}

// plain is an error of package yaml, with the types of Go in words.
func plain(text string) string {
	// Here, since what initialises is initialised in every worker.
	mistyped := regexp.MustCompile("cannot unmarshal !!\\w+ (?:`([^`]*)` )?into (\\S+)")
	return mistyped.ReplaceAllStringFunc(text, func(found string) string {
		m := mistyped.FindStringSubmatch(found)
		wanted := map[string]string{
			"[]string":          "want a list, as in [" + cmp.Or(results.Quote(m[1]), "a, b") + "]",
			"bool":              "want true or false",
			"string":            "want a text",
			"map[string]string": "want names with values, as in {NAME: value}",
		}[m[2]]
		if wanted == "" {
			return found
		}
		if m[1] == "" {
			return wanted
		}
		return fmt.Sprintf("%q: %s", results.Quote(m[1]), wanted)
	})
}

// setSize reads a size as flags take it; "" leaves n as it is.
func setSize(n *int, key, text string) error {
	if text == "" {
		return nil
	}
	var c results.Cell
	if err := results.LookupAxis("size").Set(&c, text); err != nil {
		return fmt.Errorf("sizes: %s %q: %w", key, results.Quote(text), err)
	}
	*n = c.Size
	return nil
}

// known refuses keys that there are not.
func known(n *yaml.Node, what string, keys ...string) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s: want keys with values: %s", n.Line, what, strings.Join(keys, ", "))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains(keys, key.Value) {
			return fmt.Errorf("line %d: unknown key %q: %s", key.Line, results.Quote(key.Value), suggest.Wanted(key.Value, keys, "ipcbench conform --help"))
		}
	}
	return nil
}

// Prefix begins the value of a flag that names a program in place of a mechanism.
const Prefix = bench.ExternalPrefix

// Value registers what a value of mech names, a program or the declaration of one,
// and returns the name of its mechanism: exec:./my-transport, exec:./transport.yaml.
func Value(value string) (name string, err error) {
	path := strings.TrimPrefix(value, Prefix)
	if name, ok := named[path]; ok {
		return name, nil
	}
	d, err := Of(value)
	if err != nil {
		return "", err
	}
	d.Register()
	named[path] = d.Name
	return d.Name, nil
}

// Of is the declaration that a value of mech names, which is not registered.
func Of(value string) (*external.Declaration, error) {
	path := strings.TrimPrefix(value, Prefix)
	if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" {
		return Read(path)
	}
	return OfProgram(path)
}

// named are the values that Value has seen, without the prefix.
var named = map[string]string{}

// Typed is a value that names the mechanism in another process, in whatever directory
// that is: the name, or of what Value has registered the prefix and the path.
func Typed(name string) string {
	for path, of := range named {
		if abs, err := filepath.Abs(path); of == name && err == nil {
			return Prefix + abs
		}
	}
	return name
}

// OfProgram is the declaration of a program that has none: exec:./my-transport.
// Its name is made of the file's.
func OfProgram(path string) (*external.Declaration, error) {
	base := strings.ToLower(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, base)
	d := &external.Declaration{Name: strings.Trim(name, "0123456789"), Command: []string{path}}
	if d.Name == "" || mechanisms.Lookup(d.Name) != nil {
		d.Name = "external" + d.Name
	}
	if !strings.Contains(path, "/") {
		return nil, fmt.Errorf("%s%s: want a path with a slash, as in %s./%[2]s", Prefix, results.Quote(path), Prefix)
	}
	if err := complete(d, "."); err != nil {
		return nil, fmt.Errorf("%s%s: %w", Prefix, results.Quote(path), err)
	}
	return d, nil
}

// complete checks the declaration, whose paths are relative to dir, and finds its
// program.
func complete(d *external.Declaration, dir string) error {
	for _, one := range []struct {
		key   string
		value *string
		want  []string // the first is meant where there is none
	}{
		{"framing", &d.Framing, []string{"stream", "packet", "slot"}},
		{"descriptors", &d.Descriptors, []string{"", "pipe", "socketpair"}},
		{"senders", &d.Senders, []string{"one", "many"}},
		{"peer_death", &d.PeerDeath, []string{"nothing", "error", "eof"}},
	} {
		*one.value = cmp.Or(*one.value, one.want[0])
		if !slices.Contains(one.want, *one.value) {
			return fmt.Errorf("%s %q: %s", one.key, results.Quote(*one.value), suggest.Wanted(*one.value, slices.DeleteFunc(one.want, func(s string) bool { return s == "" }), ""))
		}
	}
	portable := bench.NamesOf(slices.DeleteFunc(slices.Clone(bench.Workloads), func(w *bench.Workload) bool { return !w.Portable }), func(w *bench.Workload) string { return w.Name })
	for i, name := range d.Workloads {
		w := bench.LookupWorkload(name)
		if w == nil || !w.Portable {
			return fmt.Errorf("workloads: %q: %s", results.Quote(name), suggest.Wanted(name, portable, ""))
		}
		d.Workloads[i] = w.Name
	}
	switch {
	case len(d.Command) == 0 || d.Command[0] == "":
		return errors.New("no command: want the program and its arguments, as in command: [./mine]")
	case !mechanisms.ValidName(d.Name):
		return fmt.Errorf("name %q: want small letters and digits, with a letter at both ends", results.Quote(d.Name))
	case mechanisms.Lookup(d.Name) != nil:
		return fmt.Errorf("name %q: there is such a mechanism: want another name", d.Name)
	case d.BuiltOn != "" && !ofSuite(d.BuiltOn):
		return fmt.Errorf("built_on %q: %s", results.Quote(d.BuiltOn), suggest.Wanted(d.BuiltOn, bench.NamesOf(mechanisms.All(), func(m *mechanisms.Mechanism) string { return m.Name }), "ipcbench list"))
	case d.Sizes.Most > 0 && d.Sizes.Least > d.Sizes.Most:
		return fmt.Errorf("sizes: least %d is more than most %d", d.Sizes.Least, d.Sizes.Most)
	}
	path := d.Command[0]
	if strings.Contains(path, "/") {
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
	} else if found, err := exec.LookPath(path); err == nil {
		path = found
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	sum, err := executable(path)
	if _, unbuilt := os.Stat(filepath.Join(dir, BuildFile)); unbuilt == nil && errors.Is(err, fs.ErrNotExist) {
		d.Unbuilt, err = "its program "+results.Quote(path)+" is not built: `make examples` builds it", nil
	}
	if err != nil {
		return err
	}
	d.Program = mechanisms.Program{Command: append([]string{path}, d.Command[1:]...), Sum: sum, Ends: d.Descriptors, Plays: d.Workloads, BuiltOn: d.BuiltOn}
	for name, value := range d.Environment {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
			return fmt.Errorf("environment: %q is no name of a variable", results.Quote(name))
		}
		d.Program.Env = append(d.Program.Env, name+"="+value)
	}
	for _, name := range []string{"HOME", "PATH"} { // the processes of a run have neither
		if _, stated := d.Environment[name]; !stated {
			d.Program.Env = append(d.Program.Env, name+"="+os.Getenv(name))
		}
	}
	slices.Sort(d.Program.Env)
	return nil
}

// BuildFile stands beside a declaration whose program `make examples` builds.
const BuildFile = "build"

// ofSuite reports whether the suite has a mechanism of that name.
func ofSuite(name string) bool {
	m := mechanisms.Lookup(name)
	return m != nil && m.Program == nil
}

// executable is the SHA-256 of a file that can be executed.
func executable(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no regular file: want a program", results.Quote(path))
	case unix.Access(path, unix.X_OK) != nil:
		return "", fmt.Errorf("%s can't be executed: chmod +x", results.Quote(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Unchanged refuses a declaration whose program is another file than it was.
func Unchanged(d *external.Declaration) error {
	if len(d.Program.Command) == 0 || !mechanisms.ValidName(d.Name) {
		return fmt.Errorf("%q is no declaration", results.Quote(d.Name))
	}
	sum, err := executable(d.Program.Command[0])
	if d.Unbuilt != "" && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && sum != d.Program.Sum {
		err = fmt.Errorf("%s has another SHA-256 (%s) than the program that was measured (%s): begin another run", results.Quote(d.Program.Command[0]), sum, results.Quote(d.Program.Sum))
	}
	return err
}
