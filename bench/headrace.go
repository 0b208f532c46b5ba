package main

import (
	"bytes"
	"context"
	_ "embed" // node.hcl
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/store/postgres"
	"github.com/headrace/headrace/core/task"
)

//go:embed node.hcl
var nodeFile []byte

// Task types of node.hcl.
const (
	echoType  = "demo.echo"
	stampType = "bench.stamp"
)

// headraceBatch is how many tasks share an insert while preloading.
const headraceBatch = 1000

// binaries are the programs that Headrace is measured with.
type binaries struct {
	headrace string // the engine
	stamp    string // the plugin that answers with the time
}

// headraceRig is a Headrace node: a process of its own with its plugins, spoken to over HTTP.
type headraceRig struct {
	binaries binaries
	// behind is how many more tasks are preloaded than are waited for.
	behind  int
	dir     string // of the configuration and the log
	address string // host:port
	env     []string
	drop    func(context.Context) error
	pool    *pgxpool.Pool
	// gate holds a lock under which no task can be claimed; nil: none is held.
	gate     pgx.Tx
	services *services
	client   *client
	server   *exec.Cmd
	exited   chan struct{} // closed when server has been waited for
	// last is one of the tasks that were handed in last.
	last atomic.Pointer[uuid.UUID]
}

func newHeadrace(b binaries, behind int) func(context.Context, *services) (rig, error) {
	return func(ctx context.Context, s *services) (rig, error) {
		if err := s.emptyRedis(ctx); err != nil {
			return nil, err
		}
		database, drop, err := s.freshDatabase(ctx)
		if err != nil {
			return nil, err
		}
		r := &headraceRig{binaries: b, behind: behind, drop: drop, services: s}
		if err := r.open(ctx, s, database); err != nil {
			return nil, errors.Join(err, r.close(ctx))
		}
		return r, nil
	}
}

// open makes the configuration, the schema and a key.
func (r *headraceRig) open(ctx context.Context, s *services, database string) (err error) {
	if r.dir, err = os.MkdirTemp("", "headrace-bench-*"); err != nil {
		return err
	}
	if err := os.WriteFile(r.configFile(), nodeFile, 0o600); err != nil {
		return err
	}
	if r.address, err = freeAddress(ctx); err != nil {
		return err
	}
	r.env = append(os.Environ(), "HEADRACE_BENCH_LISTEN="+r.address, "HEADRACE_BENCH_DATABASE_URL="+database,
		"HEADRACE_BENCH_REDIS_URL="+s.redisURL, "HEADRACE_BENCH_STAMP="+r.binaries.stamp)
	if r.pool, err = pgxpool.New(ctx, database); err != nil {
		return err
	}
	if _, err := r.run(ctx, "migrate", "up"); err != nil {
		return err
	}
	out, err := r.run(ctx, "key", "create", "-role", "admin", "-name", "bench", "-o", "json")
	if err != nil {
		return err
	}
	var key struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal(out, &key); err != nil {
		return fmt.Errorf("read the key: %w", err)
	}
	r.client = newClient("http://"+r.address, key.Key)
	return nil
}

func (r *headraceRig) configFile() string { return filepath.Join(r.dir, "node.hcl") }
func (r *headraceRig) logFile() string    { return filepath.Join(r.dir, "node.log") }

// freeAddress returns an address on which nothing listens now.
func freeAddress(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// run runs a command of the binary to its end and returns its output.
func (r *headraceRig) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, r.binaries.headrace, append(args, "-config", r.configFile())...)
	cmd.Env = r.env
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return nil, fmt.Errorf("headrace %s: %w: %s", args[0], err, failed.Stderr)
	}
	return out, err
}

// preload writes what the engine writes for a submission, without an engine, and closes the gate:
// the node can start, and read, and claim nothing until start opens it.
func (r *headraceRig) preload(ctx context.Context, n int) error {
	store, err := postgres.Open(ctx, postgres.Config{URL: r.pool.Config().ConnString()})
	if err != nil {
		return err
	}
	defer store.Close()
	for left := n + r.behind; left > 0; left -= headraceBatch {
		group := make([]task.Submission, min(left, headraceBatch))
		for i := range group {
			group[i] = submission()
		}
		if _, err := store.Insert(ctx, group); err != nil {
			return err
		}
		r.last.Store(&group[len(group)-1].Task.ID)
	}
	if r.gate, err = r.pool.Begin(ctx); err != nil {
		return err
	}
	_, err = r.gate.Exec(ctx, "LOCK TABLE tasks IN SHARE MODE")
	return err
}

// submission is a task as intake makes it of a request.
func submission() task.Submission {
	id := task.NewID()
	t := task.Task{
		ID: id, Type: echoType, Status: task.Pending, Priority: task.Medium, Payload: json.RawMessage(payload),
		Created: task.CreatedAt(id), Updated: task.CreatedAt(id), MaxRetries: 5, CreatedBy: "bench",
	}
	return task.Submission{Task: t, Event: t.Event(event.TaskCreated, "task accepted", t.EventMetadata())}
}

// arm starts the node and waits until it and its plugins are well.
func (r *headraceRig) arm(ctx context.Context) error {
	if err := r.launch(); err != nil {
		return err
	}
	return r.poll(ctx, "the node's health", func(ctx context.Context) (bool, error) {
		return r.client.healthy(ctx), nil
	})
}

// start opens the gate.
func (r *headraceRig) start(ctx context.Context) error {
	if r.gate == nil {
		return nil
	}
	gate := r.gate
	r.gate = nil
	return gate.Rollback(ctx)
}

func (r *headraceRig) launch() error {
	log, err := os.Create(r.logFile())
	if err != nil {
		return err
	}
	server := exec.Command(r.binaries.headrace, "server", "-config", r.configFile()) //nolint:noctx // close ends it
	server.Env, server.Stdout, server.Stderr = r.env, log, log
	if err := server.Start(); err != nil {
		return errors.Join(err, log.Close())
	}
	r.server, r.exited = server, make(chan struct{})
	go func() {
		defer close(r.exited)
		_ = server.Wait() // whoever waits for it says what its log says
		_ = log.Close()   // the process wrote to it, not this one
	}()
	return nil
}

// warm has nothing to do: all connections are there since arm.
func (r *headraceRig) warm(context.Context) error { return nil }

// poll is poll, unless the node ends.
func (r *headraceRig) poll(ctx context.Context, what string, ask func(context.Context) (bool, error)) error {
	return poll(ctx, what, func(ctx context.Context) (bool, error) {
		select {
		case <-r.exited:
			log, err := os.ReadFile(r.logFile())
			return false, errors.Join(fmt.Errorf("the node has ended: %s", log[max(0, len(log)-2000):]), err)
		default:
			return ask(ctx)
		}
	})
}

func (r *headraceRig) submit(ctx context.Context) error {
	id, err := r.client.submit(ctx, echoType)
	if err == nil {
		r.last.Store(&id)
	}
	return err
}

// done waits for the end of a task that came late, by its key, which costs nothing; only then it
// looks at the whole table.
func (r *headraceRig) done(ctx context.Context, n int) error {
	if r.behind > 0 {
		return r.poll(ctx, "the first tasks", func(ctx context.Context) (enough bool, err error) {
			err = r.pool.QueryRow(ctx, "SELECT count(*) >= $1 FROM task_history", n).Scan(&enough)
			return enough, err
		})
	}
	err := r.poll(ctx, "the last task", func(ctx context.Context) (gone bool, err error) {
		err = r.pool.QueryRow(ctx, "SELECT NOT EXISTS (SELECT FROM tasks WHERE id = $1)", *r.last.Load()).Scan(&gone)
		return gone, err
	})
	if err != nil {
		return err
	}
	err = r.poll(ctx, "the table of tasks", func(ctx context.Context) (empty bool, err error) {
		err = r.pool.QueryRow(ctx, "SELECT NOT EXISTS (SELECT FROM tasks)").Scan(&empty)
		return empty, err
	})
	if err != nil {
		return err
	}
	return r.check(ctx, n)
}

// check makes sure that every task was completed and each step recorded.
func (r *headraceRig) check(ctx context.Context, n int) error {
	var completed, events int
	err := r.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM task_history WHERE status = $1),
		(SELECT count(*) FROM audit_events WHERE type IN ('task.created', 'task.completed'))`, task.Completed).Scan(&completed, &events)
	if err != nil {
		return err
	}
	if completed != n || events != 2*n {
		return fmt.Errorf("%d tasks completed and %d events recorded, want %d and %d", completed, events, n, 2*n)
	}
	return nil
}

func (r *headraceRig) pickUp(ctx context.Context) (time.Time, error) {
	id, err := r.client.submit(ctx, stampType)
	if err != nil {
		return time.Time{}, err
	}
	var at time.Time
	err = r.poll(ctx, "the task", func(ctx context.Context) (done bool, err error) {
		at, done, err = r.client.stamped(ctx, id)
		return done, err
	})
	return at, err
}

func (r *headraceRig) engine() int {
	if r.server == nil {
		return 0
	}
	return r.server.Process.Pid
}

// figures are the sizes of the groups that the node worked in, by its metrics and, for settlements,
// by the events that share a transaction.
func (r *headraceRig) figures(ctx context.Context) (map[string]float64, error) {
	text, err := r.client.metrics(ctx)
	if err != nil {
		return nil, err
	}
	figures, err := histogramMeans(bytes.NewReader(text), claimTime,
		"headrace_insert_group_size", "headrace_claim_group_size", "headrace_settle_group_size")
	if err != nil {
		return nil, err
	}
	var shared float64
	err = r.pool.QueryRow(ctx, "SELECT count(*) / count(DISTINCT xid::text)::float8 FROM audit_events WHERE type = $1",
		event.TaskCompleted).Scan(&shared)
	figures["completions per commit"] = shared
	if r.behind > 0 {
		err = errors.Join(err, r.depth(ctx, figures))
	}
	return figures, err
}

func (r *headraceRig) close(ctx context.Context) error {
	errs := []error{r.start(ctx)} // a node that waits at the gate would not stop
	if r.server != nil {
		errs = append(errs, r.server.Process.Signal(syscall.SIGTERM))
		<-r.exited
	}
	if r.client != nil {
		r.client.close()
	}
	if r.pool != nil {
		r.pool.Close()
	}
	if r.dir != "" {
		errs = append(errs, os.RemoveAll(r.dir))
	}
	return errors.Join(append(errs, r.drop(ctx))...)
}
