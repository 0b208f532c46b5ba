//go:build faults

package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The ways in which a task of the suite ends.
const (
	completed  = "completed"
	failed     = "failed"
	deadLetter = "dead_letter"
	cancelled  = "cancelled"
)

// order is a task to submit and how it must end.
type order struct {
	body string
	ends []string
	// cancel: its end is asked for as soon as it is accepted.
	cancel bool
}

// accepted is a task that a node has promised to keep.
type accepted struct {
	order
	id string
	// quiet: it was submitted in a time in which no attempt of it may have failed.
	quiet bool
}

// ledger is what the nodes answered.
type ledger struct {
	mu       sync.Mutex
	accepted []accepted
	// taken are submissions whose unique key another task had; refused are items of
	// a batch that the store could not take.
	taken, refused int
	// unavailable counts answers 503, unclear requests without an answer.
	unavailable, unclear int
	complaints           []string
}

func (l *ledger) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.complaints) < 20 {
		l.complaints = append(l.complaints, fmt.Sprintf(format, args...))
	}
}

// draw makes a random order. Quiet ones neither fail nor are cancelled.
func draw(r *rand.Rand, quiet bool) order {
	priority := r.IntN(4)
	submit := func(typ, payload, more string) string {
		return fmt.Sprintf(`{"type":%q,"payload":%s,"priority":%d%s}`, typ, payload, priority, more)
	}
	delay := func(least, most int) string {
		at := time.Now().Add(time.Duration(least+r.IntN(most-least)) * time.Millisecond)
		return fmt.Sprintf(`,"run_at":%q`, at.UTC().Format(time.RFC3339Nano))
	}
	echo := order{body: submit("demo.echo", fmt.Sprintf(`{"n":%d}`, r.IntN(1000)), ""), ends: []string{completed}}
	sleep := order{body: submit("demo.sleep", fmt.Sprintf(`{"ms":%d}`, 1+r.IntN(50)), ""), ends: []string{completed}}
	switch n := r.IntN(100); {
	case n < 40:
		return echo
	case n == 99 && quiet: // longer than a stop waits: it is given back
		return order{body: submit("demo.sleep", `{"ms":6000}`, ""), ends: []string{completed}}
	case n < 50 || quiet:
		return sleep
	case n < 60: // long enough to be caught by a fault
		return order{body: submit("demo.sleep", fmt.Sprintf(`{"ms":%d}`, 200+r.IntN(1500)), ""), ends: []string{completed}}
	case n < 75:
		payload := fmt.Sprintf(`{"code":"network_error","times":%d}`, 1+r.IntN(2))
		return order{body: submit("demo.fail", payload, ""), ends: []string{completed}}
	case n < 80:
		return order{body: submit("demo.fail", `{"code":"not_found"}`, ""), ends: []string{deadLetter}}
	case n < 84:
		return order{body: submit("faults.strict", `{"code":"not_found"}`, ""), ends: []string{failed}}
	case n < 90:
		key := fmt.Sprintf(`,"unique_key":"u-%d"`, r.IntN(40))
		return order{body: submit("demo.sleep", `{"ms":20}`, key), ends: []string{completed}}
	case n < 96:
		return order{body: submit("demo.echo", `{"late":true}`, delay(200, 4000)), ends: []string{completed}}
	case n < 98:
		return order{body: submit("demo.echo", `{"never":true}`, delay(8000, 12000)), ends: []string{cancelled, completed}, cancel: true}
	default:
		return order{body: submit("demo.sleep", `{"ms":1500}`, ""), ends: []string{cancelled, completed}, cancel: true}
	}
}

// submitters is how many submit side by side.
const submitters = 4

// spread is about how long the submissions of one fault take when nothing is in
// their way: the time that a fault lasts.
const spread = 4 * time.Second

// largest is the size of the largest group.
const largest = 60

// submit submits n random tasks in groups of all sizes and returns when each has
// its answer.
func (w *world) submit(ctx context.Context, l *ledger, n int, part uint64, quiet bool) {
	var wait sync.WaitGroup
	for s := range submitters {
		r := w.settings.random(part*submitters + uint64(s))
		share := n / submitters
		if s == 0 {
			share += n % submitters
		}
		wait.Go(func() {
			breath := spread * largest * 3 / 8 / time.Duration(max(share, 1)) // of a mean group
			for left := share; left > 0 && ctx.Err() == nil; pause(ctx, time.Duration(r.Int64N(int64(2*breath)))) {
				size := 1
				if r.IntN(4) > 0 {
					size = min(left, 1+r.IntN(largest))
				}
				orders := make([]order, size)
				for i := range orders {
					orders[i] = draw(r, quiet)
				}
				w.place(ctx, l, r, orders, quiet)
				left -= size
			}
		})
	}
	wait.Wait()
}

// place submits a group until a node has answered, and asks for the ends.
func (w *world) place(ctx context.Context, l *ledger, r *rand.Rand, orders []order, quiet bool) {
	path, body := "/api/tasks/batch", ""
	bodies := make([]string, len(orders))
	for i := range orders {
		bodies[i] = orders[i].body
	}
	if body = `{"tasks":[` + strings.Join(bodies, ",") + `]}`; len(orders) == 1 {
		path, body = "/api/tasks", bodies[0]
	}
	key := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
	answer := w.insist(ctx, l, r, http.MethodPost, path, body, key)
	if answer == nil {
		return
	}
	for i, id := range w.enter(l, orders, answer, quiet) {
		if id != "" && orders[i].cancel {
			w.insist(ctx, l, r, http.MethodDelete, "/api/tasks/"+id, "", "")
		}
	}
}

// reply is a whole answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// insist sends a request to one node after the other until one answers it for
// good. The Idempotency-Key makes a repeat harmless.
func (w *world) insist(ctx context.Context, l *ledger, r *rand.Rand, method, path, body, key string) *reply {
	for try := r.IntN(len(w.nodes)); ctx.Err() == nil; try++ {
		answer, err := w.send(ctx, method, w.nodes[try%len(w.nodes)].url+path, body, key)
		switch {
		case err != nil:
			l.mu.Lock()
			l.unclear++
			l.mu.Unlock()
		case answer.status == http.StatusServiceUnavailable:
			w.noteUnavailable(l, answer)
		case answer.status == http.StatusConflict && key != "" && bytes.Contains(answer.body, []byte("Idempotency-Key")):
			// The first one still runs, on a node that did not answer in time.
		case answer.status < 300, answer.status == http.StatusConflict:
			return answer
		default:
			l.complain("%s %s: %d %s", method, path, answer.status, answer.body)
			return nil
		}
		if !pause(ctx, 100*time.Millisecond) {
			break
		}
	}
	l.complain("%s %s had no answer before the end of the test", method, path)
	return nil
}

func (w *world) noteUnavailable(l *ledger, answer *reply) {
	l.mu.Lock()
	l.unavailable++
	l.mu.Unlock()
	if answer.header.Get("Retry-After") == "" {
		l.complain("503 without Retry-After: %s", answer.body)
	}
	if !w.away.Load() {
		l.complain("503 while PostgreSQL is there: %s", answer.body)
	}
}

func (w *world) send(ctx context.Context, method, url, body, key string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return &reply{resp.StatusCode, resp.Header, text}, nil
}

// fate is the answer to one submission: a task's id, or an error's code.
type fate struct {
	Task struct{ ID string }
	ID   string
	Code string
	// Error stands in a batch.
	Error struct {
		Code    string
		Details details
	}
	Details details
}

type details struct {
	TaskID string `json:"task_id"`
}

// enter books the answer to a group and returns the ids of the accepted ones.
func (w *world) enter(l *ledger, orders []order, answer *reply, quiet bool) []string {
	fates := make([]fate, 1)
	var err error
	if len(orders) > 1 {
		batch := struct{ Results []fate }{}
		err = json.Unmarshal(answer.body, &batch)
		fates = batch.Results
	} else {
		err = json.Unmarshal(answer.body, &fates[0])
	}
	if err != nil || len(fates) != len(orders) {
		l.complain("an answer that says nothing: %d %s", answer.status, answer.body)
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, len(orders))
	for i, f := range fates {
		switch id := f.Task.ID + f.ID; {
		case id != "":
			ids[i] = id
			l.accepted = append(l.accepted, accepted{order: orders[i], id: id, quiet: quiet})
		case f.Error.Details.TaskID+f.Details.TaskID != "":
			l.taken++
		case f.Error.Code == "service_unavailable":
			l.refused++
		default:
			l.complaints = append(l.complaints, fmt.Sprintf("refused: %+v", f))
		}
	}
	return ids
}
