package telemetry

import (
	"math"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// System measures this process: the `system_` group of the specification. CPU
// is measured between two scrapes.
type System struct {
	cpu, memory, lag *prometheus.Desc

	mu       sync.Mutex
	scraped  time.Time
	cpuSpent time.Duration
	percent  float64
	seen     []uint64
}

// NewSystem makes the collector; register it with a prometheus registry.
func NewSystem() *System {
	return &System{
		cpu:     prometheus.NewDesc("system_cpu_usage", "CPU that the engine's process used since the last scrape, in percent of one core.", nil, nil),
		memory:  prometheus.NewDesc("system_memory_usage", "Memory that the Go runtime holds from the system, in bytes.", nil, nil),
		lag:     prometheus.NewDesc("system_event_loop_lag", "Time that 99 of 100 goroutines waited at most to be scheduled since the last scrape, in milliseconds.", nil, nil),
		scraped: time.Now(), cpuSpent: cpuTime(),
	}
}

// Describe implements prometheus.Collector.
func (s *System) Describe(descs chan<- *prometheus.Desc) {
	descs <- s.cpu
	descs <- s.memory
	descs <- s.lag
}

// The runtime's own figures; see package runtime/metrics.
const (
	latencies = "/sched/latencies:seconds"
	mapped    = "/memory/classes/total:bytes"
	returned  = "/memory/classes/heap/released:bytes"
)

// Collect implements prometheus.Collector.
func (s *System) Collect(out chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	samples := []metrics.Sample{{Name: latencies}, {Name: mapped}, {Name: returned}}
	metrics.Read(samples)
	memory := samples[1].Value.Uint64() - samples[2].Value.Uint64()
	lag := s.recentQuantile(samples[0].Value.Float64Histogram(), 0.99)
	out <- prometheus.MustNewConstMetric(s.cpu, prometheus.GaugeValue, s.cpuPercent())
	out <- prometheus.MustNewConstMetric(s.memory, prometheus.GaugeValue, float64(memory))
	out <- prometheus.MustNewConstMetric(s.lag, prometheus.GaugeValue, lag*1000)
}

// cpuPercent compares the CPU time with the last scrape's. Scrapes within the
// same moment get the last answer.
func (s *System) cpuPercent() float64 {
	now, spent := time.Now(), cpuTime()
	if elapsed := now.Sub(s.scraped); elapsed > 10*time.Millisecond {
		s.percent = 100 * float64(spent-s.cpuSpent) / float64(elapsed)
		s.scraped, s.cpuSpent = now, spent
	}
	return s.percent
}

// recentQuantile is the upper end of the bucket that holds the quantile of what
// was counted since the last scrape, in seconds; 0 when nothing was.
func (s *System) recentQuantile(h *metrics.Float64Histogram, q float64) float64 {
	fresh := make([]uint64, len(h.Counts))
	total := uint64(0)
	for i, n := range h.Counts {
		fresh[i] = n
		if i < len(s.seen) {
			fresh[i] -= s.seen[i]
		}
		total += fresh[i]
	}
	s.seen = append(s.seen[:0], h.Counts...)
	rank, below := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range fresh {
		below += n
		if total > 0 && below >= rank {
			if upper := h.Buckets[i+1]; !math.IsInf(upper, 1) {
				return upper
			}
			return h.Buckets[i]
		}
	}
	return 0
}

// cpuTime is what this process has used of the CPU so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
