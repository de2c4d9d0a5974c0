package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/kernels"
	"ipcbench/results"
)

// Exit statuses for `git bisect run`, which takes 1 to 127 but for 125 for bad.
const (
	exitNoVerdict  = 125 // it tries another commit
	exitStopBisect = 255 // it stops: every other commit would fare alike
)

// bisectTimeout is twice that of kernels: a build takes longer than a guest that is
// found to hang, and a slow boot that is taken for a hang is a wrong verdict.
const bisectTimeout = 2 * kernels.BootTimeout

// bisectFlags are the flags that bisect and each of its steps have.
type bisectFlags struct {
	append string
	silent time.Duration
}

func (f *bisectFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.append, "append", "", "boot options of every kernel, as in 'psi=0'")
	c.Flags().DurationVar(&f.silent, "boot-timeout", bisectTimeout, "time without output after which a guest counts as hung, less the time in which QEMU waits for a CPU")
}

// ask puts the question to the kernel at a path, as often as the criterion needs; nil:
// as often as one is found by.
func (f *bisectFlags) ask(c *cobra.Command, qemu kernels.QEMU, k kernels.Kernel, q kernels.Question, by *kernels.Criterion, cache *kernels.Cache) (kernels.Answer, error) {
	a, err := qemu.Ask(c.Context(), k, q, by, kernels.Plan{Program: version(), Silent: f.silent}, cache)
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	return a, err
}

// kernel reads what identifies the kernel at a path.
func (f *bisectFlags) kernel(path, label string) (kernels.Kernel, error) {
	if f.silent < time.Second {
		return kernels.Kernel{}, fmt.Errorf("--boot-timeout %v: want at least 1s", f.silent)
	}
	k, err := kernels.ParseKernel(path + "=" + label)
	if err != nil {
		return k, err
	}
	k.Append = f.append
	return k, kernels.CheckKernels([]kernels.Kernel{k})
}

func newKernelsBisect() *cobra.Command {
	var f bisectFlags
	var good, bad, image string
	var cache cacheFlag
	c := &cobra.Command{
		Use:   "bisect --good KERNEL --bad KERNEL CELL|STATEMENT -- COMMAND…",
		Short: "Print a script for `git bisect run` that finds which commit changed a path, or broke something",
		Long: `Bisect asks a good and a bad kernel the same question, and prints a script that
asks each commit. The question is a CELL, as in PingPong/pipe, or the ID of a
STATEMENT of ipcbench semantics. The bad kernel takes more or fewer instructions,
fails the cell, lacks what it needs, no longer does what is stated, hangs, or does
not boot. Where kernels judges the path, as in Stream, bisect counts the path.

The script builds a commit with COMMAND, and exits with 0 for a good kernel and 1
for a bad one. It exits with 125 if there is no verdict, such as after a build that
fails. Git then tries another commit. It exits with 255, and git stops, if a signal
ends the build, if COMMAND or QEMU is missing, or if output can't be written.`,
		Example: `  ipcbench kernels bisect --good vmlinuz-good --bad vmlinuz-bad \
    PingPong/pipe -- make -j8 bzImage >step
  git bisect start BAD GOOD && git bisect run sh ./step`,
		Args: takes(2, -1, "a CELL or a STATEMENT, --, and the COMMAND that builds a kernel", "PingPong/pipe -- make bzImage"),
		RunE: func(c *cobra.Command, args []string) error {
			if c.ArgsLenAtDash() != 1 {
				return errors.New("bisect wants one CELL or STATEMENT, --, and the command that builds a kernel")
			}
			question, err := kernels.ParseQuestion(args[0])
			if err != nil {
				return err
			}
			var compared []kernels.Kernel
			for _, k := range [][2]string{{good, "good"}, {bad, "bad"}} {
				a, err := f.kernel(k[0], k[1])
				if err != nil {
					return err
				}
				compared = append(compared, a)
			}
			if a, b := compared[0].Arch, compared[1].Arch; a != b {
				return fmt.Errorf("the good kernel is for %s, the bad one for %s: numbers of different architectures are not compared", a.Name, b.Name)
			}
			qemu, err := findQEMU(c, compared[0].Arch)
			if err != nil {
				return err
			}
			kept := cache.open(c)
			var answers []kernels.Answer
			for _, a := range compared {
				answer, err := f.ask(c, qemu, a, question, nil, kept)
				if err != nil {
					return ofGuest(err, nil)
				}
				fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", a.Label, inWords(answer))
				answers = append(answers, answer)
			}
			criterion, err := kernels.Tell(answers[0], answers[1])
			if err != nil {
				return failed(fmt.Errorf("%s: %w", question, err))
			}
			self, err := os.Executable()
			if err != nil {
				return failed(err)
			}
			asked := question.Statement
			if asked == "" {
				asked = typedCell(question.Cell)
			}
			fmt.Fprintf(c.OutOrStdout(), stepScript, question, inWords(answers[0]), inWords(answers[1]), shell(args[1:]...),
				shell(slices.Concat([]string{self, "kernels", "step"}, criterionFlags(criterion), f.flags(), []string{"--qemu", qemu.Version, asked, image})...))
			return nil
		},
	}
	c.Flags().StringVar(&good, "good", "", "a kernel without the change")
	c.Flags().StringVar(&bad, "bad", "", "a kernel whose path is longer or shorter, or that fails")
	c.Flags().StringVar(&image, "image", "arch/x86/boot/bzImage", "where COMMAND leaves its kernel")
	cache.register(c)
	f.register(c)
	c.PreRunE = requires([2]string{"good", "vmlinuz-6.1"}, [2]string{"bad", "vmlinuz-6.12"})
	return c
}

// stepScript judges a commit: what is asked, both answers, the build and the step.
// Git takes a status from 1 to 127 but 125 for bad, that of a missing command too.
const stepScript = `#!/bin/sh
# %s: good %s, bad %s.
%s
built=$?
[ $built -lt 126 ] || exit 255 # a signal ended it, or there is no such command: git stops
[ $built = 0 ] || exit 125 # git tries another commit
%s
verdict=$?
case $verdict in 0|1|125) exit $verdict ;; *) exit 255 ;; esac
`

// flags are those of a step that differ from their defaults.
func (f *bisectFlags) flags() (words []string) {
	if f.append != "" {
		words = append(words, "--append", f.append)
	}
	if f.silent != bisectTimeout {
		words = append(words, "--boot-timeout", f.silent.String())
	}
	return words
}

// inWords is an answer in a line of a comment.
func inWords(a kernels.Answer) string {
	if a.State == kernels.Counts {
		return fmt.Sprintf("takes %.1f instructions an operation", a.Insns[len(a.Insns)/2])
	}
	lines := strings.SplitN(a.Why, "\n", 3) // the second is where a console reports a fault
	why := strings.Join(lines[:min(len(lines), 2)], "")
	return strings.TrimSuffix(string(a.State)+": "+results.Quote(why), ": ")
}

// criterionFlags are the flags of `kernels step` for it.
func criterionFlags(c kernels.Criterion) []string {
	if c.Limit == 0 {
		return []string{"--bad", string(c.State)}
	}
	flags := []string{"--limit", fmt.Sprintf("%.7g", c.Limit)}
	if c.Shorter {
		flags = append(flags, "--shorter")
	}
	if c.Factor > 0 {
		flags = append(flags, "--factor", fmt.Sprintf("%.4f", c.Factor))
	}
	return flags
}

func newKernelsStep() *cobra.Command {
	var f bisectFlags
	var criterion kernels.Criterion
	var state, qemuVersion string
	var cache cacheFlag
	c := &cobra.Command{
		Use:   "step --limit N|--bad STATE CELL|STATEMENT KERNEL",
		Short: "Judge one kernel of a bisection",
		Long: `Step asks one kernel what bisect asked the good and the bad one. Exit status: 0
good, 1 bad, 125 no verdict, 255 the host can't judge any kernel, or the command
line is wrong.`,
		Args: cobra.ArbitraryArgs, // a wrong number stops a bisection too
		RunE: func(c *cobra.Command, args []string) error {
			criterion.State = kernels.State(state)
			answer, err := step(c, args, f, criterion, qemuVersion, cache.open(c))
			if err != nil && !errors.Is(err, kernels.ErrNoAnswer) {
				return &exitError{exitStopBisect, err}
			}
			var bad bool
			if err == nil {
				bad, err = criterion.Bad(answer)
			}
			switch {
			case err != nil:
				return &exitError{exitNoVerdict, err}
			case bad:
				return &exitError{exitNo, errors.New("bad: " + inWords(answer))}
			}
			fmt.Fprintf(c.OutOrStdout(), "good: %s\n", inWords(answer))
			return nil
		},
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return &exitError{exitStopBisect, flagMistake(c, err)} })
	f.register(c)
	c.Flags().Float64Var(&criterion.Limit, "limit", 0, "instructions of an operation, or of its path, from which on a kernel is bad")
	c.Flags().BoolVar(&criterion.Shorter, "shorter", false, "a kernel is bad below the limit")
	c.Flags().StringVar(&state, "bad", "", fmt.Sprintf("what makes a kernel bad in place of a limit: %v", kernels.Broken))
	c.Flags().Float64Var(&criterion.Factor, "factor", 0, "ratio of the limit to the nearest count of the good or the bad kernel; beyond it, one boot decides")
	cache.register(c)
	c.Flags().StringVar(&qemuVersion, "qemu", "", "version of QEMU that the limit was found with")
	return c
}

// step is the answer of one kernel.
func step(c *cobra.Command, args []string, f bisectFlags, criterion kernels.Criterion, qemuVersion string, cache *kernels.Cache) (a kernels.Answer, err error) {
	if len(args) != 2 || (criterion.Limit > 0) == slices.Contains(kernels.Broken, criterion.State) {
		return a, fmt.Errorf("step wants --limit N or --bad one of %v, a CELL or a STATEMENT, and a KERNEL", kernels.Broken)
	}
	question, err := kernels.ParseQuestion(args[0])
	if err != nil {
		return a, err
	}
	step, err := f.kernel(args[1], "step")
	if err != nil {
		return a, fmt.Errorf("%w: %w", kernels.ErrNoAnswer, err)
	}
	qemu, err := findQEMU(c, step.Arch)
	if err != nil {
		return a, err
	}
	if qemuVersion != "" && qemu.Version != qemuVersion {
		return a, fmt.Errorf("QEMU is %s, the limit was found with %s: versions count other instructions", qemu.Version, results.Quote(qemuVersion))
	}
	return f.ask(c, qemu, step, question, &criterion, cache)
}

// shell quotes words so that a shell reads them back.
func shell(words ...string) string {
	h := results.Header{Command: words}
	return h.CommandLine()
}

// findQEMU finds it, or reports what is missing to boot a kernel of the architecture.
func findQEMU(c *cobra.Command, a *kernels.Arch) (kernels.QEMU, error) {
	_, err := a.Program()
	if err != nil {
		return kernels.QEMU{}, &exitError{exitUnavailable, err}
	}
	qemu, err := kernels.Find(c.Context(), a)
	if err != nil {
		return qemu, &exitError{exitUnavailable, err}
	}
	if qemu.Unconfined {
		fmt.Fprintf(c.ErrOrStderr(), "QEMU runs without a sandbox: %s was built without seccomp\n", qemu.Path)
	}
	return qemu, nil
}
