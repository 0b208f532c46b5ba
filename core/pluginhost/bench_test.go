package pluginhost

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// BenchmarkNoOpTasks runs tasks that do nothing through a plugin made with the
// SDK, in groups of 64, eight of them under way. cpu-µs/task is the processor time
// of both processes for one task.
func BenchmarkNoOpTasks(b *testing.B) {
	for _, mode := range []TLSMode{TLSOff, TLSAuto} {
		b.Run("tls="+string(mode), func(b *testing.B) { benchmarkNoOp(b, mode) })
	}
}

const benchGroup, benchUnderWay = 64, 8

func benchmarkNoOp(b *testing.B, mode TLSMode) {
	r := start(b, "sdk", func(c *Config) { c.Slots[0].TLS = mode })
	sink := &counter{ended: make(chan int, 1<<16)}
	pid := r.status().PID
	engine, plugin, tasks, inFlight := ownTime(b), processTime(b, pid), 0, 0
	for b.Loop() {
		for inFlight > benchGroup*(benchUnderWay-1) {
			inFlight -= <-sink.ended
		}
		batch := make([]Assignment, benchGroup)
		for i := range batch {
			batch[i] = Assignment{ID: uuid.Must(uuid.NewV7()), Attempt: 1, Type: "echo", PublicType: "echo", Payload: []byte(`{"n":1}`), Timeout: time.Minute}
		}
		if err := r.Submit("fake", batch, sink); err != nil {
			b.Fatal(err)
		}
		inFlight, tasks = inFlight+benchGroup, tasks+benchGroup
	}
	for inFlight > 0 {
		inFlight -= <-sink.ended
	}
	engine, plugin = ownTime(b)-engine, processTime(b, pid)-plugin
	b.ReportMetric(float64(engine.Microseconds())/float64(tasks), "engine-cpu-µs/task")
	b.ReportMetric(float64(plugin.Microseconds())/float64(tasks), "plugin-cpu-µs/task")
	b.ReportMetric(float64(tasks)/b.Elapsed().Seconds(), "tasks/s")
}

type counter struct {
	memory
	ended chan int
}

func (c *counter) Ended(outcomes []Outcome) {
	for _, o := range outcomes {
		if o.Kind != Completed {
			panic(fmt.Sprintf("%+v", o))
		}
	}
	c.ended <- len(outcomes)
}

func ownTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// processTime reads another process's time, in steps of 10 ms.
func processTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkStart is the time from nothing to an active plugin, and to its end.
func BenchmarkStart(b *testing.B) {
	for _, mode := range []TLSMode{TLSOff, TLSAuto} {
		b.Run("tls="+string(mode), func(b *testing.B) {
			var active time.Duration
			for b.Loop() {
				r := start(b, "sdk", func(c *Config) { c.Slots[0].TLS = mode })
				active += r.status().Uptime
				r.stop()
			}
			b.ReportMetric(float64(active.Microseconds())/1000/float64(b.N), "ms-to-active")
		})
	}
}
