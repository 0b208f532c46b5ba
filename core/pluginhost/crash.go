package pluginhost

import "time"

// CrashKind is the closed set of ways in which an active generation fails.
type CrashKind string

const (
	// CrashExit: the process ended.
	CrashExit CrashKind = "exit"
	// CrashStream: the stream of tasks broke although the process lived; it was
	// killed.
	CrashStream CrashKind = "stream"
	// CrashWedged: it answered no health check; it was killed.
	CrashWedged CrashKind = "wedged"
	// CrashKilled: it was killed to end an attempt that would not end.
	CrashKilled CrashKind = "killed"
)

// Crash is the report of a generation's unwanted end.
type Crash struct {
	Slot, Name, Version string
	// Generation counts the processes of the slot, from 1.
	Generation uint64
	PID        int
	SHA256     string
	At         time.Time
	// Uptime from the start of the process.
	Uptime time.Duration
	Kind   CrashKind
	// Status says how the process ended, such as "exit status 2".
	Status string
	// Cause is the error behind it, if there was one.
	Cause string
	// Stderr is the end of what it wrote to standard error, at most 64 KiB.
	Stderr string
	// InFlight are the attempts that died with it.
	InFlight []AttemptKey
}
