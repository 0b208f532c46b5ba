package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/headrace/headrace/core/testenv/realserver"
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
	bin := realserver.FindPostgres(ctx, realserver.PostgresGlob)
	if bin == "" {
		return nil
	}
	return func(ctx context.Context, run *run) (server, error) { return startPostgres(ctx, run, bin) }
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
