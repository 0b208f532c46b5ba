package postgres

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func loadedQueries(tb testing.TB) map[query]string {
	tb.Helper()
	queries, err := loadQueries()
	if err != nil {
		tb.Fatal(err)
	}
	return queries
}

// statementOf leaves out the comments.
func statementOf(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "--")
		lines = append(lines, code)
	}
	return strings.Join(lines, "\n")
}

var parameter = regexp.MustCompile(`\$\d+`)

func TestEveryStatementSaysWhatItTakes(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("query.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range loadedQueries(t) {
		if !strings.HasPrefix(text, "-- "+string(name)+" ") {
			t.Errorf("%s.sql does not begin with its name and purpose", name)
		}
		if !strings.Contains(string(source), fmt.Sprintf("%q", name)) {
			t.Errorf("%s.sql has no constant", name)
		}
		statement := statementOf(text)
		if parameter.MatchString(statement) && !strings.Contains(text, "-- $1") {
			t.Errorf("%s.sql does not explain its parameters", name)
		}
		if strings.HasPrefix(strings.TrimSpace(statement), "SELECT") && strings.Contains(statement, "FROM") &&
			!strings.Contains(text, "-- Result:") && name != qLockTasks {
			t.Errorf("%s.sql does not explain its result", name)
		}
		if strings.ContainsAny(statement, "{}") {
			t.Errorf("%s.sql has a placeholder that stands for nothing", name)
		}
	}
}

func TestEveryConstantHasItsStatement(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("query.go")
	if err != nil {
		t.Fatal(err)
	}
	queries := loadedQueries(t)
	found := regexp.MustCompile(`query = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	for _, match := range found {
		if queries[query(match[1])] == "" {
			t.Errorf("there is no %s.sql", match[1])
		}
	}
	if len(found) != len(queries) {
		t.Errorf("%d constants for %d files", len(found), len(queries))
	}
}

// changesTasks finds statements that change living tasks.
var changesTasks = regexp.MustCompile(`(?i)\b(UPDATE|DELETE\s+FROM)\s+tasks\b`)

// guarded tells whether a statement shows the status that it starts from.
func guarded(statement string) bool {
	changes := len(changesTasks.FindAllString(statement, -1))
	return strings.Count(statement, "t.status + 0 = ") >= changes
}

func TestNoStatementChangesATaskByIDAlone(t *testing.T) {
	t.Parallel()
	seen := 0
	for name, text := range loadedQueries(t) {
		statement := statementOf(text)
		seen += len(changesTasks.FindAllString(statement, -1))
		if !guarded(statement) {
			t.Errorf("%s.sql changes tasks without a guard of the status", name)
		}
	}
	if seen != 7 {
		t.Errorf("%d statements change tasks: both claims, finish, return, ask_cancel, redrive and evict should", seen)
	}
	if guarded("UPDATE tasks SET status = 1 WHERE id = $1") || guarded("delete from tasks where id = $1") {
		t.Error("the check does not see a statement without a guard")
	}
}

// invitesBacklog finds a guard that matches the predicate of a partial index:
// the planner may then read all that waits instead of the rows it is given.
var invitesBacklog = regexp.MustCompile(`(?i)(WHERE|AND)\s+(\w\.)?status\s*(=|IN)`)

func TestGuardsMatchNoPartialIndex(t *testing.T) {
	t.Parallel()
	queries := loadedQueries(t)
	for _, name := range []query{qClaimTasks, qClaimWithin, qLockTasks, qFinishTasks, qReturnTasks, qCancelsStanding, qLockTask, qAskCancel} {
		if found := invitesBacklog.FindString(statementOf(queries[name])); found != "" {
			t.Errorf("%s.sql compares %q: write status + 0", name, found)
		}
	}
	if !invitesBacklog.MatchString("WHERE w.id = $1 AND w.status = 0") {
		t.Error("the check does not see a plain comparison")
	}
}
