package invariant

import (
	"context"
	"fmt"
)

// shown bounds the findings that a report names for one rule; the rest is
// counted.
const shown = 20

// Finding is one place where a rule does not hold.
type Finding struct {
	// Subject is the id of a task or an event, or a unique key with its type.
	Subject string `json:"subject"`
	// Detail is what was found there.
	Detail string `json:"detail"`
}

// Violation is one rule that does not hold.
type Violation struct {
	Rule Rule `json:"rule"`
	// Demand is what the rule says.
	Demand string `json:"demand"`
	// Count is how often it is broken, Found the first of them.
	Count int       `json:"count"`
	Found []Finding `json:"found"`
}

// Counts are how many rows a check has looked at.
type Counts struct {
	Living int `json:"living"`
	Ended  int `json:"ended"`
	Events int `json:"events"`
}

// Report is the outcome of a check.
type Report struct {
	Rules      int         `json:"rules"`
	Counts     Counts      `json:"rows"`
	Violations []Violation `json:"violations"`
}

// Holds tells whether nothing was found.
func (r *Report) Holds() bool { return len(r.Violations) == 0 }

// Snapshot is one unchanging view of a store.
type Snapshot interface {
	// Broken finds where a rule does not hold: the first ones, at most limit, and
	// how many there are.
	Broken(ctx context.Context, rule Rule, limit int) (found []Finding, count int, err error)
	// Counts counts the rows.
	Counts(ctx context.Context) (Counts, error)
}

// Store gives a view of what it holds; it lasts while look runs.
type Store interface {
	Snapshot(ctx context.Context, look func(Snapshot) error) error
}

// Check looks at every rule. The error says that it could not be done; what is
// wrong with the data stands in the report.
func Check(ctx context.Context, store Store) (report Report, err error) {
	err = store.Snapshot(ctx, func(s Snapshot) error {
		report, err = checkAll(ctx, s)
		return err
	})
	return report, err
}

func checkAll(ctx context.Context, s Snapshot) (report Report, err error) {
	if report.Counts, err = s.Counts(ctx); err != nil {
		return Report{}, fmt.Errorf("count the rows: %w", err)
	}
	report.Violations = []Violation{}
	for _, rule := range Rules() {
		found, count, err := s.Broken(ctx, rule, shown)
		if err != nil {
			return Report{}, fmt.Errorf("check %s: %w", rule, err)
		}
		report.Rules++
		if count > 0 {
			report.Violations = append(report.Violations, Violation{
				Rule: rule, Demand: rule.Describe(), Count: count, Found: found,
			})
		}
	}
	return report, nil
}
