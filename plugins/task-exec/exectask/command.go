package exectask

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/fault"
)

// Request is the payload of exec.command.
type Request struct {
	// Name is one of the configured commands.
	Name  string   `json:"name" description:"name of a configured program"`
	Args  []string `json:"args,omitempty" description:"arguments, passed on as they are"`
	Stdin string   `json:"stdin,omitempty" description:"standard input; empty without"`
}

// Result is the result of exec.command.
type Result struct {
	// ExitCode is always 0: another one is a failure.
	ExitCode int    `json:"exit_code"`
	Stdout   string `json:"stdout"`
	Stderr   string `json:"stderr"`
	// The outputs were longer than what was kept.
	StdoutTruncated bool `json:"stdout_truncated,omitempty"`
	StderrTruncated bool `json:"stderr_truncated,omitempty"`
}

const (
	// searchPath is the PATH of every program.
	searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// maxTail is how much of the end of stderr goes into a failure, in bytes.
	maxTail = 4 << 10
)

// command does one task.
func command(ctx context.Context, in Request) (Result, error) {
	config := sdk.Config[Config](ctx)
	cmd, err := build(config, in)
	if err != nil {
		return Result{}, err
	}
	stdout, stderr := newCapture(config.MaxOutput), newCapture(config.MaxOutput)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	group, err := config.keeper.Start(cmd)
	if err != nil {
		return Result{}, &fault.Error{
			Code: fault.TaskExecutionFailed, Msg: fmt.Sprintf("command %q cannot be started", in.Name), Err: err,
		}
	}
	stop := context.AfterFunc(ctx, group.Kill)
	err = group.Wait()
	stop()
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	return outcome(cmd, stdout, stderr, err)
}

// build makes the command, or says what is wrong with the payload.
func build(config Config, in Request) (*exec.Cmd, error) {
	path, listed := config.Commands[in.Name]
	if !listed {
		return nil, fault.Newf(fault.ValidationError, "command %q is not among those that the configuration lists", in.Name)
	}
	for i, arg := range in.Args {
		if strings.ContainsRune(arg, 0) {
			return nil, fault.Newf(fault.ValidationError, "argument %d holds a NUL, which no program can be given", i+1)
		}
	}
	return &exec.Cmd{
		Path:  path,
		Args:  append([]string{path}, in.Args...),
		Env:   []string{searchPath},
		Dir:   "/",
		Stdin: strings.NewReader(in.Stdin),
	}, nil
}

// outcome turns the program's end into the task's.
func outcome(cmd *exec.Cmd, stdout, stderr *capture, err error) (Result, error) {
	result := Result{
		ExitCode:        cmd.ProcessState.ExitCode(),
		Stdout:          stdout.text(),
		Stderr:          stderr.text(),
		StdoutTruncated: stdout.truncated(),
		StderrTruncated: stderr.truncated(),
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return result, fault.Wrap(fault.TaskExecutionFailed, err)
	}
	if err == nil {
		return result, nil
	}
	return result, &fault.Error{
		Code:    fault.TaskExecutionFailed,
		Msg:     "the program ended with " + exit.Error(),
		Details: map[string]any{"exit_code": result.ExitCode, "stderr": stderr.tail(maxTail)},
		Err:     err,
	}
}
