package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

// Intake takes tasks in.
type Intake interface {
	Prepare(item intake.Item, origin intake.Origin) (task.Task, *fault.Error)
	Submit(ctx context.Context, b intake.Batch) ([]intake.Result, error)
}

// Store answers questions about tasks.
type Store interface {
	Get(ctx context.Context, id uuid.UUID) (t task.Task, ok bool, err error)
	List(ctx context.Context, f task.Filter) (task.Page, error)
	// TaskEvents are oldest first, after the event with that id.
	TaskEvents(ctx context.Context, id, after uuid.UUID, limit int) (events []event.Event, next uuid.UUID, err error)
	// Members are the nodes, newest first.
	Members(ctx context.Context, limit int) ([]node.Member, error)
	// Idempotent finds the remembered answer to a request; nil: none.
	Idempotent(ctx context.Context, principal, route, key string) (*task.Idempotency, error)
}

// Canceller ends tasks, and tells the nodes about it.
type Canceller interface {
	Cancel(ctx context.Context, req task.CancelRequest) (task.Task, task.CancelOutcome, error)
}

// Types are the task types.
type Types interface {
	List() []*tasktype.Type
	Get(name string) (*tasktype.Type, bool)
}

// WaitReasons says why a pending task does not run; empty: nothing holds it.
type WaitReasons interface {
	WaitReason(t *task.Task) string
}

// Checks tells the health of the node. Both methods must be quick: callers
// without credentials reach them.
type Checks interface {
	// Report has a check for each part; one named "redis", one named "db".
	Report(ctx context.Context) []Check
	// StoreAway tells whether the store is known not to answer.
	StoreAway() bool
}

// Authenticator turns a credential into a principal. An error is a
// *fault.Error: Unauthorized or ServiceUnavailable.
type Authenticator interface {
	Authenticate(ctx context.Context, credential string) (auth.Principal, error)
}

// Watch hears of refusals; it must not block.
type Watch interface {
	AuthFailed(r auth.Refusal)
	Forbidden(r auth.Refusal)
}

// The defaults of Config.
const (
	defaultPayload   = 1 << 20
	defaultPerSecond = 100
	defaultBurst     = 400
)

// Config of an API. Everything is required unless it says otherwise.
type Config struct {
	Intake        Intake
	Store         Store
	Canceller     Canceller
	DeadLetters   DeadLetters
	Cleaner       Cleaner
	Types         Types
	Pauses        Pauses
	WaitReasons   WaitReasons
	Breakers      Breakers
	Schedules     Schedules
	Checks        Checks
	Authenticator Authenticator
	Watch         Watch
	// Metrics answers GET /metrics.
	Metrics http.Handler
	// Logger hears of internal errors.
	Logger hclog.Logger
	// Registerer of the API's own metrics; nil: none.
	Registerer prometheus.Registerer
	// MaxPayload is the largest payload of any type in bytes; 0: 1 MiB.
	MaxPayload int
	// AnonymousPerSecond and AnonymousBurst limit the requests of one address
	// that show no valid credentials; 0: 100 and 400.
	AnonymousPerSecond, AnonymousBurst int
	// TrustedProxies may say in X-Forwarded-For whom they speak for.
	TrustedProxies []netip.Prefix
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// complete fills in the defaults.
func (c Config) complete() (Config, error) {
	if c.Intake == nil || c.Store == nil || c.Canceller == nil || c.DeadLetters == nil || c.Cleaner == nil || c.Types == nil || c.Pauses == nil || c.WaitReasons == nil || c.Breakers == nil || c.Schedules == nil ||
		c.Checks == nil || c.Authenticator == nil || c.Watch == nil || c.Metrics == nil || c.Logger == nil {
		return c, errors.New("api: a part of the configuration is missing")
	}
	if c.MaxPayload < 0 || c.AnonymousPerSecond < 0 || c.AnonymousBurst < 0 {
		return c, errors.New("api: limits must not be negative")
	}
	c.MaxPayload = orDefault(c.MaxPayload, defaultPayload)
	c.AnonymousPerSecond = orDefault(c.AnonymousPerSecond, defaultPerSecond)
	c.AnonymousBurst = orDefault(c.AnonymousBurst, defaultBurst)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
