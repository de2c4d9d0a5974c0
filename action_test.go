package ipcbench_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"ipcbench/internal/need"
)

// fakeProgram stands for ipcbench: it makes a run as its first argument asks, and adds
// a file that no other run has to a history.
const fakeProgram = `#!/bin/sh
echo "$*" >>"$LOG"
out= dir= series= previous=
for a; do
	case $previous in --out) out=$a ;; --dir) dir=$a ;; --series) series=$a ;; esac
	previous=$a
done
case "$1 ${2:-}" in
'history add') mkdir -p "$dir/$series" && echo "$LOG" >"$dir/$series/$(echo "$LOG" | cksum | tr ' ' -)" ;;
'history show') echo '## steps' ;;
'report '*) mkdir -p "$out" && echo '# report' >"$out/report.md" ;;
*) mkdir -p "$out/20261130-run" && echo "| measured | $* |" && exit "${EXIT:-0}" ;;
esac
`

// fakeGH stands for gh: comments are files below $COMMENTS. With DENIED it writes none.
const fakeGH = `#!/bin/sh
echo "$*" >>"$LOG"
method=GET body= path= previous=
for a; do
	case $previous in --method) method=$a ;; -F) body=${a#body=@} ;; esac
	case $a in repos/*) path=$a ;; esac
	previous=$a
done
case $method in
GET)
	case "$*" in *'.user.type == "Bot" and (.body | startswith(env.MARK))'*) ;; *) exit 9 ;; esac
	for f in "$COMMENTS"/*; do [ -f "$f" ] && [ "$(head -n 1 "$f")" = "$MARK" ] && basename "$f"; done
	exit 0 ;;
esac
[ -z "${DENIED:-}" ] || { echo 'HTTP 403: Resource not accessible by integration' >&2 && exit 1; }
case $method in
POST) n=$(($(ls "$COMMENTS" | wc -l) + 1)) && cp "$body" "$COMMENTS/$n" ;;
PATCH) [ -f "$COMMENTS/${path##*/}" ] && cp "$body" "$COMMENTS/${path##*/}" ;;
esac
`

// A job is one of a workflow that uses action.yml.
type job struct {
	*testing.T
	dir string
	env map[string]string
}

func newJob(t *testing.T, env map[string]string) *job {
	t.Helper()
	j := &job{t, t.TempDir(), map[string]string{
		"GITHUB_REPOSITORY": "me/project", "GITHUB_EVENT_NAME": "push", "GITHUB_SHA": strings.Repeat("ab", 20), "NAME": "ipcbench", "PLAN": "", "KERNELS": "", "FLAGS": "", "AT": "", "HEAD_REPOSITORY": "", "TOKEN": "", "SERIES": "main", "BRANCH": "history",
	}}
	for _, name := range []string{"bin", "temp", "comments"} {
		if err := os.Mkdir(filepath.Join(j.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range map[string]string{"ipcbench": fakeProgram, "gh": fakeGH} {
		if err := os.WriteFile(filepath.Join(j.dir, "bin", name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for key, at := range map[string]string{"IPCBENCH": "bin/ipcbench", "RUNNER_TEMP": "temp", "GITHUB_WORKSPACE": "", "GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output", "LOG": "log", "COMMENTS": "comments", "HOME": ""} {
		j.env[key] = filepath.Join(j.dir, at)
	}
	for key, value := range env {
		j.env[key] = value
	}
	return j
}

// step runs a step of the action, and returns what it printed and its status.
func (j *job) step(name string, env map[string]string) (string, int) {
	j.Helper()
	c := exec.Command("scripts/github-action", name)
	c.Env = []string{"PATH=" + filepath.Join(j.dir, "bin") + ":" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1"}
	for _, all := range []map[string]string{j.env, env} {
		for key, value := range all {
			c.Env = append(c.Env, key+"="+value)
		}
	}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		j.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// must is step with status 0.
func (j *job) must(name string, env map[string]string) string {
	j.Helper()
	out, status := j.step(name, env)
	if status != 0 {
		j.Fatalf("%s: status %d\n%s", name, status, out)
	}
	return out
}

func (j *job) file(name string) string {
	text, err := os.ReadFile(filepath.Join(j.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		j.Fatal(err)
	}
	return string(text)
}

// output is what measure gave the steps behind it.
func (j *job) output(key string) string {
	for line := range strings.Lines(j.file("output")) {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Measure writes the verdict into the summary and keeps the status, which the gate
// ends with.
func TestActionMeasures(t *testing.T) {
	for _, c := range []struct {
		env          map[string]string
		ran, verdict string
		status       string
	}{
		{map[string]string{"PLAN": "quick", "FLAGS": "--mech pipe,fifo"}, "run --preset quick --out TEMP/runs --mech pipe,fifo", "## ipcbench: no regression\n\n# report\n", "0"},
		{map[string]string{"PLAN": "plans/p.yaml", "EXIT": "1", "NAME": "a b"}, "run plans/p.yaml --out TEMP/runs", "## a b: a regression, or a check that failed\n", "1"},
		{map[string]string{"KERNELS": "old/bzImage=old new/bzImage=new", "EXIT": "5"}, "kernels --accel icount --format markdown --out TEMP/runs old/bzImage=old new/bzImage=new", "## ipcbench: measured, but something could not be judged\n\n| measured |", "5"},
		{map[string]string{"KERNELS": "$(touch pwned) *", "FLAGS": "; touch pwned"}, "kernels --accel icount --format markdown --out TEMP/runs ; touch pwned $(touch pwned) *", "| measured |", "0"},
	} {
		j := newJob(t, c.env)
		j.must("measure", nil)
		if got := strings.ReplaceAll(j.file("log"), filepath.Join(j.dir, "temp", "ipcbench"), "TEMP"); !strings.HasPrefix(got, c.ran+"\n") {
			t.Errorf("ran %s, want %s", got, c.ran)
		}
		if got := j.file("summary"); !strings.Contains(got, c.verdict) {
			t.Errorf("the summary is %s, want %s", got, c.verdict)
		}
		if got := j.output("status"); got != c.status {
			t.Errorf("status %s, want %s", got, c.status)
		}
		if _, status := j.step("gate", map[string]string{"STATUS": j.output("status")}); string(rune('0'+status)) != c.status {
			t.Errorf("the gate ends with %d, want %s", status, c.status)
		}
	}
	for _, env := range []map[string]string{{}, {"PLAN": "quick", "KERNELS": "a b"}} {
		if out, status := newJob(t, env).step("measure", nil); status != 2 || !strings.Contains(out, "give one of the inputs plan and kernels") {
			t.Errorf("%v: status %d, %s", env, status, out)
		}
	}
	if _, err := os.Stat("pwned"); err == nil {
		t.Error("an input was taken for a command")
	}
}

// A pull request has one comment for each job, which is brought up to date. Without the
// permission, and from a fork, there is none, and no failure.
func TestActionComments(t *testing.T) {
	j := newJob(t, map[string]string{"PLAN": "quick", "PULL_REQUEST": "7", "GITHUB_EVENT_NAME": "pull_request", "HEAD_REPOSITORY": "me/project"})
	if err := os.WriteFile(filepath.Join(j.dir, "comments", "1"), []byte("of another job\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	j.must("measure", nil)
	j.must("comment", nil)
	j.must("measure", map[string]string{"EXIT": "1"})
	j.must("comment", nil)
	j.must("comment", map[string]string{"NAME": "other job"})
	if got := j.file("comments/2"); !strings.HasPrefix(got, "<!-- ipcbench: ipcbench -->\n## ipcbench: a regression") {
		t.Errorf("the comment is %s", got)
	}
	if !strings.HasPrefix(j.file("comments/3"), "<!-- ipcbench: other_job -->\n") || j.file("comments/4") != "" || j.file("comments/1") != "of another job\n" {
		t.Errorf("comments %q, %q, %q", j.file("comments/1"), j.file("comments/3"), j.file("comments/4"))
	}
	for _, env := range []map[string]string{{"HEAD_REPOSITORY": "fork/project"}, {"DENIED": "1", "NAME": "third"}} {
		if out := j.must("comment", env); !strings.Contains(out, "::notice") {
			t.Errorf("%v: %s", env, out)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(j.dir, "comments")); err != nil || len(entries) != 3 {
		t.Errorf("%d comments, want 3; %v", len(entries), err)
	}
}

// Jobs that push to the history's branch at once lose nothing. A pull request adds
// nothing, and neither does a run that failed.
func TestActionAddsToHistory(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		need.Missing(t, "git", "git is not installed; on Debian: apt-get install git")
	}
	server := t.TempDir()
	if out, err := exec.Command("git", "init", "-q", "--bare", filepath.Join(server, "me", "project")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	env := map[string]string{"GITHUB_SERVER_URL": "file://" + server, "PLAN": "quick", "STATUS": "0", "TOKEN": "secret"}
	files := func() []string {
		out, err := exec.Command("git", "-C", filepath.Join(server, "me", "project"), "ls-tree", "-r", "--name-only", "history").Output()
		if err != nil {
			return nil
		}
		return strings.Fields(string(out))
	}
	none := newJob(t, env)
	none.must("measure", nil)
	for _, not := range []map[string]string{{"GITHUB_EVENT_NAME": "pull_request"}, {"STATUS": "3"}} {
		if out := none.must("history", not); !strings.Contains(out, "::notice") || files() != nil {
			t.Errorf("%v: %s, files %v", not, out, files())
		}
	}
	var wg sync.WaitGroup
	jobs := make([]*job, 4)
	for i := range jobs {
		jobs[i] = newJob(t, env)
		jobs[i].must("measure", nil)
	}
	outs := make([]string, len(jobs))
	for i, j := range jobs {
		wg.Go(func() { outs[i], _ = j.step("history", nil) })
	}
	wg.Wait()
	if got := files(); len(got) != len(jobs) {
		t.Errorf("the branch has %v of %d jobs:\n%s", got, len(jobs), strings.Join(outs, "\n"))
	}
	for i, j := range jobs {
		if !strings.Contains(j.file("log"), "--at "+j.env["GITHUB_SHA"]) || strings.Contains(outs[i], "secret") {
			t.Errorf("the job ran\n%s and printed\n%s", j.file("log"), outs[i])
		}
	}
	for at, want := range map[string]string{"": "--at " + strings.Repeat("ab", 20) + " --kernel 7.3-rc1", "label": "--repo DIR\n", "6.12": "--at 6.12 --kernel 7.3-rc1\n"} {
		j := newJob(t, env)
		j.env["PLAN"], j.env["KERNELS"], j.env["AT"] = "", "old/bzImage=old new/vmlinuz-7.3+rc1", at
		j.must("measure", nil)
		j.must("history", nil)
		if got := strings.ReplaceAll(j.file("log"), j.dir, "DIR"); !strings.Contains(got, want) {
			t.Errorf("at %q: ran\n%s", at, got)
		}
	}
}

// No step of the action puts an input into a command, and each runs a word of the
// script.
func TestActionInputsAreVariables(t *testing.T) {
	text, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs map[string]struct{ Description string }
		Runs   struct {
			Steps []struct {
				Uses, Run, Shell string
				Env              map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("scripts/github-action")
	if err != nil {
		t.Fatal(err)
	}
	var ran []string
	for _, s := range action.Runs.Steps {
		if s.Uses != "" {
			continue
		}
		word := regexp.MustCompile(`^"\$GITHUB_ACTION_PATH/scripts/github-action" (\w+)$`).FindStringSubmatch(s.Run)
		if word == nil || s.Shell != "sh" || !bytes.Contains(script, []byte("\n"+word[1]+"() {")) {
			t.Errorf("the step runs %q in %q", s.Run, s.Shell)
			continue
		}
		ran = append(ran, word[1])
	}
	if want := []string{"build", "measure", "history", "comment", "gate"}; !slices.Equal(ran, want) {
		t.Errorf("steps %q, want %q", ran, want)
	}
	for name, input := range action.Inputs {
		if input.Description == "" || !bytes.Contains(text, []byte("inputs."+name)) {
			t.Errorf("input %s has no description, or no step uses it", name)
		}
	}
}
