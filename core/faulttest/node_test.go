//go:build faults

package faulttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/headrace/headrace/core/testenv/realserver"
)

// node is one `headrace server`; its address stays the same over restarts.
type node struct {
	name, url string
	binary    string
	config    string
	log       string
	temporary string
	// environment of the process besides that of the test.
	environment []string
	httpClient  *http.Client

	mu      sync.Mutex
	process *exec.Cmd
	exited  chan struct{}
}

// start starts the node, which must not run.
func (n *node) start() error {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	cmd := exec.Command(n.binary, "server", "-config", n.config)
	cmd.Env = append(os.Environ(), n.environment...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = realserver.DieWithParent(&syscall.SysProcAttr{}, syscall.SIGKILL)
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // whoever waits for the end looks at its exit code
	}()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process, n.exited = cmd, exited
	return nil
}

// pid of the running process.
func (n *node) pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process.Process.Pid
}

// signal sends a signal.
func (n *node) signal(sig syscall.Signal) error {
	if err := syscall.Kill(n.pid(), sig); err != nil {
		return fmt.Errorf("%s to node %s: %w", sig, n.name, err)
	}
	return nil
}

// end sends a signal and waits for the end; it returns the exit code, −1 after a
// signal.
func (n *node) end(sig syscall.Signal, limit time.Duration) (int, error) {
	if err := n.signal(sig); err != nil {
		return 0, err
	}
	n.mu.Lock()
	process, exited := n.process, n.exited
	n.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-exited:
		return process.ProcessState.ExitCode(), nil
	case <-timer.C:
		return 0, fmt.Errorf("node %s did not end within %s of %s", n.name, limit, sig)
	}
}

// stopForGood ends what runs, frozen or not.
func (n *node) stopForGood() {
	n.mu.Lock()
	process, exited := n.process, n.exited
	n.mu.Unlock()
	if process == nil {
		return
	}
	_ = process.Process.Kill() // it may have ended
	<-exited
}

// healthy tells whether the node says that all of its parts are well.
func (n *node) healthy(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+"/health", nil)
	if err != nil {
		return err
	}
	resp, err := n.httpClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var health struct{ Status string }
	if err := json.NewDecoder(resp.Body).Decode(&health); err != nil {
		return err
	}
	if health.Status != "ok" {
		return fmt.Errorf("node %s is %s", n.name, health.Status)
	}
	return nil
}

// plugin is the process id of the node's demo plugin: a child of the node that
// serves it.
func (n *node) plugin() (int, error) {
	parent := strconv.Itoa(n.pid())
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, folder := range folders {
		stat, statErr := os.ReadFile(filepath.Join(folder, "stat"))
		line, lineErr := os.ReadFile(filepath.Join(folder, "cmdline"))
		if errors.Join(statErr, lineErr) != nil {
			continue // it has ended meanwhile
		}
		// PID (NAME) STATE PPID …; the name may hold anything.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 1 && fields[1] == parent && strings.Contains(string(line), "serve\x00demo") {
			return strconv.Atoi(filepath.Base(folder))
		}
	}
	return 0, fmt.Errorf("node %s has no plugin process", n.name)
}

// said is the end of what the node wrote.
func (n *node) said() string {
	const most = 3000 // bytes
	data, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-most):])
}
