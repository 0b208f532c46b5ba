package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// The verbs of the lines that the guard reads: VERB PID START.
const (
	verbAdd    = "add"
	verbRemove = "remove"
)

// RunGuard is the whole life of the guard process. It reads groups from its
// standard input until that closes, which happens when the engine ends in
// whatever way, and then kills the groups that are left. Signals that people and
// service managers send to everybody do not end it.
func RunGuard(stdin io.Reader) error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	groups, err := readGroups(stdin)
	for _, group := range groups {
		err = errors.Join(err, endGroup(group))
	}
	return err
}

// readGroups returns what is left at the end of the input. A line that makes no
// sense is reported and does not end the watch.
func readGroups(stdin io.Reader) ([]Group, error) {
	known := map[Group]bool{}
	var odd error
	scanner := bufio.NewScanner(stdin)
	for scanner.Scan() {
		var verb string
		var group Group
		_, err := fmt.Sscanf(scanner.Text(), "%s %d %d", &verb, &group.PID, &group.Start)
		switch {
		case err != nil || group.PID <= 1:
			odd = fmt.Errorf("guard: unreadable line %q", scanner.Text())
		case verb == verbAdd:
			known[group] = true
		case verb == verbRemove:
			delete(known, group)
		}
	}
	left := make([]Group, 0, len(known))
	for group := range known {
		left = append(left, group)
	}
	return left, errors.Join(odd, scanner.Err())
}

// endGroup kills a group if it is still the one that was meant.
//
// While a group has members the kernel gives its number to no new process. So
// three cases are left: the leader is there with its start time, and the group is
// ours; somebody else has the number, and our group has ended; or the leader is
// gone, and the group is ours if a member proves it.
func endGroup(group Group) error {
	leader, err := readStat(group.PID)
	switch {
	case err == nil && leader.start != group.Start:
		return nil
	case err != nil && !orphans(group):
		return nil
	}
	if err := unix.Kill(-group.PID, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("guard: kill group %d: %w", group.PID, err)
	}
	return nil
}

// orphans tells whether the group without its leader has a member that is of the
// guard's own session, as every descendant of the engine in a plugin's group is,
// and younger than the leader.
func orphans(group Group) bool {
	own, err := readStat(os.Getpid())
	if err != nil {
		return false
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return false
	}
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		member, err := readStat(pid) // an error: it has just ended
		if err == nil && member.group == group.PID && member.session == own.session && member.start >= group.Start {
			return true
		}
	}
	return false
}
