package kernels

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A cached kernel is taken where all its files have the sums that were noted, and
// else fetched anew.
func TestCachedKernelIsChecked(t *testing.T) {
	script, err := filepath.Abs("../scripts/fetch-debian-kernel")
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"sha256sum", "sort"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%v: coreutils has it", err)
		}
	}
	// No package is found, and nothing is asked of a network.
	stubs := t.TempDir()
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if err := os.WriteFile(filepath.Join(stubs, tool), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cache := t.TempDir()
	dir := filepath.Join(cache, "6.1.0-1-cloud-amd64")
	image := filepath.Join(dir, "vmlinuz-6.1.0-1-cloud-amd64")
	module := filepath.Join(dir, "modules", "vsock.ko")
	if err := os.MkdirAll(filepath.Dir(module), 0o755); err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("text")))
	fetched := func(suite string) (out, complaint string) {
		c := exec.Command("/bin/sh", script, "6.1.*-cloud-amd64")
		c.Env = append(os.Environ(), "IPCBENCH_KERNELS="+cache, "PATH="+stubs+":"+os.Getenv("PATH"), "SUITE="+suite)
		var said bytes.Buffer
		c.Stderr = &said
		text, _ := c.Output()
		return strings.TrimSpace(string(text)), said.String()
	}
	for name, tt := range map[string]struct{ sums, image, module string }{
		"whole":          {sum + "  modules/vsock.ko\n" + sum + "  " + filepath.Base(image) + "\n", "text", "text"},
		"damaged kernel": {sum + "  modules/vsock.ko\n" + sum + "  " + filepath.Base(image) + "\n", "test", "text"},
		"damaged module": {sum + "  modules/vsock.ko\n" + sum + "  " + filepath.Base(image) + "\n", "text", "test"},
		"no sum":         {sum + "  linux-image.deb\n", "text", "text"},
	} {
		for path, text := range map[string]string{image: tt.image, module: tt.module, filepath.Join(dir, sumsFile): tt.sums} {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		out, said := fetched("")
		if taken := out == image; taken != (name == "whole") || !taken && !strings.Contains(said, "does not fit its SHA256SUMS") {
			t.Errorf("%s: %q, %s", name, out, said)
		}
	}
	// Of the kernels of a suite those that came from another do not count.
	for path, text := range map[string]string{image: "text", module: "text", filepath.Join(dir, sumsFile): sum + "  modules/vsock.ko\n" + sum + "  " + filepath.Base(image) + "\n", filepath.Join(dir, "suite"): "trixie\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for suite, want := range map[string]string{"": image, "trixie": image, "sid": ""} {
		if out, said := fetched(suite); out != want {
			t.Errorf("SUITE=%s: %q, want %q: %s", suite, out, want, said)
		}
	}
}

// A security suite comes from its own mirror, another from the main one, and any from
// the mirror that is named.
func TestMirrorOfASuite(t *testing.T) {
	script, err := filepath.Abs("../scripts/fetch-debian-kernel")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skipf("%v: coreutils has it", err)
	}
	stubs := t.TempDir()
	for tool, text := range map[string]string{
		"apt-get":   `case $1 in indextargets) printf '%s\n' http://m.example/debian-security/ http://m.example/debian/;; update) cat "$(dirname "$APT_CONFIG")/sources.list"; exit 100;; esac`,
		"apt-cache": "", "dpkg-deb": "",
	} {
		if err := os.WriteFile(filepath.Join(stubs, tool), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ suite, mirror, want string }{
		{"bullseye-security", "", "http://m.example/debian-security/ bullseye-security main"}, {"sid", "", "http://m.example/debian/ sid main"},
		{"buster", "http://old.example/debian", "http://old.example/debian buster main"},
	} {
		c := exec.Command("/bin/sh", script, "5.10.*")
		c.Env = append(os.Environ(), "IPCBENCH_KERNELS="+t.TempDir(), "PATH="+stubs+":"+os.Getenv("PATH"), "SUITE="+tt.suite, "MIRROR="+tt.mirror)
		said, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(said), tt.want+"\n") || !strings.Contains(string(said), "does not have the suite "+tt.suite) {
			t.Errorf("%s: %v, %s, want %s", tt.suite, err, said, tt.want)
		}
	}
}
