package invariant

// Rule is the name of one invariant.
type Rule string

// The rules; Describe says what each demands.
const (
	OnePlace        Rule = "one_place"
	StatusPlace     Rule = "status_place"
	CreatedEvent    Rule = "created_event"
	TerminalEvent   Rule = "terminal_event"
	TerminalAttempt Rule = "terminal_attempt"
	EventAttempts   Rule = "event_attempts"
	RunningOwner    Rule = "running_owner"
	OwnerAlive      Rule = "owner_alive"
	IdleOwner       Rule = "idle_owner"
	CompletedAt     Rule = "completed_at"
	UniqueKey       Rule = "unique_key"
)

// demands in the order of a report; read only.
var demands = []struct {
	rule   Rule
	demand string
}{
	{OnePlace, "a task is among the living or in the history, never in both"},
	{StatusPlace, "the living are pending, running or dead letters, the history holds completed, failed and cancelled tasks"},
	{CreatedEvent, "every task has one task.created event, and every such event its task, unless a removal is recorded"},
	{TerminalEvent, "an ended task has one event of its end, and the right one; a dead letter has one more than it was redriven; a living task has none"},
	{TerminalAttempt, "the event of an end names the attempt of the row"},
	{EventAttempts, "no event names an attempt that the task has not had yet"},
	{RunningOwner, "a running task has a node and an attempt"},
	{OwnerAlive, "the node of a running task is known and was not declared dead, or only within the last minute"},
	{IdleOwner, "a task that does not run has no node"},
	{CompletedAt, "a task in the history has the time of its end"},
	{UniqueKey, "no two pending or running tasks of a type have the same unique key"},
}

// Rules lists all of them in the order of a report.
func Rules() []Rule {
	rules := make([]Rule, len(demands))
	for i, d := range demands {
		rules[i] = d.rule
	}
	return rules
}

// Describe says what the rule demands; empty for a rule that is not known.
func (r Rule) Describe() string {
	for _, d := range demands {
		if d.rule == r {
			return d.demand
		}
	}
	return ""
}
