package postgres

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/task"
)

func TestASearchEndsWithItsTime(t *testing.T) {
	t.Parallel()
	w := newWalk(task.Filter{Limit: 10, Metadata: map[string]string{"a": "b"}})
	w.until = time.Now().Add(-time.Second)
	edge := uuid.MustParse("01a00000-0000-7000-8000-000000000000")
	looks := 0
	page, err := w.run(t.Context(), func([]any) ([]listRow, error) {
		looks++
		return []listRow{{edge: edge}}, nil
	})
	if err != nil || looks != 1 || len(page.Tasks) != 0 || page.Next != edge {
		t.Errorf("after %d looks: %d tasks, next %s, %v; want an empty page that goes on at the edge", looks, len(page.Tasks), page.Next, err)
	}
}

func TestASearchGoesDownChunkByChunk(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	rare := submission(func(t *task.Task) { t.Metadata = json.RawMessage(`{"rare": "yes"}`) })
	insert(t, s, rare)
	for range 5 {
		insert(t, s, submissions(firstChunk)...)
	}
	found := walkAll(t, s, task.Filter{Limit: 10, Metadata: map[string]string{"rare": "yes"}})
	if len(found) != 1 || found[0] != rare.Task.ID {
		t.Errorf("found %v, want %s", found, rare.Task.ID)
	}
}

func TestAChunkEndsWhereTheFirstTableEnds(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	tagged := func(t *task.Task) { t.Metadata = json.RawMessage(`{"tag": "yes"}`) }
	var want []uuid.UUID
	for range 3 {
		want = append(insert(t, s, submission(tagged)), want...)
	}
	owner := register(t, s)
	settle(t, s, completions(claim(t, s, owner, insert(t, s, submissions(firstChunk+100)...)...))...)
	got := walkAll(t, s, task.Filter{Limit: 10, Metadata: map[string]string{"tag": "yes"}})
	if !slices.Equal(got, want) {
		t.Errorf("found %v, want each of %v once", got, want)
	}
}

// walkAll pages to the end: on a slow machine a search runs out of its time and
// goes on with the next page.
func walkAll(t *testing.T, s *Store, filter task.Filter) (ids []uuid.UUID) {
	t.Helper()
	for {
		page, err := s.List(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Tasks {
			ids = append(ids, page.Tasks[i].ID)
		}
		if page.Next == uuid.Nil {
			return ids
		}
		filter.Before = page.Next
	}
}

func TestChunksGrowWhileTheyAreQuick(t *testing.T) {
	t.Parallel()
	w := newWalk(task.Filter{Limit: 10})
	for range 10 {
		w.adapt(0)
	}
	if w.chunk != mostChunk {
		t.Errorf("quick chunks grew to %d, want %d", w.chunk, mostChunk)
	}
	for range 10 {
		w.adapt(time.Second)
	}
	if w.chunk != firstChunk {
		t.Errorf("slow chunks shrank to %d, want %d", w.chunk, firstChunk)
	}
	if w := newWalk(task.Filter{Limit: 1000}); w.chunk <= 1000 {
		t.Errorf("the first chunk of %d cannot fill a page of 1000", w.chunk)
	}
}
