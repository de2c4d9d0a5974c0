package runner

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/host"
	"ipcbench/internal/apart"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

func init() { impersonates["isolated"] = playIsolated }

// playIsolated plays a launch of each mechanism in the isolation that its
// environment names, and prints the isolation and how each launch ended.
func playIsolated() int {
	o := Options{Timeout: unhurried}
	switch os.Getenv("ISOLATION") {
	case "user namespace":
		isolations = isolations[1:]
	case "refused":
		isolations = isolations[:1] // without a user namespace: for root alone
	case "shared":
		o.Shared = true
	}
	s, err := Start(o)
	if err != nil {
		fmt.Println("start:", err)
		return 1
	}
	fmt.Println("isolation:", s.Isolation)
	for _, name := range strings.Split(os.Getenv("MECHANISMS"), ",") {
		m := mechanisms.Lookup(name)
		rec, _ := s.Measure(roundTrip(m), Measurement{Time: 5 * time.Millisecond, Verify: true})
		fmt.Printf("%s: %s %s\n", m.Name, rec.Outcome, rec.Reason)
	}
	if err := s.Close(); err != nil {
		fmt.Println("close:", err)
		return 1
	}
	return 0
}

// unprivileged is the user as which root tries what other users may do: nobody.
const unprivileged = 65534

// asUnprivileged prepares the command to run as an unprivileged user with
// directories of its own.
func asUnprivileged(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return // this is one
	}
	asUser(t, c, unprivileged)
}

// asUser prepares the command to run as that user, which takes root, with
// directories of its own.
func asUser(t *testing.T, c *exec.Cmd, uid int) {
	t.Helper()
	if err := os.Chmod(private, 0o711); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(private, fmt.Sprint("user-", uid))
	err := os.Mkdir(own, 0o700)
	if err == nil {
		err = os.Chown(own, uid, uid)
	}
	if err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	program := filepath.Join(private, "program")
	if err := copyProgram(program); err != nil {
		t.Fatal(err)
	}
	c.Path, c.Dir = program, own
	c.Env = append(c.Env, "TMPDIR="+own, "XDG_STATE_HOME="+own)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
}

func copyProgram(to string) error {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// Every mechanism works in a user namespace and without any, each of them in the
// isolations of root and of other users, and what was refused is recorded. The
// conformance suite has every mechanism in the isolation of its user.
func TestIsolations(t *testing.T) {
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	need.Time(t)
	var all []string
	for _, m := range mechanisms.All() {
		all = append(all, m.Name)
	}
	for _, c := range []struct {
		user, isolation string
		all             bool   // each mechanism is tried; else one of each kind: the isolation is that of another case
		want            string // a part of the session's Isolation; "|" separates what may be
	}{
		{"root", "", false, "private IPC and mount namespaces"},
		{"root", "user namespace", false, "private IPC and mount namespaces in a user namespace|none: objects are the host's, a janitor removes them (private IPC and mount namespaces in a user namespace: "},
		{"root", "shared", false, "none: objects are the host's, a janitor removes them"},
		{"nobody", "", true, "private IPC and mount namespaces in a user namespace|none: objects are the host's, a janitor removes them (private IPC and mount namespaces in a user namespace: "},
		{"nobody", "refused", false, "none: objects are the host's, a janitor removes them (private IPC and mount namespaces: start session: fork/exec /proc/self/exe: operation not permitted)"},
		{"nobody", "shared", true, "none: objects are the host's, a janitor removes them"},
	} {
		t.Run(c.user+"/"+strings.ReplaceAll(c.isolation, " ", "-"), func(t *testing.T) {
			if c.user == "root" && os.Geteuid() != 0 {
				t.Skip("not run as root")
			}
			names := ofEachKind
			if c.all || need.Long() {
				names = all
			}
			cmd, stderr := impersonate(t, "isolated", "ISOLATION="+c.isolation, "MECHANISMS="+strings.Join(names, ","))
			if c.user == "nobody" {
				asUnprivileged(t, cmd)
			}
			var out strings.Builder
			cmd.Stdout = &out
			err := unlessHung(cmd.Start, cmd.Wait, func() { cmd.Process.Kill() })
			first, rest, _ := strings.Cut(out.String(), "\n")
			got := strings.TrimPrefix(first, "isolation: ")
			if err != nil || stderr() != "" || !slices.ContainsFunc(strings.Split(c.want, "|"), func(w string) bool { return got == w || strings.HasSuffix(w, ": ") && strings.HasPrefix(got, w) }) {
				t.Errorf("%v: %s\n%s", err, out.String(), stderr())
			}
			t.Log(got)
			for line := range strings.Lines(rest) {
				name, outcome, _ := strings.Cut(strings.TrimSpace(line), ": ")
				if strings.HasPrefix(outcome, string(results.Skipped)) && Unsupported(Admit(roundTrip(mechanisms.Lookup(name)), cpus)) {
					continue // this machine has not what it needs, in no isolation
				}
				// Steal and quotas are the machine's doing.
				if word, _, _ := strings.Cut(outcome, " "); word != string(results.OK) && word != string(results.Untrusted) {
					t.Errorf("%s: %s", name, outcome)
				}
			}
			if n := strings.Count(rest, "\n"); n != len(names) {
				t.Errorf("%d outcomes of %d mechanisms", n, len(names))
			}
			nothingLeft(t)
		})
	}
}

// What the host allows is what the namespace allows, or the difference is recorded.
// The host is this test's own namespace, so that its limits may be changed.
func TestLimitsCarryOver(t *testing.T) {
	moved := map[string]string{"kernel.msgmax": "7777", "kernel.msgmnb": "77777", "kernel.sem": "123 4567 89 321", "kernel.shmmni": "4321"}
	if apart.Own() && os.Geteuid() == 0 {
		before := readSysctls(carriedOver)
		for name, value := range moved {
			if err := os.WriteFile(sysctlPath(name), []byte(value), 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.WriteFile(sysctlPath(name), []byte(before[name]), 0) })
			if got := readSysctls(carriedOver)[name]; got != value {
				t.Fatalf("%s is %s after it was set to %s", name, got, value)
			}
		}
	} else {
		t.Log("the limits are the host's own: not moved")
	}
	host := readSysctls(carriedOver)
	all := isolations
	defer func() { isolations = all }()
	for _, i := range all {
		t.Run(strings.ReplaceAll(i.name, " ", "-"), func(t *testing.T) {
			isolations = []isolation{i}
			s := startSession(t, Options{})
			if s.Isolation != i.name {
				t.Skip(s.Isolation)
			}
			inside := limitsWithin(t, s)
			recorded := strings.Join(s.Limits, "\n")
			for name, value := range host {
				if inside[name] != value && !strings.Contains(recorded, fmt.Sprintf("%s is %s in the private namespace, %s on the host", name, inside[name], value)) {
					t.Errorf("%s is %q inside, %q on the host, and that is not recorded:\n%s", name, inside[name], value, recorded)
				}
			}
			if os.Geteuid() == 0 && i.flags&syscall.CLONE_NEWUSER == 0 && len(s.Limits) > 0 {
				t.Errorf("root cannot carry over: %q", s.Limits)
			}
		})
	}
}

// limitsWithin reads the limits as a thread in the session's namespace does.
func limitsWithin(t *testing.T, s *Coordinator) map[string]string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may enter the namespace to look, setns(2)")
	}
	values := map[string]string{}
	for _, line := range inNamespace(s.child.PID, func() (lines []string) {
		for name, value := range readSysctls(carriedOver) {
			lines = append(lines, name+"="+value)
		}
		return lines
	}) {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	return values
}
