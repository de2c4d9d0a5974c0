// Package apart gives a test binary an IPC namespace of its own. A test that
// looks for what it left behind then sees what it made itself, and nothing of
// the runs beside it.
package apart

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"ipcbench/internal/sys"
)

// env is set in a process that lives apart, and in those that it starts.
const env = "IPCBENCH_TEST_APART"

// Own reports whether this process lives apart.
func Own() bool { return os.Getenv(env) != "" }

// Enter executes the test binary anew in an IPC and a mount namespace of its
// own, and in a user namespace where the user is not root. It returns in that
// process, or in this one where namespaces are refused. It comes in TestMain,
// behind what turns the process into another one than a test.
func Enter() {
	if Own() {
		return
	}
	os.Setenv(env, strconv.Itoa(os.Getpid()))
	if sys.EUID() == 0 {
		again()
	} else {
		inUserNamespace()
	}
	os.Unsetenv(env)
}

// again executes the binary in this process. It returns where namespaces are
// refused.
func again() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if syscall.Unshare(syscall.CLONE_NEWIPC|syscall.CLONE_NEWNS) != nil {
		return
	}
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, os.Args, os.Environ())
	}
	fmt.Fprintln(os.Stderr, err) // this thread has left the namespaces of the others
	os.Exit(1)
}

// inUserNamespace executes the binary in a child: a process with several threads
// can't leave its user namespace, unshare(2). The user stays the same.
func inUserNamespace() {
	runtime.LockOSThread() // Pdeathsig follows the thread
	defer runtime.UnlockOSThread()
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Args[0] = os.Args[0]
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: sys.EUID(), HostID: sys.EUID(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if c.Start() != nil {
		return
	}
	var exit *exec.ExitError
	switch err := c.Wait(); {
	case err == nil:
		os.Exit(0)
	case errors.As(err, &exit) && exit.Exited():
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "the tests:", err)
		os.Exit(2)
	}
}
