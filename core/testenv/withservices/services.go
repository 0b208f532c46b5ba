package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/headrace/headrace/core/testenv"
)

// guardArg as the first argument makes this program the guard.
const guardArg = "-guard"

// closeTimeout is how long the guard may take to stop the servers before withservices ends without
// it. The guard kills what has not stopped after stopTimeout, so this is a second net.
const closeTimeout = 2*stopTimeout + 5*time.Second

// answer is the one line of JSON that the guard writes once the servers answer, or cannot.
type answer struct {
	RedisURL    string `json:"redis_url,omitempty"`
	DatabaseURL string `json:"database_url,omitempty"`
	Error       string `json:"error,omitempty"`
}

// services is the guard as withservices sees it; without a guard when every address was given.
type services struct {
	guard    *exec.Cmd
	lifeline io.Closer
	answer   answer
}

// startServices starts a guard for the addresses that the environment lacks and waits until its
// servers answer. It starts none when the environment has both.
func startServices(ctx context.Context, getenv func(string) string) (*services, error) {
	wanted := missing(getenv)
	if len(wanted) == 0 {
		return &services{}, nil
	}
	s, answers, err := startGuard(wanted)
	if err != nil {
		return nil, fmt.Errorf("start the guard: %w", err)
	}
	if s.answer, err = awaitAnswer(ctx, answers); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// missing returns the names of the servers whose address is not set.
func missing(getenv func(string) string) []string {
	var names []string
	if getenv(testenv.RedisVar) == "" {
		names = append(names, redisName)
	}
	if getenv(testenv.DatabaseVar) == "" {
		names = append(names, postgresName)
	}
	return names
}

// startGuard runs this program once more, in a session of its own so that no signal from the
// terminal reaches it, with the lifeline as its standard input.
func startGuard(wanted []string) (*services, io.Reader, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	guard := exec.Command(self, append([]string{guardArg}, wanted...)...) //nolint:noctx // the lifeline ends it
	guard.Stderr = os.Stderr
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	lifeline, err := guard.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	answers, err := guard.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := guard.Start(); err != nil {
		return nil, nil, err
	}
	return &services{guard: guard, lifeline: lifeline}, answers, nil
}

// awaitAnswer reads the guard's answer; the reading goroutine ends with the guard at the latest.
func awaitAnswer(ctx context.Context, answers io.Reader) (answer, error) {
	type result struct {
		answer answer
		err    error
	}
	results := make(chan result, 1)
	go func() {
		var r result
		r.err = json.NewDecoder(answers).Decode(&r.answer)
		results <- r
	}()
	select {
	case r := <-results:
		if r.err != nil {
			return answer{}, fmt.Errorf("the guard ended without an answer: %w", r.err)
		}
		if r.answer.Error != "" {
			return answer{}, errors.New(r.answer.Error)
		}
		return r.answer, nil
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	}
}

// environ returns the addresses of the started servers as environment variables.
func (s *services) environ() []string {
	var vars []string
	if s.answer.RedisURL != "" {
		vars = append(vars, testenv.RedisVar+"="+s.answer.RedisURL)
	}
	if s.answer.DatabaseURL != "" {
		vars = append(vars, testenv.DatabaseVar+"="+s.answer.DatabaseURL)
	}
	return vars
}

// close cuts the lifeline and waits until the guard has stopped the servers.
func (s *services) close() error {
	if s.guard == nil {
		return nil
	}
	late := time.AfterFunc(closeTimeout, func() { _ = s.guard.Process.Kill() }) // Wait tells the end
	defer late.Stop()
	cut := s.lifeline.Close()
	if err := s.guard.Wait(); err != nil {
		return fmt.Errorf("the guard of the servers: %w", err)
	}
	return cut
}
