// Package storetest is the suite that every store of Headrace must pass.
package storetest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/schedule"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
)

// Store is the sum of the small interfaces that the consumers declare; the
// consumers' own declarations are the contract, this one is for the suite.
type Store interface {
	limitedClaims
	tasktype.PauseStore
	schedule.Store

	// Insert writes submissions with their events and idempotency rows in one
	// transaction. Every item has its own fate; a *task.RefusedError says that
	// the group holds a value which the database cannot keep. The same for Claim and Settle.
	Insert(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error)
	// InsertAll writes the submissions of one request in a transaction of its
	// own, all or none: where one is UniqueTaken the others are NotInserted
	// and nothing is written, the idempotency row included.
	InsertAll(ctx context.Context, subs []task.Submission) ([]task.InsertResult, error)
	// Idempotent finds the remembered answer to a request; nil when there is
	// none or it has expired.
	Idempotent(ctx context.Context, principal, route, key string) (*task.Idempotency, error)

	// Claim turns pending tasks into running ones of the node, attempt+1. Rows
	// locked by others are passed over. Order of the result is that of IDs.
	Claim(ctx context.Context, req task.ClaimRequest) ([]task.Task, error)
	// Settle ends attempts, or expires pending tasks; one fate an item.
	Settle(ctx context.Context, items []task.Settlement) ([]task.Settled, error)
	// Cancel ends a pending task or asks for the end of a running one. The
	// task is as it stands afterwards; zero for CancelUnknown.
	Cancel(ctx context.Context, req task.CancelRequest) (task.Task, task.CancelOutcome, error)

	// Get finds a living or historical task; ok is false when there is none.
	Get(ctx context.Context, id uuid.UUID) (t task.Task, ok bool, err error)
	// List pages through living and historical tasks, newest first.
	List(ctx context.Context, f task.Filter) (task.Page, error)

	// Waiting lists pending, due tasks of one type and priority, oldest first.
	Waiting(ctx context.Context, typ string, p task.Priority, limit int) ([]task.Hint, error)
	// Due lists pending tasks whose run_at lies in (after, now], and now, by
	// the store's clock. With more than limit, now is the run_at of the last one.
	Due(ctx context.Context, after time.Time, limit int) (hints []task.Hint, now time.Time, err error)
	// Overdue lists pending tasks past their deadline.
	Overdue(ctx context.Context, limit int) ([]task.Task, error)
	// RunningOn lists running tasks of one node.
	RunningOn(ctx context.Context, node uuid.UUID, limit int) ([]task.Task, error)
	// CancelsOn lists the running tasks of a node whose end was asked for.
	CancelsOn(ctx context.Context, node uuid.UUID) ([]uuid.UUID, error)
	// Depths counts the pending tasks by type.
	Depths(ctx context.Context) (map[string]int64, error)

	// Record writes events that speak of no stored row, at least once; an id
	// that is there already is no error.
	Record(ctx context.Context, events []event.Event) error
	// TaskEvents pages through the events of one task, oldest first, after the
	// event with id `after` (uuid.Nil: from the first). next is uuid.Nil on the last page.
	TaskEvents(ctx context.Context, id, after uuid.UUID, limit int) (events []event.Event, next uuid.UUID, err error)

	// RegisterNode inserts a node with a lease of that length from now on, with its event.
	RegisterNode(ctx context.Context, info node.Info, lease time.Duration, ev event.Event) error
	// RenewNode prolongs the lease; held is false when it had ended already or
	// the node was declared dead.
	RenewNode(ctx context.Context, id uuid.UUID, lease time.Duration) (held bool, err error)
	// DeclareDead marks nodes whose lease has ended, each with its event, and
	// returns them.
	DeclareDead(ctx context.Context, lost func(node.Info) event.Event) ([]node.Info, error)
	// EndNode marks a node that stops by itself, with its event.
	EndNode(ctx context.Context, id uuid.UUID, ev event.Event) error
	// Nodes lists the nodes, newest first.
	Nodes(ctx context.Context) ([]node.Info, error)
	// Members lists the nodes that live, hold work, or went in the last day,
	// newest first.
	Members(ctx context.Context, limit int) ([]node.Member, error)
	// DeadWithWork lists dead nodes (dead_at set) that still own running tasks.
	DeadWithWork(ctx context.Context) ([]uuid.UUID, error)

	// Lead tells whether a node leads; when nobody with a lease does it takes
	// the lead, with the event.
	Lead(ctx context.Context, id uuid.UUID, taken event.Event) (leads bool, err error)

	// Epoch returns the epoch of a type's queue; uuid.Nil when it has none.
	Epoch(ctx context.Context, typ string) (uuid.UUID, error)
	// SetEpoch stores it.
	SetEpoch(ctx context.Context, typ string, epoch uuid.UUID) error

	// CreateKey stores a key with its event.
	CreateKey(ctx context.Context, key auth.Key, ev event.Event) error
	// Key finds a key by its id, revoked and expired ones included.
	Key(ctx context.Context, id uuid.UUID) (key auth.Key, ok bool, err error)
	// Keys lists all keys, newest first.
	Keys(ctx context.Context) ([]auth.Key, error)
	// RevokeKey marks a key with its event; ok is false when there is none. A
	// key that is revoked already stays as it is, without an event.
	RevokeKey(ctx context.Context, id uuid.UUID, ev event.Event) (ok bool, err error)

	// What happens to dead letters; see the declarations there.
	deadletter.DeskStore
	deadletter.RunnerStore
	deadletter.RetrierStore
	deadletter.CleanerStore

	// Maintain creates the partitions of the days to come and removes expired
	// idempotency rows, in bounded chunks.
	Maintain(ctx context.Context) error
	// Ping tells whether the store answers.
	Ping(ctx context.Context) error
	// Close ends all connections.
	Close()
}
