package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"

	"github.com/headrace/headrace/core/pluginhost/process"
	"github.com/headrace/headrace/sdk/fault"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// farewell is how long the reader of a dead process may take to give out what
// the process had said. It is only waited for when somebody else holds the
// connection open.
const farewell = time.Second

// generation is one process of one exact program with one configuration. It is
// launched once and ends by stop or by crash.
type generation struct {
	cfg    SlotConfig
	limits Limits
	log    hclog.Logger
	number uint64
	sha256 string
	runDir string
	guard  process.Watcher

	client      *plugin.Client
	process     *process.Process
	conn        *grpc.ClientConn
	plugin      pb.PluginServiceClient
	description Description
	flight      *flight

	// work are the sender, the reader and the health check; quit ends them.
	work sync.WaitGroup
	quit context.CancelFunc
	// read is closed when the reader has ended; broken holds why.
	read   chan struct{}
	broken error

	// started, address and socketDir are set before anybody else looks.
	started            time.Time
	address, socketDir string

	mu        sync.Mutex
	state     State
	pid       int
	condemned CrashKind
	// dialled is the last error of the connection.
	dialled error
}

// become makes a step of the life cycle.
func (g *generation) become(next State) {
	g.mu.Lock()
	before := g.state
	allowed := before.CanBecome(next)
	if allowed {
		g.state = next
	}
	g.mu.Unlock()
	if !allowed {
		g.log.Error("step outside of the life cycle refused", "from", before, "to", next)
		return
	}
	g.log.Debug("plugin state", "from", before, "to", next)
}

// startWork opens the stream of tasks and starts what serves it. The work
// outlives ctx: quit ends it.
func (g *generation) startWork(ctx context.Context) error {
	work, quit := context.WithCancel(context.WithoutCancel(ctx))
	stream, err := pb.NewTaskRunnerServiceClient(g.conn).Run(work)
	if err != nil {
		quit()
		return fmt.Errorf("open the stream of tasks: %w", err)
	}
	g.quit, g.read = quit, make(chan struct{})
	carrier := &runStream{flight: g.flight, stream: stream}
	g.work.Go(func() {
		// The reader hears of a broken stream too, and knows why.
		if err := carrier.send(work); err != nil {
			g.log.Debug("sender of the plugin ended", "error", err)
		}
	})
	g.work.Go(func() {
		defer close(g.read)
		g.broken = carrier.receive()
	})
	g.work.Go(func() { g.watchHealth(work) })
	return nil
}

// watch waits until the generation ends by itself, true, or ctx does.
func (g *generation) watch(ctx context.Context) (crashed bool) {
	select {
	case <-ctx.Done():
		return false
	case <-g.process.Exited():
	case <-g.read:
	}
	return true
}

// condemn kills the process for the given reason. The first reason counts.
func (g *generation) condemn(kind CrashKind) {
	g.mu.Lock()
	if g.condemned == "" {
		g.condemned = kind
	}
	g.mu.Unlock()
	g.process.Signal(unix.SIGKILL)
}

// end kills what is left of the process, lets the reader finish, and ends all
// work. After it nothing of the generation runs.
func (g *generation) end() {
	g.process.Signal(unix.SIGKILL)
	if !waitFor(g.process.Ended(), g.limits.Reap) {
		g.log.Error("plugin process does not end", "pid", g.process.PID())
	}
	if g.read != nil {
		waitFor(g.read, farewell)
		g.quit()
		g.work.Wait()
	}
	g.release()
}

// release lets go-plugin clear up, which waits for the process.
func (g *generation) release() {
	cleared := make(chan struct{})
	go func() { // bounded: ends with the process at the latest
		defer close(cleared)
		g.client.Kill()
	}()
	if !waitFor(cleared, g.limits.Reap) {
		g.log.Error("plugin process abandoned", "pid", g.process.PID())
	}
	g.removeSocket()
}

// removeSocket removes the folder that go-plugin made, which a start that failed
// leaves behind.
func (g *generation) removeSocket() {
	if err := os.RemoveAll(g.socketDir); err != nil {
		g.log.Warn("folder of a plugin's socket not removed", "error", err)
	}
}

// crash ends a generation that failed: its attempts get their outcome when the
// process is dead.
func (g *generation) crash() Crash {
	g.become(StateFailed)
	g.flight.refuse()
	report := g.report() // before the kill hides how the process ended by itself
	g.end()
	report.Status, report.Stderr = g.process.Status(), g.process.LastWords()
	report.InFlight = g.flight.keys()
	if g.broken != nil {
		report.Cause = process.Clean(g.broken.Error(), maxText)
	}
	g.settle(Crashed, fault.New(fault.InternalError, "the plugin's process ended during the attempt"), fault.BlamePlugin)
	return report
}

func (g *generation) report() Crash {
	// A process that dies breaks its stream a moment before it counts as dead.
	exited := waitFor(g.process.Exited(), farewell/10)
	g.mu.Lock()
	defer g.mu.Unlock()
	kind := g.condemned
	switch {
	case kind != "":
	case exited:
		kind = CrashExit
	default:
		kind = CrashStream
	}
	return Crash{
		Slot: g.cfg.Name, Name: g.description.Name, Version: g.description.Version,
		Generation: g.number, PID: g.process.PID(), SHA256: g.sha256,
		At: time.Now(), Uptime: time.Since(g.started), Kind: kind,
	}
}

// settle gives everything that is left in the flight one outcome.
func (g *generation) settle(kind OutcomeKind, err *fault.Error, blame fault.Blame) {
	var out delivery
	left := g.flight.clear()
	for i, a := range left {
		own := *err
		out.add(a.sink, Outcome{ID: a.task.ID, Attempt: a.task.Attempt, Kind: kind, Err: &own, Blame: blame}, len(left)-i)
	}
	out.send()
}

// noteDial keeps the error of a connection, which gRPC only tells as text.
func (g *generation) noteDial(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dialled = err
}

func (g *generation) dialError() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if peer, ok := errors.AsType[*process.PeerError](g.dialled); ok {
		return peer
	}
	return g.dialled
}

// waitFor tells whether the channel was closed in time.
func waitFor(c <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}
