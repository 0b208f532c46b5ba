package sdk

import (
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// maxPendingLogs bounds the log lines that wait for the sender, over all attempts
// of a stream. More are dropped, counted, and the count is told with the result.
const maxPendingLogs = 1024

// outbox gathers what the workers of one stream have to say. One sender takes
// everything that is there at once, so that a group forms while the one before is
// being sent, and whoever is alone goes at once.
type outbox struct {
	// wake holds one token when there may be something to take.
	wake chan struct{}

	mu       sync.Mutex
	results  []*pb.Result
	progress map[uint64]*pb.Progress
	logs     []*pb.LogLine
}

// batch is what one take found.
type batch struct {
	results  []*pb.Result
	progress map[uint64]*pb.Progress
	logs     []*pb.LogLine
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), progress: map[uint64]*pb.Progress{}}
}

// addResult queues the end of an attempt. extra are its last log lines, which
// always find room. The attempt's progress is of no use any more.
func (o *outbox) addResult(r *pb.Result, extra ...*pb.LogLine) {
	o.mu.Lock()
	o.results = append(o.results, r)
	o.logs = append(o.logs, extra...)
	delete(o.progress, r.GetSeq())
	o.mu.Unlock()
	o.signal()
}

func (o *outbox) addProgress(p *pb.Progress) {
	o.mu.Lock()
	o.progress[p.GetSeq()] = p
	o.mu.Unlock()
	o.signal()
}

// addLog tells whether there was room for the line.
func (o *outbox) addLog(l *pb.LogLine) bool {
	o.mu.Lock()
	room := len(o.logs) < maxPendingLogs
	if room {
		o.logs = append(o.logs, l)
	}
	o.mu.Unlock()
	o.signal()
	return room
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default: // The sender has a token already and will find this too.
	}
}

// take empties the outbox.
func (o *outbox) take() batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := batch{results: o.results, progress: o.progress, logs: o.logs}
	o.results, o.logs = nil, nil
	if len(b.progress) > 0 {
		o.progress = map[uint64]*pb.Progress{}
	} else {
		b.progress = nil
	}
	return b
}

// responses splits the batch into messages of at most GroupCount items and
// GroupBytes. Log lines and progress go first, so that nothing of an attempt
// follows its result.
func (b batch) responses() []*pb.RunResponse {
	var g grouping
	for _, l := range b.logs {
		m := g.room(proto.Size(l))
		m.Logs = append(m.Logs, l)
	}
	for _, p := range b.progress {
		m := g.room(proto.Size(p))
		m.Progress = append(m.Progress, p)
	}
	for _, r := range b.results {
		m := g.room(proto.Size(r))
		m.Results = append(m.Results, r)
	}
	return g.messages
}

// grouping fills messages one after the other.
type grouping struct {
	messages     []*pb.RunResponse
	count, bytes int
}

// room returns the message that an item of size bytes goes into.
func (g *grouping) room(size int) *pb.RunResponse {
	size = protowire.SizeBytes(size) + 1
	if len(g.messages) == 0 || g.count >= wire.GroupCount || g.bytes+size > wire.GroupBytes {
		g.messages = append(g.messages, &pb.RunResponse{})
		g.count, g.bytes = 0, 0
	}
	g.count++
	g.bytes += size
	return g.messages[len(g.messages)-1]
}
