package main

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
)

// watched starts a watch whose exits come on a channel.
func watched(t *testing.T) (signals chan os.Signal, done <-chan struct{}, exits chan int) {
	t.Helper()
	signals, exits = make(chan os.Signal, 2), make(chan int, 1)
	s := stopping{grace: 20 * time.Second, log: hclog.NewNullLogger(), exit: func(code int) { exits <- code }}
	ctx, release := s.watch(t.Context(), signals, func() {})
	t.Cleanup(release)
	return signals, ctx.Done(), exits
}

func TestFirstSignalAsksAndSecondEnds(t *testing.T) {
	t.Parallel()
	for signal, want := range map[os.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		signals, done, exits := watched(t)
		signals <- signal
		<-done
		select {
		case code := <-exits:
			t.Fatalf("the first %s ended it with %d", signal, code)
		default:
		}
		signals <- signal
		if code := <-exits; code != want {
			t.Errorf("second %s: %d, want %d", signal, code, want)
		}
	}
}

func TestDrainBeyondTheGraceIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signals, done, exits := watched(t)
		signals <- syscall.SIGTERM
		<-done
		began := time.Now()
		if code := <-exits; code != exitError || time.Since(began) != 20*time.Second {
			t.Errorf("exit %d after %s", code, time.Since(began))
		}
	})
}

func TestReleaseEndsTheWatch(t *testing.T) {
	t.Parallel()
	s := stopping{grace: time.Hour, log: hclog.NewNullLogger(), exit: func(code int) { t.Errorf("exit %d", code) }}
	ctx, release := s.watch(t.Context(), make(chan os.Signal), func() {})
	release() // waits for the watch
	if ctx.Err() == nil {
		t.Error("the context goes on")
	}
}
