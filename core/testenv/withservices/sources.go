package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source starts one server in the directory of a run.
type source func(ctx context.Context, run *run) (server, error)

// errNotInstalled says that no binary was found; the text names what to install.
var errNotInstalled = errors.New("not installed")

// findSources decides where each wanted server comes from: installed binaries, else binaries that
// are installed now, else containers.
func findSources(ctx context.Context, wanted []string) (map[string]source, error) {
	sources, absent := installed(ctx, wanted)
	if len(absent) == 0 {
		return sources, nil
	}
	installErr := installPackages(ctx, absent)
	if installErr == nil {
		if sources, absent = installed(ctx, wanted); len(absent) == 0 {
			return sources, nil
		}
		installErr = errors.New("the packages are installed, but their programs are not where they should be")
	}
	engine, engineErr := findEngine(ctx)
	if engineErr != nil {
		return nil, adviceError{absent: absent, causes: []error{installErr, engineErr}}
	}
	for _, name := range absent {
		sources[name] = containerSource(engine, name)
	}
	return sources, nil
}

// installed returns a source for each server whose programs are on this machine, and the names of
// the others.
func installed(ctx context.Context, wanted []string) (map[string]source, []string) {
	sources := make(map[string]source)
	var absent []string
	for _, name := range wanted {
		if found := nativeSource(ctx, name); found != nil {
			sources[name] = found
		} else {
			absent = append(absent, name)
		}
	}
	return sources, absent
}

// nativeSource returns nil when the programs are not found.
func nativeSource(ctx context.Context, name string) source {
	if name == redisName {
		binary, err := exec.LookPath("redis-server")
		if err != nil {
			return nil
		}
		return func(ctx context.Context, run *run) (server, error) { return startRedis(ctx, run, binary) }
	}
	bin := findPostgres(ctx, postgresGlob)
	if bin == "" {
		return nil
	}
	return func(ctx context.Context, run *run) (server, error) { return startPostgres(ctx, run, bin) }
}

// postgresGlob is where Debian puts each major version; none of it is on the PATH.
const postgresGlob = "/usr/lib/postgresql/*/bin"

// findPostgres returns the folder with initdb and postgres: the newest version below glob, else
// from the PATH, else the one that pg_config names; empty if there is none.
func findPostgres(ctx context.Context, glob string) string {
	var candidates []string
	if versions, err := filepath.Glob(glob); err == nil { // the only error is a bad pattern
		slices.SortFunc(versions, func(a, b string) int { return majorVersion(b) - majorVersion(a) })
		candidates = versions
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(out)))
	}
	for _, dir := range candidates {
		if isExecutable(filepath.Join(dir, "initdb")) && isExecutable(filepath.Join(dir, "postgres")) {
			return dir
		}
	}
	return ""
}

// majorVersion reads the 15 in …/15/bin; what is no number comes last.
func majorVersion(bin string) int {
	version, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	if err != nil {
		return -1
	}
	return version
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// adviceError says what a person can do so that the servers can start.
type adviceError struct {
	absent []string // names of servers
	causes []error  // why it was not done here
}

func (e adviceError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "no %s for the tests on this machine. One of these helps:\n", strings.Join(e.absent, " and no "))
	fmt.Fprintf(&text, "  - install it:      Debian, Ubuntu: apt-get install %s\n", strings.Join(debianPackages(e.absent), " "))
	fmt.Fprintf(&text, "                     macOS: brew install %s\n", strings.Join(brewPackages(e.absent), " "))
	fmt.Fprintf(&text, "  - a container engine that answers: docker or podman\n")
	fmt.Fprintf(&text, "  - a server of your own: set %s\n", strings.Join(variables(e.absent), " and "))
	fmt.Fprintf(&text, "What was tried:")
	for _, cause := range e.causes {
		fmt.Fprintf(&text, "\n  - %v", cause)
	}
	return text.String()
}

func (e adviceError) Unwrap() []error { return append([]error{errNotInstalled}, e.causes...) }
