package postgres

import (
	"testing"
	"time"
)

// groupSize is the size at which larger groups stop paying.
const groupSize = 256

// perTask reports the time of the whole group by the task.
func perTask(b *testing.B, took time.Duration) {
	b.Helper()
	b.ReportMetric(float64(took.Nanoseconds())/1e3/float64(b.N*groupSize), "µs/task")
}

func BenchmarkInsert(b *testing.B) {
	s := newStore(b)
	var took time.Duration
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		subs := submissions(groupSize)
		b.StartTimer()
		begin := time.Now()
		insert(b, s, subs...)
		took += time.Since(begin)
	}
	perTask(b, took)
}

func BenchmarkClaim(b *testing.B) {
	s := newStore(b)
	owner := register(b, s)
	var took time.Duration
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		ids := insert(b, s, submissions(groupSize)...)
		b.StartTimer()
		begin := time.Now()
		claim(b, s, owner, ids...)
		took += time.Since(begin)
	}
	perTask(b, took)
}

func BenchmarkSettle(b *testing.B) {
	s := newStore(b)
	owner := register(b, s)
	var took time.Duration
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		items := completions(claim(b, s, owner, insert(b, s, submissions(groupSize)...)...))
		b.StartTimer()
		begin := time.Now()
		settle(b, s, items...)
		took += time.Since(begin)
	}
	perTask(b, took)
}
