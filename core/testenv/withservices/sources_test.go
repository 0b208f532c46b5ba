package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program writes an executable shell script.
func program(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestWhereNothingHelpsTheMessageSaysWhatDoes(t *testing.T) {
	t.Parallel()
	cause := errors.New("no engine answers")
	err := adviceError{absent: []string{redisName, postgresName}, causes: []error{cause}}
	for _, want := range []string{
		"apt-get install redis-server postgresql", "brew install redis postgresql", "docker or podman",
		"HEADRACE_TEST_REDIS_URL and HEADRACE_TEST_DATABASE_URL", cause.Error(),
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message lacks %q:\n%v", want, err)
		}
	}
	if !errors.Is(err, errNotInstalled) || !errors.Is(err, cause) {
		t.Error("the error hides what it is about")
	}
}

func TestWithoutServices(t *testing.T) {
	t.Parallel()
	const foreign = "#!/bin/sh\nexit 0\n"
	failure := errors.New("install failed")
	tests := map[string]struct {
		before, during, after string // content of the policy file; empty: none
		err                   error
	}{
		"a policy is there during the installation only": {during: policyText},
		"also when the installation fails":               {during: policyText, err: failure},
		"one that a killed run has left is removed":      {before: policyText, during: policyText},
		"one of the machine stays":                       {before: foreign, during: foreign, after: foreign},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "policy-rc.d")
			if tt.before != "" {
				if err := os.WriteFile(path, []byte(tt.before), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			err := withoutServices(path, func() error {
				if got := content(t, path); got != tt.during {
					t.Errorf("during the installation the policy is %q, want %q", got, tt.during)
				}
				return tt.err
			})
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if got := content(t, path); got != tt.after {
				t.Errorf("afterwards the policy is %q, want %q", got, tt.after)
			}
		})
	}
}

func TestAptInstallAsksNothingAndStartsNothing(t *testing.T) {
	bin, policy := t.TempDir(), filepath.Join(t.TempDir(), "policy-rc.d")
	calls := filepath.Join(bin, "calls")
	program(t, filepath.Join(bin, "apt-get"), fmt.Sprintf("echo $DEBIAN_FRONTEND \"$@\" >> %q; test -x %q", calls, policy))
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	if err := aptInstall(t.Context(), policy, []string{redisName, postgresName}); err != nil {
		t.Fatal(err)
	}
	const want = "noninteractive -qq update\n" +
		"noninteractive -qq install --yes --no-install-recommends redis-server postgresql\n"
	if got := content(t, calls); got != want {
		t.Errorf("calls:\n%s\nwant:\n%s", got, want)
	}
}

// content returns a file's text; empty when there is no file.
func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}
