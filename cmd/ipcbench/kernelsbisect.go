package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/kernels"
	"ipcbench/results"
)

// exitNoVerdict makes `git bisect run` try another commit: it takes 1 to 124
// for bad.
const exitNoVerdict = 125

func newKernelsBisect() *cobra.Command {
	var good, bad, image string
	var cache cacheFlag
	c := &cobra.Command{
		Use:   "bisect --good KERNEL --bad KERNEL CELL|STATEMENT -- COMMAND…",
		Short: "Print a script for `git bisect run` that finds which commit changed a path, or broke something",
		Long: `Bisect asks a good and a bad kernel the same question, and prints a script that
asks each commit. The question is a CELL, as in PingPong/pipe, or the ID of a
STATEMENT of ipcbench semantics. The bad kernel takes more or fewer instructions,
fails the cell, no longer does what is stated, or does not come up.

The script builds a commit with COMMAND, and exits with 0 for a good kernel and 1
for a bad one. It exits with 125 if there is no verdict, such as after a build that
fails. Git then tries another commit.`,
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
			for _, k := range []string{good + "=good", bad + "=bad"} {
				a, err := kernels.ParseKernel(k)
				if err != nil {
					return err
				}
				compared = append(compared, a)
			}
			qemu, err := findQEMU(c)
			if err != nil {
				return err
			}
			kept := cache.open(c)
			var answers []kernels.Answer
			for _, a := range compared {
				answer, err := qemu.Ask(c.Context(), a, question, version(), kept)
				if err != nil {
					return ofGuest(err, nil)
				}
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
			fmt.Fprintf(c.OutOrStdout(), "#!/bin/sh\n# %s: good %s, bad %s.\n%s || exit %d\nexec %s kernels step %s--qemu %s %s %s\n",
				question, inWords(answers[0]), inWords(answers[1]), shell(args[1:]...), exitNoVerdict, shell(self), criterionFlags(criterion), qemu.Version, shell(question.String()), shell(image))
			return nil
		},
	}
	c.Flags().StringVar(&good, "good", "", "a kernel that is as it was")
	c.Flags().StringVar(&bad, "bad", "", "a kernel whose path is longer or shorter, or that fails")
	c.Flags().StringVar(&image, "image", "arch/x86/boot/bzImage", "where COMMAND leaves its kernel")
	cache.register(c)
	c.PreRunE = requires([2]string{"good", "vmlinuz-6.1"}, [2]string{"bad", "vmlinuz-6.12"})
	return c
}

// inWords is an answer in a line of a comment.
func inWords(a kernels.Answer) string {
	if a.State == kernels.Counts {
		return fmt.Sprintf("takes %.0f insns/op", a.Insns[len(a.Insns)/2])
	}
	why, _, _ := strings.Cut(a.Why, "\n")
	return strings.TrimSuffix(string(a.State)+": "+results.Quote(why), ": ")
}

// criterionFlags are the flags of `kernels step` for it, each followed by a space.
func criterionFlags(c kernels.Criterion) (flags string) {
	if c.Limit == 0 {
		return fmt.Sprintf("--bad %s ", c.State)
	}
	if c.Shorter {
		flags = "--shorter "
	}
	return fmt.Sprintf("--limit %.0f --factor %.4f %s", c.Limit, c.Factor, flags)
}

func newKernelsStep() *cobra.Command {
	var criterion kernels.Criterion
	var state, qemuVersion string
	var cache cacheFlag
	c := &cobra.Command{
		Use:   "step --limit N|--bad STATE CELL|STATEMENT KERNEL",
		Short: "Judge one kernel of a bisection",
		Long: `Step asks one kernel what bisect asked the good and the bad one. Exit status: 0
good, 1 bad, 125 no verdict.`,
		Args: cobra.ArbitraryArgs, // a wrong number is no verdict either
		RunE: func(c *cobra.Command, args []string) error {
			criterion.State = kernels.State(state)
			bad, answer, err := step(c, args, criterion, qemuVersion, cache.open(c))
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
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitNoVerdict, err} })
	c.Flags().Float64Var(&criterion.Limit, "limit", 0, "insns/op from which on a kernel is bad")
	c.Flags().BoolVar(&criterion.Shorter, "shorter", false, "a kernel is bad below the limit")
	c.Flags().StringVar(&state, "bad", "", fmt.Sprintf("what makes a kernel bad in place of a limit: %v", kernels.Broken))
	c.Flags().Float64Var(&criterion.Factor, "factor", 0, "from the limit to the nearest counts of the good and the bad kernel: beyond, one boot decides")
	cache.register(c)
	c.Flags().StringVar(&qemuVersion, "qemu", "", "version of QEMU that the limit was found with")
	return c
}

// step judges one kernel.
func step(c *cobra.Command, args []string, criterion kernels.Criterion, qemuVersion string, cache *kernels.Cache) (bad bool, a kernels.Answer, err error) {
	if len(args) != 2 || (criterion.Limit > 0) == slices.Contains(kernels.Broken, criterion.State) {
		return false, a, fmt.Errorf("step wants --limit N or --bad one of %v, a CELL or a STATEMENT, and a KERNEL", kernels.Broken)
	}
	question, err := kernels.ParseQuestion(args[0])
	if err != nil {
		return false, a, err
	}
	step, err := kernels.ParseKernel(args[1] + "=step")
	if err != nil {
		return false, a, err
	}
	qemu, err := findQEMU(c)
	if err != nil {
		return false, a, err
	}
	if qemuVersion != "" && qemu.Version != qemuVersion {
		return false, a, fmt.Errorf("QEMU is %s, the limit was found with %s: versions count other instructions", qemu.Version, results.Quote(qemuVersion))
	}
	return qemu.Judge(c.Context(), step, question, criterion, version(), cache)
}

// shell quotes words so that a shell reads them back.
func shell(words ...string) string {
	h := results.Header{Command: words}
	return h.CommandLine()
}

// findQEMU finds it, or reports what is missing to boot anything.
func findQEMU(c *cobra.Command) (kernels.QEMU, error) {
	if !kernels.Supported {
		return kernels.QEMU{}, &exitError{exitUnavailable, errors.New("kernels boots x86-64 with this program as its first process: build it with GOARCH=amd64")}
	}
	if err := kernels.Static(kernels.Self); err != nil {
		return kernels.QEMU{}, &exitError{exitUnavailable, err}
	}
	qemu, err := kernels.Find(c.Context())
	if err != nil {
		return qemu, &exitError{exitUnavailable, err}
	}
	if qemu.Unconfined {
		fmt.Fprintf(c.ErrOrStderr(), "QEMU runs without a sandbox: %s was built without seccomp\n", qemu.Path)
	}
	return qemu, nil
}
