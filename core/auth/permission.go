package auth

// Permission names what an operation does to which resource: the first segment
// of its path below /api, and read or write. In the OpenAPI document it stands
// as x-permission.
type Permission string

// The permissions.
const (
	// Public: no credentials are needed.
	Public      Permission = "public"
	TasksRead   Permission = "tasks:read"
	TasksWrite  Permission = "tasks:write"
	DLQRead     Permission = "dlq:read"
	DLQWrite    Permission = "dlq:write"
	TypesRead   Permission = "types:read"
	NodesRead   Permission = "nodes:read"
	TypesWrite  Permission = "types:write"
	OpenAPIRead Permission = "openapi:read"

	BreakersRead  Permission = "breakers:read"
	BreakersWrite Permission = "breakers:write"

	SchedulesRead  Permission = "schedules:read"
	SchedulesWrite Permission = "schedules:write"
)

// operations is the permission of every operation of the API, by operationId;
// read only. An operation that is not here is refused to everybody.
var operations = map[string]Permission{
	"submitTask":     TasksWrite,
	"submitBatch":    TasksWrite,
	"cancelTask":     TasksWrite,
	"listTasks":      TasksRead,
	"getTask":        TasksRead,
	"listTaskEvents": TasksRead,
	"listTypes":      TypesRead,
	"listNodes":      NodesRead,
	"pauseType":      TypesWrite,
	"resumeType":     TypesWrite,
	"listBreakers":   BreakersRead,
	"resetBreaker":   BreakersWrite,

	"listSchedules":  SchedulesRead,
	"runSchedule":    SchedulesWrite,
	"pauseSchedule":  SchedulesWrite,
	"resumeSchedule": SchedulesWrite,

	"listDeadLetters":      DLQRead,
	"getDeadLetter":        DLQRead,
	"listDeadLetterGroups": DLQRead,
	"getRedrive":           DLQRead,
	"retryDeadLetter":      DLQWrite,
	"removeDeadLetter":     DLQWrite,
	"cleanUpDeadLetters":   DLQWrite,
	"startRedrive":         DLQWrite,
	"stopRedrive":          DLQWrite,

	"getDocument":    OpenAPIRead,
	"getHealth":      Public,
	"getHealthRedis": Public,
	"getHealthDb":    Public,
	"getMetrics":     Public,
}

// PermissionOf returns what an operation needs; ok is false for an operation
// that the table does not know.
func PermissionOf(operationID string) (p Permission, ok bool) {
	p, ok = operations[operationID]
	return p, ok
}

// Reach is how far a permission goes.
type Reach int8

const (
	// None: the permission is not granted.
	None Reach = iota
	// Own: on what the principal has made itself.
	Own
	// All: on everything.
	All
)

// grants says what each role may do; read only. What is missing is refused.
var grants = map[Role]map[Permission]Reach{
	Viewer:    {TasksRead: All, DLQRead: All, TypesRead: All, NodesRead: All, SchedulesRead: All, BreakersRead: All, OpenAPIRead: All},
	Submitter: {TasksRead: Own, TasksWrite: Own, TypesRead: All, OpenAPIRead: All},
	Operator:  {TasksRead: All, TasksWrite: All, DLQRead: All, DLQWrite: All, TypesRead: All, TypesWrite: All, NodesRead: All, SchedulesRead: All, BreakersRead: All, BreakersWrite: All, SchedulesWrite: All, OpenAPIRead: All},
	Admin:     {TasksRead: All, TasksWrite: All, DLQRead: All, DLQWrite: All, TypesRead: All, TypesWrite: All, NodesRead: All, SchedulesRead: All, BreakersRead: All, BreakersWrite: All, SchedulesWrite: All, OpenAPIRead: All},
}

// Grants returns how far the role has the permission.
func (r Role) Grants(p Permission) Reach {
	if p == Public {
		return All
	}
	return grants[r][p]
}
