package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/headrace/headrace/sdk/fault"
)

func once(key, as, target, body string) request {
	return request{method: "POST", target: target, as: as, body: body, header: map[string]string{"Idempotency-Key": key}}
}

func TestRepeatedRequestIsAnsweredAsTheFirstTime(t *testing.T) {
	t.Parallel()
	for target, body := range map[string]string{
		"/api/tasks":       `{"type":"demo.echo","run_at":"2990-01-01T00:00:00Z"}`,
		"/api/tasks/batch": `{"tasks":[{"type":"demo.echo"},{"type":"nope"},{"type":"demo.echo"}]}`,
	} {
		w := newWorld(t)
		first, second := w.do(once("k", admin, target, body)), w.do(once("k", admin, target, body))
		if first.status >= 300 || second.status != first.status || second.body != first.body || second.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("%s: first %+v, second %+v", target, first, second)
		}
		if first.header.Get("Idempotent-Replayed") != "" || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: replayed %q, %q", target, first.header.Get("Idempotent-Replayed"), second.header.Get("Idempotent-Replayed"))
		}
		before := w.store.count()
		w.do(once("k", admin, target, body+" ")).problem(t, http.StatusUnprocessableEntity, fault.ValidationError)
		if w.do(once("k", operator, target, body)).header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s: another principal got the answer", target)
		}
		if w.store.count() != 2*before {
			t.Errorf("%s: %d tasks, then %d", target, before, w.store.count())
		}
	}
}

func TestRefusedRequestsAreNotRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(once("k", admin, "/api/tasks", `{"type":"nope"}`)).problem(t, http.StatusUnprocessableEntity, fault.ValidationError)
	if got := w.do(once("k", admin, "/api/tasks", `{"type":"demo.echo"}`)); got.status != http.StatusCreated {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestKeysHaveAForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"a b", "é", strings.Repeat("x", 256)} {
		w.do(once(key, admin, "/api/tasks", `{"type":"demo.echo"}`)).problem(t, http.StatusBadRequest, fault.InvalidInput)
	}
	if got := w.do(once(strings.Repeat("x", 255), admin, "/api/tasks", `{"type":"demo.echo"}`)); got.status != http.StatusCreated {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestKeyOfARunningRequestConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.gate, w.store.entered = make(chan struct{}), make(chan struct{}, 1)
	q := once("k", admin, "/api/tasks", `{"type":"demo.echo"}`)
	var first answer
	var running sync.WaitGroup
	running.Go(func() { first = w.do(q) })
	<-w.store.entered
	w.do(q).problem(t, http.StatusConflict, fault.InvalidInput)
	close(w.store.gate)
	running.Wait()
	if first.status != http.StatusCreated {
		t.Errorf("%d %s", first.status, first.body)
	}
}

func TestKeyTakenOnAnotherNodeMeanwhileIsReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.gate, w.store.entered = make(chan struct{}), make(chan struct{}, 2)
	shared := w.store
	second := newWorld(t, withStore(t, shared))
	q := once("k", admin, "/api/tasks", `{"type":"demo.echo"}`)
	var a, b answer
	var running sync.WaitGroup
	running.Go(func() { a = w.do(q) })
	running.Go(func() { b = second.do(q) })
	<-shared.entered
	<-shared.entered
	close(shared.gate)
	running.Wait()
	if a.status != http.StatusCreated || a.body != b.body || shared.count() != 1 {
		t.Errorf("%d %s\n%d %s", a.status, a.body, b.status, b.body)
	}
}
