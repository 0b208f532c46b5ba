package fault

// Code names what went wrong. The set is closed: every code has an HTTP
// status, a recovery strategy and a line of documentation.
type Code string

// The codes. Their text is a contract: it stands in the API, in plugins'
// answers, in events and in metrics.
const (
	// Unauthorized: credentials are missing, wrong, or do not suffice.
	Unauthorized Code = "unauthorized"
	// InvalidInput: the form of the request, or the state it meets, is wrong.
	InvalidInput Code = "invalid_input"
	// NotFound: what the request names does not exist.
	NotFound Code = "not_found"
	// RateLimitExceeded: a limit of the destination or of the engine was reached.
	RateLimitExceeded Code = "rate_limit_exceeded"
	// ServiceUnavailable: the destination, or a part of the engine, is away.
	ServiceUnavailable Code = "service_unavailable"
	// InternalError: a defect, a panic included.
	InternalError Code = "internal_error"
	// NetworkError: the destination could not be reached.
	NetworkError Code = "network_error"
	// ValidationError: well formed, but against a schema or a rule.
	ValidationError Code = "validation_error"
	// TaskExecutionFailed: the work itself failed; also a handler's plain error.
	TaskExecutionFailed Code = "task_execution_failed"
	// TaskTimeout: an attempt ran out of time, or a deadline passed.
	TaskTimeout Code = "task_timeout"
	// TaskCancelled: somebody asked for the end of the task.
	TaskCancelled Code = "task_cancelled"
)

// Blame says whose fault a failure is, which decides who hears of it.
type Blame string

const (
	// BlameConfig: an operator has to change the configuration.
	BlameConfig Blame = "configuration"
	// BlameCaller: the submitter has to change the request.
	BlameCaller Blame = "caller"
	// BlameDestination: a system outside; feeds circuit breakers.
	BlameDestination Blame = "destination"
	// BlamePlugin: the plugin; feeds its supervisor.
	BlamePlugin Blame = "plugin"
	// BlameNobody: nothing is broken.
	BlameNobody Blame = "nobody"
)

// Recovery is the strategy of one code (S3 of the specification).
type Recovery struct {
	// Retryable: the engine tries a failed task again by itself.
	Retryable bool `json:"retryable"`
	// SpendsRetry: such a retry counts against max_retries.
	SpendsRetry bool `json:"-"`
	// UserAction: nothing gets better until a person acts.
	UserAction bool `json:"user_action"`
	// Alternative is what else can be done, in words for a person.
	Alternative string `json:"alternative"`
	// Blame says whose fault it is.
	Blame Blame `json:"blame"`
}

// strategies is the table behind Recovery; read only.
var strategies = map[Code]Recovery{
	Unauthorized:        {UserAction: true, Alternative: "check the credentials and their permissions", Blame: BlameConfig},
	InvalidInput:        {UserAction: true, Alternative: "correct the request and send it again", Blame: BlameCaller},
	ValidationError:     {UserAction: true, Alternative: "correct the fields that the details name", Blame: BlameCaller},
	NotFound:            {UserAction: true, Alternative: "check the name or the id", Blame: BlameCaller},
	RateLimitExceeded:   {Retryable: true, Alternative: "wait as long as told, then try again", Blame: BlameDestination},
	ServiceUnavailable:  {Retryable: true, SpendsRetry: true, Alternative: "wait until the service is back", Blame: BlameDestination},
	NetworkError:        {Retryable: true, SpendsRetry: true, Alternative: "check the route to the destination", Blame: BlameDestination},
	TaskTimeout:         {Retryable: true, SpendsRetry: true, Alternative: "allow more time or ask for less work", Blame: BlameDestination},
	TaskExecutionFailed: {Retryable: true, SpendsRetry: true, Alternative: "look at the message and the task's log", Blame: BlamePlugin},
	InternalError:       {Retryable: true, SpendsRetry: true, Alternative: "report the defect with its request id", Blame: BlamePlugin},
	TaskCancelled:       {Alternative: "submit the task again if it is still wanted", Blame: BlameNobody},
}

// Codes lists every code, in the order of the documentation.
func Codes() []Code {
	return []Code{
		Unauthorized, InvalidInput, NotFound, RateLimitExceeded, ServiceUnavailable, InternalError,
		NetworkError, ValidationError, TaskExecutionFailed, TaskTimeout, TaskCancelled,
	}
}

// Known tells whether c belongs to the set.
func (c Code) Known() bool {
	_, ok := strategies[c]
	return ok
}

// Recovery returns the strategy of c; an unknown code is treated as
// InternalError, the only safe reading of an answer nobody understands.
func (c Code) Recovery() Recovery {
	if r, ok := strategies[c]; ok {
		return r
	}
	return strategies[InternalError]
}
