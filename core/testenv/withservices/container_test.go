package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// engineScript acts as the client of an engine with one image, Redis, which it runs as a process.
const engineScript = `
home=%[1]q redis=%[2]q port=%[3]d
echo "$@" >> "$home/calls"
case "$1" in
info) echo an-id ;;
run)
    while [ "$1" != redis-server ]; do
        [ "$1" = --name ] && name=$2
        shift
    done
    shift
    "$redis" --bind 127.0.0.1 --port "$port" --daemonize yes --pidfile "$home/$name" "$@" >/dev/null
    echo "$name" ;;
port) echo "127.0.0.1:$port" ;;
rm)
    for name; do :; done
    if [ ! -f "$home/$name" ]; then echo "Error: No such container: $name" >&2; exit 1; fi
    kill -9 "$(cat "$home/$name")" && rm "$home/$name" ;;
esac
`

// fakeEngine puts a client called docker on the PATH and returns the folder of its containers.
func fakeEngine(t *testing.T) string {
	t.Helper()
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	home, bin := t.TempDir(), t.TempDir()
	program(t, filepath.Join(bin, "docker"), fmt.Sprintf(engineScript, home, redis, port))
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	return home
}

func newTestRun(t *testing.T) *run {
	t.Helper()
	r, err := newRun(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.remove(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestAContainerIsRecordedAnswersAndIsRemoved(t *testing.T) {
	fakeEngine(t)
	run := newTestRun(t)
	engine, err := findEngine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	started, err := containerSource(engine, redisName)(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if err := pingRedis(t.Context(), started.url()); err != nil {
		t.Errorf("it does not answer: %v", err)
	}
	recorded, err := readRecord(run.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(recorded.Containers) != 1 || !strings.HasPrefix(recorded.Containers[0], "docker headrace-redis-") {
		t.Errorf("the record has %v", recorded.Containers)
	}
	if err := started.stop(); err != nil {
		t.Fatal(err)
	}
	if err := pingRedis(t.Context(), started.url()); err == nil {
		t.Error("it still answers after stop")
	}
}

func TestSweepRemovesTheContainersOfADeadRun(t *testing.T) {
	home := fakeEngine(t)
	run := newTestRun(t)
	started, err := containerSource("docker", redisName)(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	left, err := readRecord(run.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, turn := range []string{"a container that runs", "one that has gone"} {
		if err := endRecorded(t.Context(), left); err != nil {
			t.Errorf("%s: %v", turn, err)
		}
	}
	if err := pingRedis(t.Context(), started.url()); err == nil {
		t.Error("it still answers")
	}
	calls, err := os.ReadFile(filepath.Join(home, "calls"))
	if err != nil || !strings.Contains(string(calls), "rm --force --volumes headrace-redis-") {
		t.Errorf("the engine was called with %s (%v)", calls, err)
	}
}

func TestAClientWithoutAnEngineIsNoEngine(t *testing.T) {
	bin := t.TempDir()
	program(t, filepath.Join(bin, "docker"), "echo 'cannot connect' >&2; exit 1")
	t.Setenv("PATH", bin)
	_, err := findEngine(t.Context())
	if err == nil || !strings.Contains(err.Error(), "cannot connect") {
		t.Errorf("error %v should say why docker is of no use", err)
	}
}
