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
	qAdoptSchedule   query = "adopt_schedule"
	qAskCancel       query = "ask_cancel"
	qCancelsOn       query = "cancels_on"
	qCancelsStanding query = "cancels_standing"
	qClaimTasks      query = "claim_tasks"
	qClaimWithin     query = "claim_within"
	qCountRunning    query = "count_running"
	qCountDead       query = "count_dead"
	qCountRedrives   query = "count_redrives"
	qCreateKey       query = "create_key"
	qCreateRedrive   query = "create_redrive"
	qDeadBeyond      query = "dead_beyond"
	qDeadBriefs      query = "dead_briefs"
	qDeadOlder       query = "dead_older"
	qDeadWithWork    query = "dead_with_work"
	qDeclareDead     query = "declare_dead"
	qDepths          query = "depths"
	qDue             query = "due"
	qEndNode         query = "end_node"
	qEndPauses       query = "end_pauses"
	qEvictDead       query = "evict_dead"
	qExpireAnswers   query = "expire_answers"
	qFindAnswer      query = "find_answer"
	qFinishTasks     query = "finish_tasks"
	qForgetRedrives  query = "forget_redrives"
	qFreeKeys        query = "free_keys"
	qGetEpoch        query = "get_epoch"
	qGetKey          query = "get_key"
	qGetRedrive      query = "get_redrive"
	qGetTask         query = "get_task"
	qInsertEvents    query = "insert_events"
	qInsertTasks     query = "insert_tasks"
	qLeads           query = "leads"
	qListKeys        query = "list_keys"
	qListPauses      query = "list_pauses"
	qListSchedules   query = "list_schedules"
	qListTasks       query = "list_tasks"
	qLockRedrive     query = "lock_redrive"
	qLockSchedule    query = "lock_schedule"
	qLockTask        query = "lock_task"
	qLockTasks       query = "lock_tasks"
	qLockType        query = "lock_type"
	qMembers         query = "members"
	qNextDead        query = "next_dead"
	qNodes           query = "nodes"
	qOverdue         query = "overdue"
	qPauseType       query = "pause_type"
	qRecordEvents    query = "record_events"
	qRedriveTasks    query = "redrive_tasks"
	qRegisterNode    query = "register_node"
	qRememberAnswers query = "remember_answers"
	qRenewNode       query = "renew_node"
	qReserveKeys     query = "reserve_keys"
	qResumeType      query = "resume_type"
	qRetryDead       query = "retry_dead"
	qReturnTasks     query = "return_tasks"
	qRevokeKey       query = "revoke_key"
	qRunningOn       query = "running_on"
	qRunningRedrives query = "running_redrives"
	qSaveSchedule    query = "save_schedule"
	qSetEpoch        query = "set_epoch"
	qTakeLead        query = "take_lead"
	qTaskEvents      query = "task_events"
	qTaskLives       query = "task_lives"
	qUniqueHolders   query = "unique_holders"
	qUpdateRedrive   query = "update_redrive"
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
