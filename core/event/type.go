package event

// Type is the dotted name of a kind of event.
type Type string

// Category groups the types as section S10 of the specification does.
type Category string

// The categories.
const (
	CategorySystem      Category = "system"
	CategoryTask        Category = "task"
	CategorySecurity    Category = "security"
	CategoryRecovery    Category = "recovery"
	CategoryPerformance Category = "performance"
	CategoryData        Category = "data"
	CategoryIntegration Category = "integration"
)

// The types that the engine writes.
const (
	TaskCreated         Type = "task.created"
	TaskStarted         Type = "task.started"
	TaskRetried         Type = "task.retried"
	TaskReleased        Type = "task.released"
	TaskRecovered       Type = "task.recovered"
	TaskCompleted       Type = "task.completed"
	TaskFailed          Type = "task.failed"
	TaskCancelRequested Type = "task.cancel_requested"
	TaskCancelled       Type = "task.cancelled"
	TaskDeadLettered    Type = "task.dead_lettered"
	TaskTypePaused      Type = "task.type_paused"
	TaskTypeResumed     Type = "task.type_resumed"

	TaskScheduleAdopted Type = "task.schedule_adopted"
	TaskScheduleMissed  Type = "task.schedule_missed"
	TaskScheduleSkipped Type = "task.schedule_skipped"
	TaskSchedulePaused  Type = "task.schedule_paused"
	TaskScheduleResumed Type = "task.schedule_resumed"

	TaskRedriven          Type = "task.redriven"
	TaskDeadLetterRemoved Type = "task.dead_letter_removed"
	TaskDeadLetterEvicted Type = "task.dead_letter_evicted"

	RecoveryRedriveStarted Type = "recovery.redrive_started"
	RecoveryRedriveStopped Type = "recovery.redrive_stopped"
	RecoveryRedriveEnded   Type = "recovery.redrive_ended"

	DataArchiveWritten Type = "data.archive_written"

	RecoveryNodeLost          Type = "recovery.node_lost"
	RecoveryLateResultRefused Type = "recovery.late_result_refused"
	RecoveryQueueRebuilt      Type = "recovery.queue_rebuilt"

	RecoveryBreakerOpened     Type = "recovery.breaker_opened"
	RecoveryBreakerHalfOpened Type = "recovery.breaker_half_opened"
	RecoveryBreakerClosed     Type = "recovery.breaker_closed"
	RecoveryBreakerReset      Type = "recovery.breaker_reset"

	SystemStarted       Type = "system.started"
	SystemStopped       Type = "system.stopped"
	SystemPluginCrashed Type = "system.plugin_crashed"
	SystemLeaderChanged Type = "system.leader_changed"

	SecurityKeyCreated Type = "security.key_created"
	SecurityKeyRevoked Type = "security.key_revoked"
	SecurityAuthFailed Type = "security.auth_failed"
	SecurityForbidden  Type = "security.forbidden"
)

// Declaration is what is known of a type before any event of it exists.
type Declaration struct {
	Type     Type
	Category Category
	Severity Severity
	// Describes is one sentence for the documentation.
	Describes string
}

// declarations in the order of the documentation; read only.
var declarations = []Declaration{
	{TaskCreated, CategoryTask, Info, "A task was accepted."},
	{TaskStarted, CategoryTask, Debug, "An attempt at a task began."},
	{TaskRetried, CategoryTask, Warning, "A failed attempt went back to pending."},
	{TaskReleased, CategoryTask, Info, "An attempt was given back without spending a retry."},
	{TaskRecovered, CategoryTask, Warning, "A task came back from a node or a plugin process that died."},
	{TaskCompleted, CategoryTask, Info, "A task was completed."},
	{TaskFailed, CategoryTask, Error, "A task ended in an error and is not kept as a dead letter."},
	{TaskCancelRequested, CategoryTask, Info, "The end of a running task was asked for."},
	{TaskCancelled, CategoryTask, Info, "A task was cancelled."},
	{TaskDeadLettered, CategoryTask, Error, "A task was given up and kept as a dead letter."},
	{TaskTypePaused, CategoryTask, Info, "A task type was paused: nothing of it is claimed."},
	{TaskTypeResumed, CategoryTask, Info, "The pause of a task type ended."},
	{TaskScheduleAdopted, CategoryTask, Info, "A new or changed schedule is in force from now on."},
	{TaskScheduleMissed, CategoryTask, Warning, "Fire times of a schedule were missed and make no task."},
	{TaskScheduleSkipped, CategoryTask, Info, "A fire time made no task because the one before still lives."},
	{TaskSchedulePaused, CategoryTask, Info, "A schedule was paused."},
	{TaskScheduleResumed, CategoryTask, Info, "The pause of a schedule ended."},
	{TaskRedriven, CategoryTask, Info, "A dead letter went back to the queue."},
	{TaskDeadLetterRemoved, CategoryTask, Info, "Somebody removed a dead letter."},
	{TaskDeadLetterEvicted, CategoryTask, Info, "A dead letter was too old, or one too many, and was removed."},
	{RecoveryRedriveStarted, CategoryRecovery, Info, "A redrive of all dead letters of a filter was started."},
	{RecoveryRedriveStopped, CategoryRecovery, Info, "A redrive was stopped before its end."},
	{RecoveryRedriveEnded, CategoryRecovery, Info, "A redrive came to its end."},
	{DataArchiveWritten, CategoryData, Info, "A file was added to the archive."},
	{RecoveryNodeLost, CategoryRecovery, Error, "A node's lease ran out and its work was released."},
	{RecoveryLateResultRefused, CategoryRecovery, Warning, "A result came after its attempt had lost the right to settle."},
	{RecoveryQueueRebuilt, CategoryRecovery, Info, "The queue of a task type was filled again from the store."},
	{RecoveryBreakerOpened, CategoryRecovery, Error, "A circuit breaker opened: its calls wait."},
	{RecoveryBreakerHalfOpened, CategoryRecovery, Warning, "An open circuit breaker lets its probes through."},
	{RecoveryBreakerClosed, CategoryRecovery, Info, "A circuit breaker closed: all its probes succeeded."},
	{RecoveryBreakerReset, CategoryRecovery, Info, "A circuit breaker was closed by hand."},
	{SystemStarted, CategorySystem, Info, "A node started."},
	{SystemStopped, CategorySystem, Info, "A node stopped."},
	{SystemPluginCrashed, CategorySystem, Error, "A plugin process ended without being asked to."},
	{SystemLeaderChanged, CategorySystem, Info, "A node took the lead: it does the housekeeping."},
	{SecurityKeyCreated, CategorySecurity, Info, "An API key was created."},
	{SecurityKeyRevoked, CategorySecurity, Info, "An API key was revoked."},
	{SecurityAuthFailed, CategorySecurity, Warning, "Credentials were refused."},
	{SecurityForbidden, CategorySecurity, Warning, "A principal asked for what its role does not allow."},
}

// Declarations lists every declared type.
func Declarations() []Declaration { return append([]Declaration(nil), declarations...) }

// severities by type, for New; read only.
var severities = func() map[Type]Severity {
	m := make(map[Type]Severity, len(declarations))
	for _, d := range declarations {
		m[d.Type] = d.Severity
	}
	return m
}()
