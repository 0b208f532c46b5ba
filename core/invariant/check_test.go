package invariant_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/invariant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a store and its only snapshot.
type fake struct {
	broken map[invariant.Rule]int
	fails  invariant.Rule
	asked  []invariant.Rule
}

var errAway = errors.New("away")

func (f *fake) Snapshot(_ context.Context, look func(invariant.Snapshot) error) error { return look(f) }

func (f *fake) Counts(context.Context) (invariant.Counts, error) {
	return invariant.Counts{Living: 1, Ended: 2, Events: 3}, nil
}

func (f *fake) Broken(_ context.Context, rule invariant.Rule, limit int) ([]invariant.Finding, int, error) {
	f.asked = append(f.asked, rule)
	if rule == f.fails {
		return nil, 0, errAway
	}
	n := f.broken[rule]
	return make([]invariant.Finding, min(n, limit)), n, nil
}

func TestEveryRuleIsAskedForAndTheBrokenOnesAreReported(t *testing.T) {
	t.Parallel()
	f := &fake{broken: map[invariant.Rule]int{invariant.UniqueKey: 25}}
	report, err := invariant.Check(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	want := invariant.Report{
		Rules: len(invariant.Rules()), Counts: invariant.Counts{Living: 1, Ended: 2, Events: 3},
		Violations: []invariant.Violation{{
			Rule: invariant.UniqueKey, Demand: invariant.UniqueKey.Describe(), Count: 25, Found: make([]invariant.Finding, 20),
		}},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Error(diff)
	}
	if report.Holds() {
		t.Error("a report with a violation says that all holds")
	}
	if diff := cmp.Diff(invariant.Rules(), f.asked); diff != "" {
		t.Error(diff)
	}
}

func TestACheckThatCannotBeDoneIsAnErrorAndNoReport(t *testing.T) {
	t.Parallel()
	report, err := invariant.Check(t.Context(), &fake{fails: invariant.CompletedAt})
	if !errors.Is(err, errAway) || report.Rules != 0 {
		t.Errorf("report %+v, error %v", report, err)
	}
}

func TestEveryRuleSaysWhatItDemands(t *testing.T) {
	t.Parallel()
	for _, rule := range invariant.Rules() {
		if rule.Describe() == "" {
			t.Errorf("%s says nothing", rule)
		}
	}
	if text := invariant.Rule("other").Describe(); text != "" {
		t.Errorf("an unknown rule says %q", text)
	}
}
