package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ipcbench/kernels"
	"ipcbench/results"
)

// exitNoVerdict makes `git bisect run` try another commit: it takes 1 to 124
// for bad.
const exitNoVerdict = 125

func newKernelsBisect() *cobra.Command {
	var good, bad, image string
	c := &cobra.Command{
		Use:   "bisect --good KERNEL --bad KERNEL CELL -- COMMAND…",
		Short: "Print a script for `git bisect run` that finds where a path got longer",
		Long: `Bisect counts the instructions of one cell in a good and in a bad kernel, and
prints a script. The script builds a commit with COMMAND, and exits with 0 for a
good kernel and 1 for a bad one. It exits with 125 if there is no verdict, such as
after a build that fails. Git then tries another commit.`,
		Example: `  ipcbench kernels bisect --good vmlinuz-good --bad vmlinuz-bad \
    PingPong/mech=pipe/size=64/queue=default/place=same -- make -j8 bzImage >step
  git bisect start BAD GOOD && git bisect run sh ./step`,
		Args: takes(2, -1, "a CELL, --, and the COMMAND that builds a kernel", "PingPong/mech=pipe/size=64/queue=default/place=same -- make bzImage"),
		RunE: func(c *cobra.Command, args []string) error {
			if c.ArgsLenAtDash() != 1 {
				return errors.New("bisect wants one CELL, --, and the command that builds a kernel")
			}
			cell, err := results.ParseCell(args[0])
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
			counts, err := qemu.Count(c.Context(), compared, cell, version())
			if err != nil {
				return ofGuest(err, nil)
			}
			limit, err := kernels.Limit(counts[0], counts[1])
			if err != nil {
				return failed(fmt.Errorf("%s: %w", cell.Name(), err))
			}
			self, err := os.Executable()
			if err != nil {
				return failed(err)
			}
			fmt.Fprintf(c.OutOrStdout(), "#!/bin/sh\n# %s: good takes %.0f insns/op, bad %.0f.\n%s || exit %d\nexec %s kernels step --limit %.0f --qemu %s %s %s\n",
				cell.Name(), counts[0][len(counts[0])/2], counts[1][len(counts[1])/2], shell(args[1:]...), exitNoVerdict, shell(self), limit, qemu.Version, shell(cell.Name()), shell(image))
			return nil
		},
	}
	c.Flags().StringVar(&good, "good", "", "a kernel with the short path")
	c.Flags().StringVar(&bad, "bad", "", "a kernel with the long one")
	c.Flags().StringVar(&image, "image", "arch/x86/boot/bzImage", "where COMMAND leaves its kernel")
	c.PreRunE = requires([2]string{"good", "vmlinuz-6.1"}, [2]string{"bad", "vmlinuz-6.12"})
	return c
}

func newKernelsStep() *cobra.Command {
	var limit float64
	var qemuVersion string
	c := &cobra.Command{
		Use:   "step --limit N CELL KERNEL",
		Short: "Judge one kernel of a bisection",
		Long: `Step counts the instructions of one cell in one kernel. Exit status: 0 good, 1
bad (more than the limit), 125 no verdict.`,
		Args: cobra.ArbitraryArgs, // a wrong number is no verdict either
		RunE: func(c *cobra.Command, args []string) error {
			count, err := step(c, args, limit, qemuVersion)
			if err != nil {
				return &exitError{exitNoVerdict, err}
			}
			if !(count <= limit) {
				return &exitError{exitNo, fmt.Errorf("bad: %.0f insns/op > %.0f", count, limit)}
			}
			fmt.Fprintf(c.OutOrStdout(), "good: %.0f insns/op ≤ %.0f\n", count, limit)
			return nil
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitNoVerdict, err} })
	c.Flags().Float64Var(&limit, "limit", 0, "insns/op up to which a kernel is good")
	c.Flags().StringVar(&qemuVersion, "qemu", "", "version of QEMU that the limit was found with")
	return c
}

// step is the median of one cell in one kernel.
func step(c *cobra.Command, args []string, limit float64, qemuVersion string) (float64, error) {
	if len(args) != 2 || !(limit > 0) {
		return 0, errors.New("step wants --limit N, a CELL and a KERNEL")
	}
	cell, err := results.ParseCell(args[0])
	if err != nil {
		return 0, err
	}
	step, err := kernels.ParseKernel(args[1] + "=step")
	if err != nil {
		return 0, err
	}
	qemu, err := findQEMU(c)
	if err != nil {
		return 0, err
	}
	if qemuVersion != "" && qemu.Version != qemuVersion {
		return 0, fmt.Errorf("QEMU is %s, the limit was found with %s: versions count other instructions", qemu.Version, results.Quote(qemuVersion))
	}
	counts, err := qemu.Count(c.Context(), []kernels.Kernel{step}, cell, version())
	if err != nil {
		return 0, err
	}
	return counts[0][len(counts[0])/2], nil
}

// shell quotes words so that a shell reads them back.
func shell(words ...string) string {
	h := results.Header{Command: words}
	return h.CommandLine()
}

// findQEMU finds it, or reports what is missing.
func findQEMU(c *cobra.Command) (kernels.QEMU, error) {
	if !kernels.Supported {
		return kernels.QEMU{}, &exitError{exitUnavailable, errors.New("kernels boots x86-64 with this program as its first process: build it with GOARCH=amd64")}
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
