package pluginhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// rig is a running host with one slot of the fake plugin.
type rig struct {
	*Host
	t       testing.TB
	sink    *memory
	log     *logBuffer
	crashes chan Crash
	stop    func()
}

// quick are limits that make faults show soon.
func quick() Limits {
	return Limits{
		Handshake: 10 * time.Second, Describe: 5 * time.Second, Open: 5 * time.Second,
		Health: 5 * time.Second, HealthEvery: 100 * time.Millisecond, HealthMisses: 3,
		Drain: 500 * time.Millisecond, Shutdown: 300 * time.Millisecond, Terminate: 300 * time.Millisecond,
		Reap: 2 * time.Second, Backoff: 20 * time.Millisecond, BackoffMax: 100 * time.Millisecond,
	}
}

// start runs a host with the fake plugin and its faults; the test's end stops it.
func start(t testing.TB, faults string, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, sink: newMemory(), log: &logBuffer{}, crashes: make(chan Crash, 1000)}
	cfg := Config{
		Slots:        []SlotConfig{{Name: "fake", Command: self(t), TLS: TLSOff, Env: fakeEnvironment(faults)}},
		StateDir:     t.TempDir(),
		GuardCommand: []string{self(t), guardArgument},
		Logger:       hclog.New(&hclog.LoggerOptions{Output: r.log, Level: hclog.Debug}),
		Record:       func(c Crash) { r.crashes <- c },
		Limits:       quick(),
	}
	for _, c := range change {
		c(&cfg)
	}
	host, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- host.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	waiting, over := context.WithTimeout(ctx, patience)
	defer over()
	if err := host.Started(waiting); err != nil {
		t.Fatal(err)
	}
	return r
}

// fakeEnvironment selects the faults. The race detector would hold up the end of
// the plugin by a second.
func fakeEnvironment(faults string) []string {
	return []string{fakeEnv + "=serve," + faults, "GORACE=atexit_sleep_ms=0"}
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// submit hands tasks of the given types to the plugin, each with its name as
// payload.
func (r *rig) submit(types ...string) []AttemptKey {
	r.t.Helper()
	batch := make([]Assignment, len(types))
	keys := make([]AttemptKey, len(types))
	for i, typ := range types {
		batch[i] = Assignment{ID: uuid.Must(uuid.NewV7()), Attempt: 1, Type: typ, Payload: fmt.Appendf(nil, "%q", typ)}
		keys[i] = batch[i].Key()
	}
	if err := r.Submit("fake", batch, r.sink); err != nil {
		r.t.Fatal(err)
	}
	return keys
}

func (r *rig) status() SlotStatus { return r.Status()[0] }

// crash waits for the next crash.
func (r *rig) crash() Crash {
	r.t.Helper()
	select {
	case c := <-r.crashes:
		return c
	case <-time.After(patience):
		r.t.Fatal("no crash was recorded")
		return Crash{}
	}
}

// awaitActive waits until the slot takes tasks.
func (r *rig) awaitActive() {
	r.t.Helper()
	limit := time.After(patience)
	for {
		changed := r.Changes()
		if r.Active("fake") {
			return
		}
		select {
		case <-changed:
		case <-limit:
			r.t.Fatal("the slot did not become active")
		}
	}
}

// memory is a sink that remembers.
type memory struct {
	mu       sync.Mutex
	outcomes map[AttemptKey][]Outcome
	groups   []int
	progress []Progress
	logs     []LogLine
	news     chan struct{}
}

func newMemory() *memory {
	return &memory{outcomes: map[AttemptKey][]Outcome{}, news: make(chan struct{}, 1)}
}

func (m *memory) Ended(outcomes []Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.groups = append(m.groups, len(outcomes))
	for _, o := range outcomes {
		key := AttemptKey{ID: o.ID, Attempt: o.Attempt}
		m.outcomes[key] = append(m.outcomes[key], o)
	}
	signal(m.news)
}

func (m *memory) Progress(notes []Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.progress = append(m.progress, notes...)
}

func (m *memory) Logs(lines []LogLine) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logs = append(m.logs, lines...)
}

func (m *memory) get(key AttemptKey) []Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.outcomes[key]
}

// await waits for the outcomes of the attempts, and requires one of each.
func (r *rig) await(keys []AttemptKey) []Outcome {
	r.t.Helper()
	out := make([]Outcome, 0, len(keys))
	limit := time.After(patience)
	for _, key := range keys {
		for len(r.sink.get(key)) == 0 {
			select {
			case <-r.sink.news:
			case <-limit:
				r.t.Fatalf("no outcome of %v", key)
			}
		}
		got := r.sink.get(key)
		if len(got) != 1 {
			r.t.Fatalf("%d outcomes of one attempt: %v", len(got), got)
		}
		out = append(out, got[0])
	}
	return out
}

// eventually waits for a condition that nothing signals.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(patience)
	for !holds() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatal("never: " + what)
		}
	}
}

// alive tells whether a process runs; a dead one that waits to be reaped does not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// logBuffer is a log that a test reads.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// runFor runs the host during do, and returns what Run returned.
func runFor(t *testing.T, host *Host, do func()) error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- host.Run(ctx) }()
	do()
	cancel()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("Run did not end")
		return nil
	}
}

// process is the pid of a slot's newest process, even while it starts; 0 for none.
func (s *slot) process() int {
	g := s.holder()
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.process == nil {
		return 0
	}
	return g.process.PID()
}
