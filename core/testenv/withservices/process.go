package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processID names one process for good: ids are used again, an id with a start time is not.
type processID struct {
	PID   int    `json:"pid"`
	Start string `json:"start"` // as startOf gives it; compared, never read
}

// identify returns the identity of a running process.
func identify(pid int) (processID, error) {
	start, err := startOf(pid)
	if err != nil {
		return processID{}, fmt.Errorf("start time of process %d: %w", pid, err)
	}
	return processID{PID: pid, Start: start}, nil
}

// kill ends the process if it still is the one that was recorded, and waits until it has gone. A
// process that cannot be identified is left alone.
func (p processID) kill(ctx context.Context) error {
	if !p.alive() {
		return nil
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill process %d: %w", p.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	return poll(ctx, func(context.Context) error {
		if p.alive() {
			return fmt.Errorf("process %d is still there", p.PID)
		}
		return nil
	})
}

// alive reports whether the process runs and is the recorded one.
func (p processID) alive() bool {
	now, err := identify(p.PID)
	return err == nil && now == p
}

// startOf returns when a process started: ticks since boot from /proc, or the date that ps prints
// where there is no /proc. A process that has ended and was not waited for counts as gone.
func startOf(pid int) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		return startFromStat(string(data))
	}
	if _, noProc := os.Stat("/proc/self/stat"); noProc == nil {
		return "", err
	}
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output() //nolint:noctx // it answers at once
	return strings.TrimSpace(string(out)), err
}

// startFromStat reads the start time from a line of /proc/PID/stat. The command name, second, is in
// parentheses and may hold anything; the state follows it and the start time is field 22 of all.
func startFromStat(stat string) (string, error) {
	const stateField, startField = 3, 22
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) <= startField-stateField {
		return "", fmt.Errorf("unexpected form: %q", stat)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", os.ErrProcessDone
	}
	return fields[startField-stateField], nil
}

// pollEvery is how often a condition is looked at that has no signal.
const pollEvery = 20 * time.Millisecond

// poll calls try until it succeeds or ctx ends; then it returns why and the last failure.
func poll(ctx context.Context, try func(context.Context) error) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		}
	}
}
