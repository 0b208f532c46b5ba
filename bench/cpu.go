package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticksPerSecond is the unit of the times in /proc; Linux shows 100 to programs on every
// architecture that Go supports.
const ticksPerSecond = 100

// process is what /proc/PID/stat says of one process.
type process struct {
	pid, parent int
	// own and reaped are CPU seconds: of the process itself, and of its children that have ended
	// and were waited for.
	own, reaped float64
}

// parseStat reads one line of /proc/PID/stat. The name in it may hold spaces and brackets.
func parseStat(line string) (process, error) {
	open, closing := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || closing < open {
		return process{}, fmt.Errorf("no name in %q", line)
	}
	fields := strings.Fields(line[closing+1:])
	const parent, utime, cstime = 1, 11, 14 // proc(5): fields 4, 14 and 17 of the whole line
	if len(fields) <= cstime {
		return process{}, fmt.Errorf("too few fields in %q", line)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line[:open]))
	if err != nil {
		return process{}, err
	}
	p := process{pid: pid}
	if p.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return process{}, err
	}
	var seconds [4]float64 // utime, stime, cutime, cstime
	for i := range seconds {
		ticks, err := strconv.ParseInt(fields[utime+i], 10, 64)
		if err != nil {
			return process{}, err
		}
		seconds[i] = float64(ticks) / ticksPerSecond
	}
	p.own, p.reaped = seconds[0]+seconds[1], seconds[2]+seconds[3]
	return p, nil
}

// readProcess returns a process that runs.
func readProcess(pid int) (process, error) {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return process{}, err
	}
	return parseStat(string(line))
}

// readProcesses returns all processes of the machine by their id.
func readProcesses() (map[int]process, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := make(map[int]process, len(paths))
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended since; its time is with its parent now
		}
		p, err := parseStat(string(line))
		if err != nil {
			return nil, err
		}
		all[p.pid] = p
	}
	return all, nil
}

// treeSeconds sums the CPU of a process, its living descendants and the children that they waited
// for. A child that ended before the root started to count, such as one of an earlier measurement,
// is in it too: only differences mean something.
func treeSeconds(all map[int]process, root int) float64 {
	children := map[int][]int{}
	for pid, p := range all {
		children[p.parent] = append(children[p.parent], pid)
	}
	total := 0.0
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		p, ok := all[queue[0]]
		if !ok {
			continue
		}
		total += p.own + p.reaped
		queue = append(queue, children[p.pid]...)
	}
	return total
}

// usage is CPU seconds so far, by who used them.
type usage struct {
	// Bench is this program: clients, and the workers of the peers. Engine is Headrace with its
	// plugins and their guards. Machine is everything that ran, whoever started it.
	Bench, Engine, Postgres, Redis, Machine float64
}

// parts returns the whole use of what was measured.
func (u usage) parts() float64 { return u.Bench + u.Engine + u.Postgres + u.Redis }

// minus returns what was used since.
func (u usage) minus(before usage) usage {
	return usage{
		Bench: u.Bench - before.Bench, Engine: u.Engine - before.Engine,
		Postgres: u.Postgres - before.Postgres, Redis: u.Redis - before.Redis, Machine: u.Machine - before.Machine,
	}
}

// measure reads the use so far; engine is 0 when no engine runs.
func (s *services) measure(engine int) (usage, error) {
	all, err := readProcesses()
	if err != nil {
		return usage{}, err
	}
	machine, err := machineSeconds()
	if err != nil {
		return usage{}, err
	}
	u := usage{
		Bench: all[os.Getpid()].own, Machine: machine,
		Postgres: treeSeconds(all, s.postgresPID), Redis: treeSeconds(all, s.redisPID),
	}
	if engine != 0 {
		u.Engine = treeSeconds(all, engine)
	}
	return u, nil
}

// machineSeconds returns the CPU seconds that were not idle, over all cores.
func machineSeconds() (float64, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return 0, errors.New("there is no /proc/stat: the CPU of processes is read as Linux shows it")
		}
		return 0, err
	}
	return parseMachine(string(text))
}

// parseMachine sums user, nice, system, irq, softirq and steal of the first line of /proc/stat;
// idle and iowait are left out, guest is in user already.
func parseMachine(text string) (float64, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("unexpected first line of /proc/stat: %q", line)
	}
	var busy int64
	for _, at := range []int{1, 2, 3, 6, 7, 8} {
		ticks, err := strconv.ParseInt(fields[at], 10, 64)
		if err != nil {
			return 0, err
		}
		busy += ticks
	}
	return float64(busy) / ticksPerSecond, nil
}
