//go:build faults

package faulttest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// lease of a node in this suite: short, so that a run takes a minute or two.
const lease = 3 * time.Second

// settings are the knobs of a run.
type settings struct {
	seed   uint64
	tasks  int
	rounds int
	only   map[string]bool
	keep   bool
}

// readSettings reads the environment; what is not set gets its default.
func readSettings(t *testing.T) settings {
	t.Helper()
	s := settings{
		seed: number(t, "FAULTS_SEED", rand.Uint64()), tasks: int(number(t, "FAULTS_TASKS", 20_000)),
		rounds: int(number(t, "FAULTS_ROUNDS", 1)), only: map[string]bool{}, keep: os.Getenv("FAULTS_KEEP") != "",
	}
	for name := range strings.SplitSeq(os.Getenv("FAULTS_ONLY"), ",") {
		if name != "" {
			s.only[name] = true
		}
	}
	fmt.Printf("FAULTS_SEED=%d FAULTS_TASKS=%d FAULTS_ROUNDS=%d\n", s.seed, s.tasks, s.rounds)
	return s
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s must be a whole number: %v", name, err)
	}
	return n
}

// random makes a source of its own for one part of the run.
func (s settings) random(part uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, part)) }
