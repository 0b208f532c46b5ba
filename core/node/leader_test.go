package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/node"
)

// crown is the leader's row.
type crown struct {
	leads bool
	err   error
	asked []uuid.UUID
}

func (c *crown) Lead(_ context.Context, id uuid.UUID, _ event.Event) (bool, error) {
	c.asked = append(c.asked, id)
	return c.leads, c.err
}

func TestANodeLeadsAsLongAsItsLeaseHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, row := &rows{}, &crown{}
		k, stop := keep(t, store, nil)
		l, err := node.NewLeader(row, k, hclog.NewNullLogger())
		if err != nil {
			t.Fatal(err)
		}
		if l.Leads() {
			t.Error("leads before it has asked")
		}
		if l.Renew(t.Context()); l.Leads() {
			t.Error("leads although another node does")
		}
		row.leads = true
		if l.Renew(t.Context()); !l.Leads() {
			t.Error("does not lead")
		}
		row.err = errors.New("away")
		if l.Renew(t.Context()); !l.Leads() {
			t.Error("an error of the store has taken the lead away")
		}
		store.set(func(r *rows) { r.away = errors.New("away") })
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if l.Leads() {
			t.Error("leads without a lease")
		}
		asked := len(row.asked)
		if l.Renew(t.Context()); len(row.asked) != asked {
			t.Error("asks without a lease")
		}
		store.set(func(r *rows) { r.away = nil })
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if l.Leads() {
			t.Error("leads under a new id without having asked")
		}
		stop()
	})
}
