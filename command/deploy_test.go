package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"ipcbench/results"
)

// engine is a place for the scripts of deploy/: a directory, and in its PATH an ipcbench
// that notes its arguments.
type engine struct {
	*testing.T
	dir string
}

func newEngine(t *testing.T) *engine {
	e := &engine{t, t.TempDir()}
	e.write("bin/ipcbench", "#!/bin/sh\nfor a; do printf '%s\\n' \"$a\"; done >>\""+e.dir+"/log\"\necho >>\""+e.dir+"/log\"\nexit ${STATUS-0}\n")
	e.write("bin/make", "#!/bin/sh\nmkdir -p ipcbench/bin && cp \""+e.dir+"/bin/ipcbench\" ipcbench/bin\n")
	return e
}

func (e *engine) write(name, text string) {
	e.Helper()
	path := filepath.Join(e.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		e.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		e.Fatal(err)
	}
}

// sh runs a script, and returns the command lines of ipcbench and the exit status. Each
// line is one that ipcbench's own parser takes.
func (e *engine) sh(script string, env ...string) (lines []string, status int) {
	e.Helper()
	c := exec.Command("sh", "-c", script)
	c.Dir, c.Stderr = e.dir, os.Stderr
	c.Env = append(append(os.Environ(), "PATH="+e.dir+"/bin:"+os.Getenv("PATH")), env...)
	if err := c.Run(); c.ProcessState == nil {
		e.Fatal(err)
	}
	log, err := os.ReadFile(e.dir + "/log")
	if err != nil {
		e.Fatal(err)
	}
	if err := os.Remove(e.dir + "/log"); err != nil {
		e.Fatal(err)
	}
	for text := range strings.SplitSeq(strings.TrimSuffix(string(log), "\n\n"), "\n\n") {
		args := strings.Split(text, "\n")
		if err := parses(args); err != nil {
			e.Errorf("ipcbench %s: %v", strings.Join(args, " "), err)
		}
		lines = append(lines, strings.ReplaceAll(strings.Join(args, " "), e.dir+"/", ""))
	}
	return lines, c.ProcessState.ExitCode()
}

// parses reports whether a command line has commands, flags and arguments that exist.
func parses(args []string) error {
	c, rest, err := newRoot().Find(args)
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if f := c.Flags().Lookup("shard"); err == nil && f != nil && f.Changed {
		_, err = results.ParseShard(f.Value.String())
	}
	return err
}

// deployed is a file of deploy/.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// deployedYAML parses a file of one YAML document.
func deployedYAML(t *testing.T, name string) (doc map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(deployed(t, name)), &doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

// at follows keys, and indices of lists, into a document.
func at(t *testing.T, doc any, keys ...any) any {
	t.Helper()
	for _, k := range keys {
		switch key := k.(type) {
		case string:
			doc = doc.(map[string]any)[key]
		case int:
			doc = doc.([]any)[key]
		}
		if doc == nil {
			t.Fatalf("nothing at %v", keys)
		}
	}
	return doc
}

func (e *engine) same(what string, got, want any) {
	e.Helper()
	if !reflect.DeepEqual(got, want) {
		e.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The parser that the tests of deploy use refuses what does not exist.
func TestParses(t *testing.T) {
	for line, want := range map[string]bool{
		"run plan.yaml --shard 3/8 --out d": true, "run plan.yaml --shard 9/8 --out d": false, "run plan.yaml --shards 3/8": false, "join a b": false, "merge": false, "run --resume d": true,
	} {
		if err := parses(strings.Fields(line)); (err == nil) != want {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestDeploySlurm(t *testing.T) {
	e := newEngine(t)
	shards, merge := deployed(t, "slurm/shards.sbatch"), deployed(t, "slurm/merge.sbatch")
	env := []string{"SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_COUNT=8", "PLAN=plan.yaml", "OUT=" + e.dir + "/out"}
	if !strings.Contains(shards, "#SBATCH --array=1-8\n") {
		t.Error("the array does not count from 1")
	}
	lines, status := e.sh(shards, append(env, "STATUS=137")...)
	e.same("first", fmt.Sprint(lines, status), "[run plan.yaml --shard 3/8 --out out/shard-3] 137")
	e.write("out/shard-3/20261130T000000Z-000001/run.json", "{}")
	lines, status = e.sh(shards, env...)
	e.same("again", fmt.Sprint(lines, status), "[run --resume out/shard-3/20261130T000000Z-000001] 0")
	e.write("out/shard-4/20261130T000000Z-000002/run.json", "{}")
	e.write("out/merged/ID/run.json", "{}")
	lines, _ = e.sh(merge, env...)
	e.same("merge", lines, []string{"merge out/shard-3/20261130T000000Z-000001 out/shard-4/20261130T000000Z-000002 --out out/merged", "report out/merged/ID"})
	_, status = e.sh(strings.Replace(merge, "ipcbench report", "STATUS=0 ipcbench report", 1), append(env, "STATUS=5")...)
	e.same("status of the plan", status, 5)
}

func TestDeployKubernetes(t *testing.T) {
	e := newEngine(t)
	shards, merge := deployedYAML(t, "kubernetes/shards.yaml"), deployedYAML(t, "kubernetes/merge.yaml")
	container := []any{"spec", "template", "spec", "containers", 0}
	of := func(doc map[string]any, keys ...any) any {
		return at(t, doc, append(container[:len(container):len(container)], keys...)...)
	}
	e.same("mode", at(t, shards, "spec", "completionMode"), "Indexed")
	e.same("TOTAL", of(shards, "env", 0, "value"), fmt.Sprint(at(t, shards, "spec", "completions")))
	for _, doc := range []map[string]any{shards, merge} {
		e.same("kind", []any{doc["apiVersion"], doc["kind"]}, []any{"batch/v1", "Job"})
		e.same("command", of(doc, "command"), []any{"sh", "-uc"})
	}
	// The volumes are mounted at the root, which is the test's directory here.
	script := func(doc map[string]any) string {
		return regexp.MustCompile(`([ "])/(out|plan)/`).ReplaceAllString(of(doc, "args", 0).(string), "$1"+e.dir+"/$2/")
	}
	env := []string{"JOB_COMPLETION_INDEX=2", "TOTAL=8"}
	lines, _ := e.sh(script(shards), env...)
	e.same("first", lines, []string{"run plan/plan.yaml --shard 3/8 --out out/shard-2"})
	e.write("out/shard-2/ID/run.json", "{}")
	lines, status := e.sh(script(shards), append(env, "STATUS=3")...)
	e.same("again", fmt.Sprint(lines, status), "[run --resume out/shard-2/ID] 3")
	e.write("out/merged/ID/run.json", "{}")
	lines, _ = e.sh(script(merge), env...)
	e.same("merge", lines, []string{"merge out/shard-2/ID --out out/merged", "report out/merged/ID"})
}

func TestDeployGitHub(t *testing.T) {
	e := newEngine(t)
	doc := deployedYAML(t, "github/shards.yml")
	// script is what the steps of a job run, one after the other.
	script := func(job string) string {
		all := "set -e\n"
		for _, step := range at(t, doc, "jobs", job, "steps").([]any) {
			if run, ok := step.(map[string]any)["run"].(string); ok {
				all += run + "\n"
			}
		}
		return all
	}
	e.write("repository/plan.yaml", "")
	lines, _ := e.sh(script("plan"))
	e.same("plan", lines, []string{"run shared/plan.yaml --dry-run"})
	e.same("variables", at(t, doc, "jobs", "shards", "steps", 1, "env"), map[string]any{"INDEX": "${{ strategy.job-index }}", "TOTAL": "${{ strategy.job-total }}"})
	lines, _ = e.sh(script("shards"), "INDEX=2", "TOTAL=8")
	e.same("shards", lines, []string{"run shared/plan.yaml --shard 3/8 --out shards"})
	e.write("shards/A/run.json", "{}")
	e.write("merged/ID/report.md", "# Report\n")
	lines, status := e.sh(script("report"), "GITHUB_STEP_SUMMARY="+e.dir+"/summary")
	e.same("report", fmt.Sprint(lines, status), "[merge shards/A --out merged report merged/ID] 0")
	if summary, err := os.ReadFile(e.dir + "/summary"); err != nil || string(summary) != "# Report\n" {
		t.Errorf("summary %q, %v", summary, err)
	}
}
