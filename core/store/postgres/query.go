package postgres

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// query is the name of a file in queries/, without .sql.
type query string

const (
	qAskCancel       query = "ask_cancel"
	qCancelsOn       query = "cancels_on"
	qCancelsStanding query = "cancels_standing"
	qClaimTasks      query = "claim_tasks"
	qClaimWithin     query = "claim_within"
	qCountRunning    query = "count_running"
	qCreateKey       query = "create_key"
	qDeadWithWork    query = "dead_with_work"
	qDeclareDead     query = "declare_dead"
	qDepths          query = "depths"
	qDue             query = "due"
	qEndNode         query = "end_node"
	qEndPauses       query = "end_pauses"
	qExpireAnswers   query = "expire_answers"
	qFindAnswer      query = "find_answer"
	qFinishTasks     query = "finish_tasks"
	qFreeKeys        query = "free_keys"
	qGetEpoch        query = "get_epoch"
	qGetKey          query = "get_key"
	qGetTask         query = "get_task"
	qInsertEvents    query = "insert_events"
	qInsertTasks     query = "insert_tasks"
	qLeads           query = "leads"
	qListKeys        query = "list_keys"
	qListPauses      query = "list_pauses"
	qListTasks       query = "list_tasks"
	qLockTask        query = "lock_task"
	qLockTasks       query = "lock_tasks"
	qLockType        query = "lock_type"
	qMembers         query = "members"
	qNodes           query = "nodes"
	qOverdue         query = "overdue"
	qPauseType       query = "pause_type"
	qRecordEvents    query = "record_events"
	qRegisterNode    query = "register_node"
	qRememberAnswers query = "remember_answers"
	qRenewNode       query = "renew_node"
	qReserveKeys     query = "reserve_keys"
	qResumeType      query = "resume_type"
	qReturnTasks     query = "return_tasks"
	qRevokeKey       query = "revoke_key"
	qRunningOn       query = "running_on"
	qSetEpoch        query = "set_epoch"
	qTakeLead        query = "take_lead"
	qTaskEvents      query = "task_events"
	qUniqueHolders   query = "unique_holders"
	qWaiting         query = "waiting"
)

// The columns of a task in the one order in which rows are scanned. They stand
// for {living} and {ended} in the files; the table is called t there.
const (
	livingColumns = `t.id, t.type, t.status, t.priority, t.description, t.payload, t.metadata,
    t.updated, t.run_at, t.started_at, NULL::timestamptz AS completed_at, t.deadline,
    t.retry_count, t.max_retries, t.attempt, t.crash_count, t.lapse_count, t.redrive_count,
    t.cancel_requested, t.node_id, t.unique_key, t.correlation_id, t.created_by, t.traceparent,
    t.error, NULL::json AS result`
	endedColumns = `t.id, t.type, t.status, t.priority, t.description, t.payload, t.metadata,
    t.updated, t.run_at, t.started_at, t.completed_at, t.deadline,
    t.retry_count, t.max_retries, t.attempt, t.crash_count, t.lapse_count, t.redrive_count,
    t.cancel_requested, NULL::uuid AS node_id, t.unique_key, t.correlation_id, t.created_by, t.traceparent,
    t.error, t.result`
)

// loadQueries reads the statements in the program.
func loadQueries() (map[query]string, error) {
	files, err := queryFiles.ReadDir("queries")
	if err != nil {
		return nil, fmt.Errorf("read the statements: %w", err)
	}
	columns := strings.NewReplacer("{living}", livingColumns, "{ended}", endedColumns)
	queries := make(map[query]string, len(files))
	for _, file := range files {
		text, err := queryFiles.ReadFile(path.Join("queries", file.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a statement: %w", err)
		}
		queries[query(strings.TrimSuffix(file.Name(), ".sql"))] = columns.Replace(string(text))
	}
	return queries, nil
}
