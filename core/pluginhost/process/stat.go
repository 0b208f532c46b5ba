package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// stat is what /proc/PID/stat says that is of use here.
type stat struct {
	pid, group, session int
	// start is in clock ticks since the machine's start. With the pid it names a
	// process for good, since pids are used again.
	start uint64
}

// readStat reads the record of a process, also of a dead one that nobody has
// reaped.
func readStat(pid int) (stat, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	return parseStat(pid, string(text))
}

// parseStat reads proc_pid_stat(5). The command's name, in parentheses, may hold
// anything, so the fields are counted from the last parenthesis: field 3 is the
// first behind it.
func parseStat(pid int, text string) (stat, error) {
	i := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[i+1:])
	if i < 0 || len(fields) < 20 {
		return stat{}, fmt.Errorf("look at process %d: unexpected form of its record", pid)
	}
	group, err := strconv.Atoi(fields[5-3])
	if err != nil {
		return stat{}, fmt.Errorf("process group of %d: %w", pid, err)
	}
	session, err := strconv.Atoi(fields[6-3])
	if err != nil {
		return stat{}, fmt.Errorf("session of %d: %w", pid, err)
	}
	start, err := strconv.ParseUint(fields[22-3], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("start time of %d: %w", pid, err)
	}
	return stat{pid: pid, group: group, session: session, start: start}, nil
}
