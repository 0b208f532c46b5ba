package dispatch

import (
	"context"
	"testing"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/tasktype"
)

// noPauses is a store that keeps none: what this node does is under test.
type noPauses struct{}

func (noPauses) PauseType(_ context.Context, p tasktype.Pause, _ func(tasktype.Pause) event.Event) (tasktype.Pause, error) {
	return p, nil
}

func (noPauses) ResumeType(context.Context, string, func(tasktype.Pause) event.Event) (bool, error) {
	return true, nil
}

func (noPauses) EndPauses(context.Context, func(tasktype.Pause) event.Event) ([]tasktype.Pause, error) {
	return nil, nil
}

func (noPauses) Pauses(context.Context) ([]tasktype.Pause, error) { return nil, nil }

// pausesOf pauses the types of a dispatcher.
func pausesOf(t *testing.T, d *Dispatcher) *tasktype.Pauses {
	t.Helper()
	pauses, err := tasktype.NewPauses(tasktype.PausesConfig{Store: noPauses{}, Types: d.cfg.Types, Changed: func(name string, _ bool) { d.PauseChanged(name) }})
	if err != nil {
		t.Fatal(err)
	}
	return pauses
}
