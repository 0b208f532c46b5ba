package realserver

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// PostgresGlob is where Debian puts each major version; none of it is on the PATH.
const PostgresGlob = "/usr/lib/postgresql/*/bin"

// FindPostgres returns the folder with initdb and postgres: the newest version below glob, else
// from the PATH, else the one that pg_config names; empty if there is none.
func FindPostgres(ctx context.Context, glob string) string {
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

// Credential returns what a child needs to run as the named system user.
func Credential(name string) (*syscall.Credential, error) {
	account, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
