package queue

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// Window is the default number of ids that a lane holds. At about 130 bytes an
// id the four lanes of a type take at most 5 MB of Redis, whatever the backlog.
const Window = 10_000

// pushMost bounds the ids of one script call: Lua's unpack takes about 8,000
// values in Redis and 2,000 in miniredis, two an id.
const pushMost = 500

// ErrLost says that the type's data in Redis is gone, or is of another life
// than this node knows; it has to be built again.
var ErrLost = errors.New("the queue's data was lost")

//go:embed lua/*.lua
var scripts embed.FS

// Queue is the windows of all task types.
type Queue struct {
	client *redis.Client
	window int
	now    func() time.Time

	push, pop, adopt, refilled *goredis.Script

	// mu guards what this node knows of each type.
	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is what this node remembers of one type.
type lane struct {
	epoch string
	turn  int
}

// Config of a Queue. Client is required.
type Config struct {
	Client *redis.Client
	// Window in ids a lane. Default Window.
	Window int
	// Now is the clock by which the age guard knows who waits for too long. It is
	// compared with the times of the store, so minutes matter, not milliseconds.
	// Default time.Now.
	Now func() time.Time
}

// New makes a queue.
func New(cfg Config) (*Queue, error) {
	if cfg.Client == nil {
		return nil, errors.New("queue: a client is needed")
	}
	if cfg.Window < 0 {
		return nil, errors.New("queue: the window must not be negative")
	}
	if cfg.Window == 0 {
		cfg.Window = Window
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	q := &Queue{client: cfg.Client, window: cfg.Window, now: cfg.Now, lanes: map[string]*lane{}}
	for name, script := range map[string]**goredis.Script{
		"push": &q.push, "pop": &q.pop, "adopt": &q.adopt, "refilled": &q.refilled,
	} {
		text, err := scripts.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return nil, fmt.Errorf("queue: read a script: %w", err)
		}
		*script = goredis.NewScript(string(text))
	}
	return q, nil
}

// keys lists the keys of a type as every script takes them.
func (q *Queue) keys(taskType string) []string {
	k := q.client.Keys
	keys := []string{k.Epoch(taskType), k.Overflow(taskType)}
	for p := range len(weights) {
		keys = append(keys, k.Ready(taskType, p))
	}
	return keys
}

// known returns the epoch that this node knows of a type; "" before Use.
func (q *Queue) known(taskType string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.lanes[taskType]; l != nil {
		return l.epoch
	}
	return ""
}

// Use makes this node go on with a life of a type's queue that is there
// already: the epoch that the store names.
func (q *Queue) Use(taskType string, epoch uuid.UUID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lanes[taskType] == nil {
		q.lanes[taskType] = &lane{}
	}
	q.lanes[taskType].epoch = epoch.String()
}

// Adopt empties a type's queue and begins a new life of it. The caller stores
// the epoch first and pushes what waits afterwards.
func (q *Queue) Adopt(ctx context.Context, taskType string, epoch uuid.UUID) error {
	if err := q.adopt.Run(ctx, q.client, q.keys(taskType), epoch.String()).Err(); err != nil {
		return fmt.Errorf("begin the queue of %s: %w", taskType, err)
	}
	q.Use(taskType, epoch)
	return nil
}

// Push adds hints, all of one type, within the window; leftOut tells how many
// found no room and wait in the store until a refill.
func (q *Queue) Push(ctx context.Context, taskType string, hints []task.Hint) (leftOut int, err error) {
	for len(hints) > 0 {
		n := min(len(hints), pushMost)
		out, err := q.pushSome(ctx, taskType, hints[:n])
		if err != nil {
			return leftOut, err
		}
		leftOut += out
		hints = hints[n:]
	}
	return leftOut, nil
}

func (q *Queue) pushSome(ctx context.Context, taskType string, hints []task.Hint) (int, error) {
	args := make([]any, 0, 2+3*len(hints))
	args = append(args, q.known(taskType), q.window)
	for i := range hints {
		h := &hints[i]
		args = append(args, int(h.Priority), h.Order, h.ID[:])
	}
	left, err := q.push.Run(ctx, q.client, q.keys(taskType), args...).Int()
	if err != nil {
		return 0, fmt.Errorf("push to the queue of %s: %w", taskType, err)
	}
	if left < 0 {
		return 0, ErrLost
	}
	return left, nil
}

// Popped is what a pop took, and what it saw.
type Popped struct {
	// Hints to try, the best first. Their order is not known any more: pushed
	// again they go first in their lane.
	Hints []task.Hint
	// Left are the ids that remain in the lanes LOW to CRITICAL.
	Left [4]int
	// Overflow are their marks that tasks wait in the store only; 0: none do.
	Overflow [4]int64
}

// Empty tells whether no id is left in any lane.
func (p *Popped) Empty() bool { return p.Left == [4]int{} }

// Low tells whether a lane runs out of ids while more wait in the store.
func (p *Popped) Low(window int) bool {
	for i, left := range p.Left {
		if p.Overflow[i] > 0 && left < window/4 {
			return true
		}
	}
	return false
}

// Pop takes up to n ids of a type, the priorities in their order.
func (q *Queue) Pop(ctx context.Context, taskType string, n int, order tasktype.Order) (Popped, error) {
	epoch, turns := q.next(taskType, n, order)
	args := []any{epoch, n, turns}
	for _, wait := range maxWaits {
		args = append(args, q.now().Add(-wait).UnixMilli())
	}
	answer, err := q.pop.Run(ctx, q.client, q.keys(taskType), args...).Result()
	if err != nil {
		return Popped{}, fmt.Errorf("pop from the queue of %s: %w", taskType, err)
	}
	return readPopped(taskType, answer)
}

// next returns the epoch and the turns of a pop, and moves the turn on.
func (q *Queue) next(taskType string, n int, order tasktype.Order) (epoch, turns string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lanes[taskType]
	if l == nil {
		return "", "3"
	}
	if order == tasktype.Strict {
		return l.epoch, ""
	}
	turns = turnsFrom(l.turn)
	l.turn = (l.turn + n) % len(weightedTurns)
	return l.epoch, turns
}

// readPopped decodes the answer of pop.lua.
func readPopped(taskType string, answer any) (Popped, error) {
	values, ok := answer.([]any)
	if !ok {
		if n, isInt := answer.(int64); isInt && n == -1 {
			return Popped{}, ErrLost
		}
		return Popped{}, fmt.Errorf("queue: pop answered %T", answer)
	}
	const head = 8
	if len(values) < head || (len(values)-head)%2 != 0 {
		return Popped{}, fmt.Errorf("queue: pop answered %d values", len(values))
	}
	// The kinds of the values are the script's own. One of another kind reads as
	// zero: no lane, no mark, or an id that is none, and only costs a look.
	var p Popped
	for i := range p.Left {
		left, _ := values[i].(int64)
		p.Left[i] = int(left)
		p.Overflow[i], _ = values[4+i].(int64)
	}
	for i := head; i < len(values); i += 2 {
		member, _ := values[i].(string)
		id, err := uuid.FromBytes([]byte(member))
		if err != nil {
			continue // not an id of ours: a hint that nothing can be done with
		}
		priority, _ := values[i+1].(int64)
		p.Hints = append(p.Hints, task.Hint{ID: id, Type: taskType, Priority: task.Priority(priority)})
	}
	return p, nil
}

// Marks are the overflow marks of the lanes LOW to CRITICAL.
type Marks [4]int64

// Marks reads the overflow marks of a type before its store is read for a
// refill.
func (q *Queue) Marks(ctx context.Context, taskType string) (marks Marks, err error) {
	values, err := q.client.HMGet(ctx, q.client.Keys.Overflow(taskType), "0", "1", "2", "3").Result()
	if err != nil {
		return marks, fmt.Errorf("read the overflow marks of %s: %w", taskType, err)
	}
	for i, value := range values {
		text, marked := value.(string)
		if !marked {
			continue
		}
		if marks[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return marks, fmt.Errorf("read the overflow marks of %s: %w", taskType, err)
		}
	}
	return marks, nil
}

// Refilled takes a lane's overflow mark away: all that waits in the store is in
// the queue. It stays when something overflowed after the mark was read.
func (q *Queue) Refilled(ctx context.Context, taskType string, p task.Priority, mark int64) error {
	answer, err := q.refilled.Run(ctx, q.client, q.keys(taskType)[:2], q.known(taskType), int(p), mark).Int()
	if err != nil {
		return fmt.Errorf("unmark the queue of %s: %w", taskType, err)
	}
	if answer < 0 {
		return ErrLost
	}
	return nil
}

// Room is the size of a lane's window.
func (q *Queue) Room() int { return q.window }

// Current reads the epoch that Redis holds for a type; uuid.Nil: none.
func (q *Queue) Current(ctx context.Context, taskType string) (uuid.UUID, error) {
	text, err := q.client.Get(ctx, q.client.Keys.Epoch(taskType)).Result()
	if errors.Is(err, goredis.Nil) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the epoch of %s: %w", taskType, err)
	}
	epoch, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, nil // not an epoch of ours: as good as none
	}
	return epoch, nil
}

// Knows tells whether this node has joined a life of the type's queue.
func (q *Queue) Knows(taskType string) bool { return q.known(taskType) != "" }
