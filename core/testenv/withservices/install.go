package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"github.com/headrace/headrace/core/testenv"
)

// installTimeout bounds the download and the installation.
const installTimeout = 10 * time.Minute

const (
	debianMark = "/etc/debian_version"
	// policyFile decides on Debian whether a package may start its service; exit code 101 forbids.
	policyFile = "/usr/sbin/policy-rc.d"
	policyText = "#!/bin/sh\n# withservices: tests start servers of their own\nexit 101\n"
)

// packages tells how each server is called by the package managers and in the environment.
var packages = map[string]struct{ debian, brew, variable string }{
	redisName:    {debian: "redis-server", brew: "redis", variable: testenv.RedisVar},
	postgresName: {debian: "postgresql", brew: "postgresql", variable: testenv.DatabaseVar},
}

func debianPackages(names []string) (list []string) {
	for _, name := range names {
		list = append(list, packages[name].debian)
	}
	return list
}

func brewPackages(names []string) (list []string) {
	for _, name := range names {
		list = append(list, packages[name].brew)
	}
	return list
}

func variables(names []string) (list []string) {
	for _, name := range names {
		list = append(list, packages[name].variable)
	}
	return list
}

// installPackages installs the servers on Debian as root and starts none of their services. An
// error says why nothing was installed.
func installPackages(ctx context.Context, names []string) error {
	if os.Geteuid() != 0 {
		return errors.New("installing needs root")
	}
	if _, err := os.Stat(debianMark); err != nil {
		return errors.New("installing is only known for Debian")
	}
	return aptInstall(ctx, policyFile, names)
}

// aptInstall fetches the lists and installs the packages, with nothing that they only recommend.
func aptInstall(ctx context.Context, policy string, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	return withoutServices(policy, func() error {
		if err := aptGet(ctx, "update"); err != nil {
			return err
		}
		args := []string{"install", "--yes", "--no-install-recommends"}
		return aptGet(ctx, append(args, debianPackages(names)...)...)
	})
}

// withoutServices runs install while the policy file forbids packages to start services. A policy
// that the machine already has stays; one of ours that a killed run has left is replaced.
func withoutServices(path string, install func() error) (err error) {
	switch old, readErr := os.ReadFile(path); {
	case errors.Is(readErr, fs.ErrNotExist), readErr == nil && string(old) == policyText:
		if err := os.WriteFile(path, []byte(policyText), 0o755); err != nil { //nolint:gosec // G306: it is a program
			return err
		}
		defer func() { err = errors.Join(err, os.Remove(path)) }()
	case readErr != nil:
		return readErr
	}
	return install()
}

// aptGet runs apt-get without questions; what it says goes to standard error.
func aptGet(ctx context.Context, args ...string) error {
	fmt.Fprintln(os.Stderr, "withservices: apt-get", args)
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-qq"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w", args[0], err)
	}
	return nil
}
