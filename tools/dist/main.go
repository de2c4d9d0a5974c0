// Dist makes what others install: for each architecture an archive and a Debian
// package, and their checksums. Equal sources give equal bytes.
//
//	dist release [-arch amd64,arm64] DIR    write them into DIR
//	dist share DIR                          write what `make install` adds to the program
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	const usage = "want `dist share DIR` or `dist release [-arch LIST] DIR`"
	if len(args) == 0 {
		return errors.New(usage)
	}
	fl := flag.NewFlagSet(args[0], flag.ContinueOnError)
	archs := fl.String("arch", runtime.GOARCH, "architectures, as Go names them, with commas")
	if err := fl.Parse(args[1:]); err != nil {
		return err
	}
	if fl.NArg() != 1 || args[0] != "share" && args[0] != "release" {
		return errors.New(usage)
	}
	scratch, err := os.MkdirTemp("", "ipcbench-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	// The host's own program writes pages and completions: another
	// architecture's does not run here.
	host, err := build(ctx, runtime.GOARCH, filepath.Join(scratch, "host"), "-tags", "man")
	if err != nil {
		return err
	}
	shared, err := host.share(ctx, scratch)
	if err != nil {
		return err
	}
	if args[0] == "share" {
		texts, err := licences(ctx, runtime.GOARCH)
		if err != nil {
			return err
		}
		return write(slices.Concat(shared, texts), "share/", fl.Arg(0))
	}
	return release(ctx, host, shared, strings.Split(*archs, ","), scratch, fl.Arg(0))
}

// release writes the archives and packages of these architectures, and
// SHA256SUMS. Without dpkg-deb there are no packages, which it prints.
func release(ctx context.Context, host *program, shared tree, archs []string, scratch, dir string) error {
	if host.commit == "" {
		return errors.New("the program records no commit: release from a clone of the repository, with git installed; Go finds none in a linked worktree or an unpacked archive")
	}
	deb, err := findDpkgDeb()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist: no Debian packages:", err)
	}
	var made []string
	for _, arch := range archs {
		p, err := build(ctx, arch, filepath.Join(scratch, arch), "-ldflags", "-s -w")
		if err != nil {
			return err
		}
		texts, err := licences(ctx, arch)
		if err != nil {
			return err
		}
		binary, err := os.ReadFile(p.path)
		if err != nil {
			return err
		}
		all := slices.Concat(tree{{name: "bin/ipcbench", data: binary, executable: true}}, shared, texts)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		base := fmt.Sprintf("ipcbench-%s-linux-%s", host.version, arch)
		if err := archive(all, base, host.epoch, filepath.Join(dir, base+".tar.gz")); err != nil {
			return err
		}
		made = append(made, base+".tar.gz")
		if deb == "" {
			continue
		}
		name, err := debian{p: host, arch: arch, tool: deb}.make(ctx, all, scratch, dir)
		if err != nil {
			return err
		}
		made = append(made, name)
	}
	return sums(dir, made)
}
