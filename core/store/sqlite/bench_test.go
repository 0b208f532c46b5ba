package sqlite

import (
	"strings"
	"testing"

	"github.com/headrace/headrace/core/task"
)

// benchGroup is the size of the groups, as in the engine's own.
const benchGroup = 256

// group makes submissions with payloads of 200 bytes.
func group() []task.Submission {
	subs := make([]task.Submission, benchGroup)
	for i := range subs {
		subs[i] = submission(func(t *task.Task) {
			t.Payload = []byte(`{"text": "` + strings.Repeat("a", 200) + `"}`)
		})
	}
	return subs
}

// perTask reports the time of one task of a group.
func perTask(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*benchGroup), "µs/task")
}

func BenchmarkInsert(b *testing.B) {
	s := newStore(b)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		subs := group()
		b.StartTimer()
		insert(b, s, subs...)
	}
	perTask(b)
}

func BenchmarkClaim(b *testing.B) {
	s := newStore(b)
	owner := register(b, s)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		subs := insert(b, s, group()...)
		b.StartTimer()
		claim(b, s, owner, subs...)
	}
	perTask(b)
}

func BenchmarkSettle(b *testing.B) {
	s := newStore(b)
	owner := register(b, s)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		claimed := claim(b, s, owner, insert(b, s, group()...)...)
		items := make([]task.Settlement, len(claimed))
		for i := range claimed {
			items[i] = settlement(&claimed[i], task.Completed)
			items[i].Result = []byte(`{"ok": true}`)
		}
		b.StartTimer()
		if _, err := s.Settle(b.Context(), items); err != nil {
			b.Fatal(err)
		}
	}
	perTask(b)
}
