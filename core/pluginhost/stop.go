package pluginhost

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/headrace/headrace/sdk/fault"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// shutdownCall is go-plugin's request to end. We make it ourselves, since
// Client.Kill makes it without a deadline.
const shutdownCall = "/plugin.GRPCController/Shutdown"

// stop ends the generation in order. Each rung has a deadline, so it returns
// whatever the plugin does:
//
//	drain       nothing new; the plugin finishes what it has
//	shutdown    the end of the stream, then the call of go-plugin
//	terminate   SIGTERM to the group
//	kill        SIGKILL to the group, pipes closed, go-plugin cleared up
//
// What is still inside at the end has an unknown outcome. It tells whether the
// process died by itself with attempts inside, which is a crash.
func (g *generation) stop(ctx context.Context) (crashed bool) {
	g.become(StateDraining)
	g.flight.refuse()
	g.drain(ctx)
	if g.hasExited() && g.flight.size() > 0 {
		return true
	}
	g.shutdown(ctx)
	if !waitFor(g.process.Exited(), g.limits.Shutdown) {
		g.log.Warn("plugin did not end when asked to, terminating it")
		g.process.Signal(unix.SIGTERM)
		if !waitFor(g.process.Exited(), g.limits.Terminate) {
			g.log.Warn("plugin ignored its termination, killing it")
		}
	}
	g.end()
	g.settle(Unknown, fault.New(fault.ServiceUnavailable, "the plugin was stopped during the attempt"), fault.BlameNobody)
	g.become(StateStopped)
	return false
}

// drain waits until the plugin has nothing left, at most for the limit. The call
// is made even when nothing is inside: it is also what makes the plugin flush.
func (g *generation) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, g.limits.Drain)
	defer cancel()
	if _, err := g.plugin.Drain(ctx, &pb.DrainRequest{}); err != nil {
		g.log.Warn("plugin not drained", "in_flight", g.flight.size(), "error", err)
	}
	for g.flight.size() > 0 {
		select {
		case <-g.flight.gone:
		case <-g.process.Exited():
			waitFor(g.read, farewell) // its last answers may be under way
			return
		case <-ctx.Done():
			return
		}
	}
}

// shutdown asks the plugin to end.
func (g *generation) shutdown(ctx context.Context) {
	g.flight.finish()
	err := within(ctx, g.limits.Shutdown, func(ctx context.Context) error {
		return g.conn.Invoke(ctx, shutdownCall, &emptypb.Empty{}, &emptypb.Empty{})
	})
	if err != nil && !g.hasExited() {
		g.log.Debug("plugin not asked to end", "error", err)
	}
}

func (g *generation) hasExited() bool {
	select {
	case <-g.process.Exited():
		return true
	default:
		return false
	}
}

// activeFor returns how long ago the time was; 0 for none.
func activeFor(since time.Time) time.Duration {
	if since.IsZero() {
		return 0
	}
	return time.Since(since)
}
