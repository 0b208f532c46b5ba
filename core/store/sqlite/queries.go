package sqlite

import (
	"embed"
	"fmt"
	"strings"
)

// query names a statement in the files of the folder queries.
type query string

// The statements; what each does, and its parameters, stands in the files.
const (
	qInsertTask        query = "insert_task"
	qUniqueHolder      query = "unique_holder"
	qIdempotencyFind   query = "idempotency_find"
	qIdempotencyPut    query = "idempotency_put"
	qIdempotencyExpire query = "idempotency_expire"

	qClaimTask     query = "claim_task"
	qFinishTask    query = "finish_task"
	qCancelPending query = "cancel_pending"
	qLeaveLiving   query = "leave_living"
	qReturnTask    query = "return_task"
	qBuryTask      query = "bury_task"
	qCancelStands  query = "cancel_stands"
	qAskCancel     query = "ask_cancel"

	qRedriveTask     query = "redrive_task"
	qEvictDead       query = "evict_dead"
	qCountDead       query = "count_dead"
	qNextDead        query = "next_dead"
	qDeadOlder       query = "dead_older"
	qDeadBeyond      query = "dead_beyond"
	qDeadBriefs      query = "dead_briefs"
	qRetryDead       query = "retry_dead"
	qCreateRedrive   query = "create_redrive"
	qGetRedrive      query = "get_redrive"
	qRunningRedrives query = "running_redrives"
	qUpdateRedrive   query = "update_redrive"
	qForgetRedrives  query = "forget_redrives"

	qGetLiving query = "get_living"
	qGetEnded  query = "get_ended"
	qWaiting   query = "waiting"
	qDue       query = "due"
	qDueTies   query = "due_ties"
	qOverdue   query = "overdue"
	qRunningOn query = "running_on"
	qCancelsOn query = "cancels_on"
	qDepths    query = "depths"

	qInsertEvent query = "insert_event"
	qRecordEvent query = "record_event"
	qTaskEvents  query = "task_events"

	qRegisterNode query = "register_node"
	qRenewNode    query = "renew_node"
	qLeaseHolds   query = "lease_holds"
	qLapsedNodes  query = "lapsed_nodes"
	qLivingNodes  query = "living_nodes"
	qEndNode      query = "end_node"
	qNodes        query = "nodes"
	qDeadWithWork query = "dead_with_work"
	qMembers      query = "members"
	qLeads        query = "leads"
	qTakeLead     query = "take_lead"

	qCreateKey query = "create_key"
	qGetKey    query = "get_key"
	qKeys      query = "keys"
	qRevokeKey query = "revoke_key"
	qGetEpoch  query = "get_epoch"
	qSetEpoch  query = "set_epoch"

	qPauseType     query = "pause_type"
	qResumeType    query = "resume_type"
	qEndPauses     query = "end_pauses"
	qListPauses    query = "list_pauses"
	qCountRunning  query = "count_running"
	qTypeOfPending query = "type_of_pending"

	qListSchedules query = "list_schedules"
	qGetSchedule   query = "get_schedule"
	qAdoptSchedule query = "adopt_schedule"
	qSaveSchedule  query = "save_schedule"
	qTaskLives     query = "task_lives"
)

// Columns of a task in the order of scanTask.
const (
	livingColumns = `id, type, status, priority, updated, run_at, started_at, NULL, deadline,
    retry_count, max_retries, attempt, crash_count, lapse_count, redrive_count, cancel_requested, node_id,
    unique_key, correlation_id, created_by, traceparent, description, metadata, error, payload, NULL`
	endedColumns = `id, type, status, priority, updated, run_at, started_at, completed_at, deadline,
    retry_count, max_retries, attempt, crash_count, lapse_count, redrive_count, cancel_requested, NULL,
    unique_key, correlation_id, created_by, traceparent, description, metadata, error, payload, result`
)

//go:embed queries/*.sql
var queryFiles embed.FS

// loadQueries reads the statements from the files by their names.
func loadQueries() (map[query]string, error) {
	files, err := queryFiles.ReadDir("queries")
	if err != nil {
		return nil, fmt.Errorf("read statements: %w", err)
	}
	texts := make(map[query]string)
	for _, file := range files {
		content, err := queryFiles.ReadFile("queries/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("read statements: %w", err)
		}
		splitQueries(string(content), texts)
	}
	return texts, nil
}

// splitQueries adds the statements of one file, each of which begins with the
// line "-- name: NAME". What stands before the first is the header of the file.
func splitQueries(content string, texts map[query]string) {
	columns := strings.NewReplacer("{living}", livingColumns, "{ended}", endedColumns)
	for _, part := range strings.Split(content, "-- name: ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		// The driver takes what follows a statement, even a line feed, for a
		// further one, and then prepares it anew at each call.
		texts[query(name)] = strings.TrimSpace(columns.Replace(text))
	}
}
