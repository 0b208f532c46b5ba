package api_test

import (
	"context"

	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/intake"
)

// withInstantIntake leaves out what a submission costs behind the API.
func withInstantIntake(c *api.Config) { c.Intake = instantIntake{c.Intake} }

type instantIntake struct{ api.Intake }

func (instantIntake) Submit(_ context.Context, b intake.Batch) ([]intake.Result, error) {
	results := make([]intake.Result, len(b.Tasks))
	for i := range b.Tasks {
		results[i].Task = b.Tasks[i]
	}
	return results, nil
}
