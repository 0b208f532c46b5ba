package dispatch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/telemetry"
)

// metrics of the dispatcher. The names without a prefix are a contract.
type metrics struct {
	duration                  prometheus.Histogram
	outcomes                  *prometheus.CounterVec
	done, errors              *telemetry.Rate
	stale, late, fallbacks    prometheus.Counter
	rationed                  prometheus.Counter
	claimGroups, settleGroups prometheus.Histogram
	claimTime                 prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	sizes := prometheus.ExponentialBuckets(1, 2, 10)
	m := &metrics{
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "task_processing_duration", Help: "Time of an attempt from its claim to its outcome, in seconds.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 14),
		}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headrace_attempts_total", Help: "Attempts that were settled, by the event that ended them.",
		}, []string{"event"}),
		done:        telemetry.NewRate(time.Now),
		errors:      telemetry.NewRate(time.Now),
		stale:       counter("headrace_stale_hints_total", "Hints whose task could not be claimed."),
		late:        counter("headrace_late_results_total", "Results that came after their attempt had lost its right."),
		fallbacks:   counter("headrace_store_polls_total", "Looks for work in the store because the queue could not be used."),
		rationed:    counter("headrace_retries_rationed_total", "Retries that run later because their type's retry budget was spent."),
		claimGroups: histogram("headrace_claim_group_size", "Tasks that shared one claim transaction.", sizes),
		claimTime: histogram("headrace_claim_duration_seconds", "Time of one claim transaction.",
			prometheus.ExponentialBuckets(0.0005, 2, 14)),
		settleGroups: histogram("headrace_settle_group_size", "Outcomes that shared one settle transaction.", sizes),
	}
	for _, kind := range []event.Type{
		event.TaskCompleted, event.TaskFailed, event.TaskDeadLettered, event.TaskCancelled,
		event.TaskRetried, event.TaskReleased, event.TaskRecovered,
	} {
		m.outcomes.WithLabelValues(string(kind))
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(m.duration, m.outcomes, m.stale, m.late, m.fallbacks, m.rationed, m.claimGroups, m.claimTime, m.settleGroups,
		gauge("task_processing_rate", "Tasks completed by this node in the last minute.", m.done.PerMinute),
		gauge("task_error_rate", "Attempts on this node that ended in an error in the last minute.", m.errors.PerMinute))
	return m
}

// settled counts one settlement that was written.
func (m *metrics) settled(s *settling) {
	m.duration.Observe(s.took.Seconds())
	m.outcomes.WithLabelValues(string(s.verdict.kind)).Inc()
	switch {
	case s.verdict.to == task.Completed:
		m.done.Add(1)
	case s.verdict.kind != event.TaskReleased && s.verdict.to != task.Cancelled:
		m.errors.Add(1)
	}
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
}
