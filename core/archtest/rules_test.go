package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// pkg is a package of this module and what it imports, without its tests.
type pkg struct {
	ImportPath string
	Imports    []string
	Module     struct{ Path string } // empty for the standard library
}

// name is the import path without the module's.
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// violations returns a line for each import that the table forbids and each package that is not in
// it. brought are the modules that sdk may bring to plugins.
func violations(packages []pkg, brought []string) []string {
	var found []string
	for _, p := range packages {
		if !isKit(p.name()) {
			if _, _, placed := place(p.name()); !placed {
				found = append(found, p.name()+" has no place in the table of core/archtest")
				continue
			}
		}
		for _, imported := range p.Imports {
			if why := judge(p.name(), imported, brought); why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", p.name(), strings.TrimPrefix(imported, module), why))
			}
		}
	}
	return found
}

// judge says why a package must not import another; empty if it may.
func judge(importer, imported string, brought []string) string {
	own, isOwn := strings.CutPrefix(imported, module)
	switch {
	case isOwn && isKit(importer):
		return judgeKit(importer, own)
	case isOwn && isKit(own):
		return "it is for tests only"
	case isOwn:
		return judgeLayer(importer, own)
	case imported == "testing" && !isKit(importer):
		return "it is for tests only"
	case inSDK(importer) && !isStandard(imported) && !within(imported, brought):
		return "it is not among what sdk may bring to plugins"
	}
	return ""
}

// judgeLayer compares the places of two packages that are no kits.
func judgeLayer(importer, imported string) string {
	from, level, _ := place(importer)
	to, target, placed := place(imported)
	switch {
	case !placed:
		return "it has no place in the table of core/archtest"
	case from == to && slices.Contains(apart, from) && !sameFolder(importer, imported, from):
		return "each package in " + from + " stands alone"
	case from == to:
		return ""
	}
	if allowed, narrowed := only[from]; narrowed {
		if slices.Contains(allowed, to) {
			return ""
		}
		return fmt.Sprintf("%s imports only %v of this module", from, allowed)
	}
	switch {
	case target == level:
		return "they are neighbours in one layer"
	case target > level:
		return "it is in a higher layer"
	}
	return ""
}

// judgeKit holds the kits for plugin authors to sdk.
func judgeKit(importer, imported string) string {
	allowed, narrowed := authorKits[importer]
	if to, _, _ := place(imported); narrowed && !slices.Contains(allowed, to) {
		return fmt.Sprintf("%s imports only %v of this module", importer, allowed)
	}
	return ""
}

// place returns the entry of the table that a package belongs to, the longest that fits, and the
// number of its layer.
func place(name string) (entry string, level int, found bool) {
	for i, layer := range layers {
		for _, candidate := range layer {
			if within(name, []string{candidate}) && len(candidate) > len(entry) {
				entry, level, found = candidate, i, true
			}
		}
	}
	return entry, level, found
}

// within reports whether a path is one of the roots or in the folder of one.
func within(name string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return name == root || strings.HasPrefix(name, root+"/")
	})
}

func isKit(name string) bool {
	return strings.HasSuffix(path.Base(name), "test") || within(name, kits)
}

// inSDK reports whether a package ends up in plugins.
func inSDK(name string) bool {
	return within(name, []string{"sdk"}) && !within(name, []string{"sdk/client"})
}

// isStandard reports whether an import is of the standard library: no dot in its first part.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// sameFolder reports whether two packages are in the same folder right below root.
func sameFolder(a, b, root string) bool {
	first := func(name string) string {
		head, _, _ := strings.Cut(strings.TrimPrefix(name, root+"/"), "/")
		return head
	}
	return first(a) == first(b)
}
