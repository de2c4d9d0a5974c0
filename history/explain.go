package history

import (
	"path"
	"strings"

	"ipcbench/results"
)

// explain is the command that explains a step between two builds: for commits the
// search for the one that made it, for other kernels their profiles, and for times the
// comparison of both runs.
func explain(l *Line, before, first *Header) string {
	words, cell := []string{"ipcbench"}, typed(l)
	switch {
	case !l.Counted:
		words = append(words, "compare", before.Run, first.Run, "--filter", filter(l.Cell))
	case before.Image == "" || first.Image == "":
		words = append(words, "kernels", "why", "KERNEL="+before.Name(), "KERNEL="+first.Name(), cell)
	case before.Kind == Commit && first.Kind == Commit && before.Options == first.Options:
		words = append(words, "kernels", "bisect", "--good", before.Image, "--bad", first.Image)
		if before.Options != "" {
			words = append(words, "--append", before.Options)
		}
		build := &results.Header{Command: append(words, cell, "--", "make", "bzImage")}
		search := &results.Header{Command: []string{"git", "bisect", "start", first.Build, before.Build}}
		return build.CommandLine() + " >step && " + search.CommandLine() + " && git bisect run sh ./step"
	case before.Options == first.Options:
		words = append(words, "kernels", "why", image(before), image(first))
		if before.Options != "" {
			words = append(words, "--append", before.Options)
		}
		words = append(words, cell)
	default:
		words = append(words, "kernels", "why", "--kernel", labeled(before), "--kernel", labeled(first), cell)
	}
	h := &results.Header{Command: words}
	return h.CommandLine()
}

// image is a guest's kernel with its label, where that is not what its file is called.
func image(h *Header) string {
	if strings.TrimPrefix(path.Base(h.Image), "vmlinuz-") == h.Label {
		return h.Image
	}
	return h.Image + "=" + h.Label
}

// labeled is a guest's kernel as --kernel takes it.
func labeled(h *Header) string {
	return strings.TrimSuffix(h.Label+":"+h.Image+":"+h.Options, ":")
}

// filter takes a cell alone, as --filter of compare has it.
func filter(cell string) string {
	parts := strings.Split(cell, "/")
	terms := []string{".name:" + parts[0]}
	for _, p := range parts[1:] {
		key, value, _ := strings.Cut(p, "=")
		terms = append(terms, "/"+key+":"+value)
	}
	return strings.Join(terms, " ")
}

// typed is a cell as results.AskedCell reads it, without what is usual.
func typed(l *Line) string {
	name := "/" + l.Cell + "/"
	for _, usual := range []string{"size=64", "queue=default", "place=same"} {
		name = strings.Replace(name, "/"+usual+"/", "/", 1)
	}
	name = strings.Trim(strings.Replace(name, "/mech=", "/", 1), "/")
	if of, err := results.AskedCell(name); err != nil || of != l.Of {
		return l.Cell
	}
	return name
}
