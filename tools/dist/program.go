package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// program is a build of the command.
type program struct {
	path    string
	version string    // of the module, as Go derives it from tag and commit, without its v; "+dirty" ends that of changed sources
	commit  string    // "" where Go recorded none
	epoch   time.Time // $SOURCE_DATE_EPOCH, else the commit's; zero where neither is known
}

// tool is a command of Go that gives the same on every machine.
func tool(ctx context.Context, arch string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "go", args...)
	// What is set for other programs, also in `go env`, must not change this one.
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-trimpath", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off",
		"GOAMD64=v1", "GOARM64=v8.0", "GORISCV64=rva20u64", "GO386=sse2")
	c.Stderr = os.Stderr
	return c
}

func build(ctx context.Context, arch, path string, flags ...string) (*program, error) {
	args := append([]string{"build", "-buildvcs=auto", "-o", path}, flags...)
	if err := tool(ctx, arch, append(args, "./cmd/ipcbench")...).Run(); err != nil {
		return nil, fmt.Errorf("build for %s: %w", arch, err)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return describe(path, info, os.Getenv("SOURCE_DATE_EPOCH"))
}

// describe is a program of which Go recorded info.
func describe(path string, info *debug.BuildInfo, epoch string) (*program, error) {
	p := &program{path: path, version: strings.TrimPrefix(info.Main.Version, "v")}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			p.commit = s.Value
		case "vcs.time":
			t, err := time.Parse(time.RFC3339, s.Value)
			if err != nil {
				return nil, fmt.Errorf("%s: vcs.time: %w", path, err)
			}
			p.epoch = t.UTC()
		}
	}
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil || seconds < 0 {
			return nil, fmt.Errorf("SOURCE_DATE_EPOCH %q: want seconds since 1970, as `git log -1 --format=%%ct` prints", epoch)
		}
		p.epoch = time.Unix(seconds, 0).UTC()
	}
	return p, nil
}

// completions are where the shells of distributions look, below a prefix.
var completions = map[string]string{
	"bash": "share/bash-completion/completions/ipcbench",
	"zsh":  "share/zsh/site-functions/_ipcbench",
	"fish": "share/fish/vendor_completions.d/ipcbench.fish",
}

// share is what the program, built with -tags man, writes about itself.
func (p *program) share(ctx context.Context, scratch string) (files tree, err error) {
	pages := filepath.Join(scratch, "man")
	if err := os.MkdirAll(pages, 0o755); err != nil {
		return nil, err
	}
	if _, err := p.output(ctx, "docs", "man", pages); err != nil {
		return nil, err
	}
	names, err := os.ReadDir(pages)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		data, err := os.ReadFile(filepath.Join(pages, n.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "share/man/man1/" + n.Name(), data: data})
	}
	for shell, name := range completions {
		data, err := p.output(ctx, "completion", shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: name, data: data})
	}
	return files, nil
}

func (p *program) output(ctx context.Context, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, p.path, args...)
	c.Env = append(os.Environ(), "TZ=UTC") // a page has the month
	if !p.epoch.IsZero() {
		c.Env = append(c.Env, fmt.Sprintf("SOURCE_DATE_EPOCH=%d", p.epoch.Unix()))
	}
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("ipcbench %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}
