package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// envKeeper tells a plugin's binary that it is to be the keeper.
const envKeeper = "HEADRACE_PLUGIN_KEEPER"

// ready is what a keeper writes once it listens.
const ready = "ready\n"

// startPatience is how long the keeper's process may take to start.
const startPatience = 10 * time.Second

// ErrNoKeeper says that the keeper's process did not start. A test binary must hand over to
// [KeeperMain] in its TestMain.
var ErrNoKeeper = errors.New("the keeper process did not start")

// Keeper ends process groups when this process dies. The zero value is ready; its
// process is started with the first command.
type Keeper struct {
	mu      sync.Mutex
	groups  map[int]struct{}
	closing bool
	process *exec.Cmd
	pipe    io.WriteCloser
}

// KeeperMain turns this process into a keeper when it was started as one, and
// tells with which exit code it has to end. sdk.Run calls it.
func KeeperMain() (code int, keeper bool) {
	if os.Getenv(envKeeper) == "" {
		return 0, false
	}
	// Whoever signals the plugin's group or cgroup does not mean the keeper: it
	// ends with the pipe.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if _, err := os.Stdout.WriteString(ready); err != nil {
		return 1, true
	}
	for pgid := range follow(os.Stdin) {
		// A group that has just ended by itself is no error.
		_ = syscall.Kill(-pgid, syscall.SIGKILL)
	}
	return 0, true
}

// follow reads entries ("+pgid", "-pgid", a line each) until the pipe closes and
// returns the groups that are left.
func follow(pipe io.Reader) map[int]struct{} {
	groups := map[int]struct{}{}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		pgid, err := strconv.Atoi(lines.Text())
		switch {
		case err != nil || pgid == 0:
		case pgid > 1 && strings.HasPrefix(lines.Text(), "+"):
			groups[pgid] = struct{}{}
		case pgid < 0:
			delete(groups, -pgid)
		}
	}
	return groups
}

// prepare starts the keeper's process unless it is there.
func (k *Keeper) prepare() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.process != nil {
		return nil
	}
	return k.restart()
}

// add enters a group. A keeper that has died is replaced.
func (k *Keeper) add(pgid int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.groups == nil {
		k.groups = map[int]struct{}{}
	}
	k.groups[pgid] = struct{}{}
	if k.process != nil && k.tell("+", pgid) == nil {
		return nil
	}
	err := k.restart()
	if err != nil {
		delete(k.groups, pgid)
	}
	return err
}

// remove takes a group out, before its leader is reaped and its number is free for
// somebody else. A keeper that has died needs no telling.
func (k *Keeper) remove(pgid int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.groups, pgid)
	if k.process != nil && k.tell("-", pgid) != nil {
		k.end()
	}
	if k.closing && len(k.groups) == 0 {
		k.end()
	}
}

// Close ends the keeper's process as soon as no command runs any more.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closing = true
	if len(k.groups) == 0 {
		k.end()
	}
}

func (k *Keeper) tell(sign string, pgid int) error {
	_, err := fmt.Fprintf(k.pipe, "%s%d\n", sign, pgid)
	return err
}

// end closes the pipe, which ends the process, and reaps it.
func (k *Keeper) end() {
	if k.process == nil {
		return
	}
	// Neither can fail in a way that matters: the process is gone afterwards.
	_ = k.pipe.Close()
	_ = k.process.Wait()
	k.process, k.pipe = nil, nil
}

// restart starts a new process and enters all groups again.
func (k *Keeper) restart() error {
	k.end()
	if os.Getenv(envKeeper) != "" {
		return fmt.Errorf("%w: this process is one itself", ErrNoKeeper)
	}
	if err := k.launch(); err != nil {
		return err
	}
	for pgid := range k.groups {
		if err := k.tell("+", pgid); err != nil {
			k.end()
			return fmt.Errorf("%w: %w", ErrNoKeeper, err)
		}
	}
	return nil
}

// launch starts this binary with the same arguments in a group of its own.
func (k *Keeper) launch() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoKeeper, err)
	}
	cmd := exec.Command(self, os.Args[1:]...) //nolint:gosec,noctx // our own binary and arguments; it ends with its pipe
	cmd.Env = []string{envKeeper + "=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoKeeper, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoKeeper, errors.Join(err, pipe.Close()))
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoKeeper, err)
	}
	late := time.AfterFunc(startPatience, func() {
		// It fails when the process is gone, which is what it is for.
		_ = cmd.Process.Kill()
	})
	defer late.Stop()
	k.process, k.pipe = cmd, pipe
	line := make([]byte, len(ready))
	if _, err := io.ReadFull(stdout, line); err != nil || string(line) != ready {
		_ = cmd.Process.Kill() // As above.
		k.end()
		return ErrNoKeeper
	}
	return nil
}
