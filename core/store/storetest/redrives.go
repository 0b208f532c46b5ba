package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/deadletter"
	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

func exerciseRedrives(t *testing.T, s Store) {
	cases(t, s, map[string]func(*fixture){
		"a job redrives what fits, step by step, and ends":     redriveAll,
		"two leaders redrive nothing twice":                    redriveTwoLeaders,
		"what dies again, or later, is not part of the job":    redriveNotAgain,
		"a taken unique key is skipped":                        redriveSkips,
		"the pace holds back the next step":                    redrivePaced,
		"a stopped job goes no further":                        redriveStops,
		"as many jobs as allowed":                              redriveBounded,
		"an unknown job is not found, and its step is nothing": redriveUnknown,
	})
}

const fast = deadletter.MostPace

func jobEvent(kind event.Type) func(deadletter.Job) event.Event {
	return func(j deadletter.Job) event.Event {
		return event.New(kind, "a job", map[string]string{"taskId": j.ID.String()}) // so that wantTrail finds it
	}
}

// job stores a redrive of the fixture's type.
func (f *fixture) job(perSecond int, code fault.Code) deadletter.Job {
	f.Helper()
	job, ok, err := f.store.CreateRedrive(f.ctx, deadletter.Job{
		ID: task.NewID(), Filter: deadletter.Filter{Type: f.typ, Code: string(code)}, PerSecond: perSecond,
		CreatedBy: "key:x", RequestID: "r", CorrelationID: uuid.New(),
	}, 1000, jobEvent(event.RecoveryRedriveStarted))
	f.ok(err)
	if !ok {
		f.Fatalf("the job is refused")
	}
	return job
}

// step makes one step of at most n.
func (f *fixture) step(id uuid.UUID, n int) deadletter.Step {
	f.Helper()
	step, err := f.tryStep(id, n)
	f.ok(err)
	return step
}

// tryStep is step for goroutines, which cannot end the test.
func (f *fixture) tryStep(id uuid.UUID, n int) (deadletter.Step, error) {
	return f.store.StepRedrive(f.ctx, deadletter.StepRequest{
		ID: id, Most: n, Ended: jobEvent(event.RecoveryRedriveEnded),
		Redriven: func(_ deadletter.Job, t *task.Task) event.Event { return redriven(t) },
	})
}

// finish steps until the job is at its end and returns it.
func (f *fixture) finish(id uuid.UUID) (job deadletter.Job) {
	f.Helper()
	f.eventually("the job ends", func() bool {
		job = f.step(id, 2).Job
		return job.State != deadletter.Running
	})
	return job
}

func redriveAll(f *fixture) {
	for range 5 {
		f.dead(fault.NetworkError)
	}
	other, waiting := f.dead(fault.NotFound), f.pending()
	job := f.job(fast, fault.NetworkError)
	if job.Matched != 5 || job.State != deadletter.Running || job.Created.IsZero() {
		f.Errorf("job %+v", job)
	}
	found, ok, err := f.store.RedriveJob(f.ctx, job.ID)
	f.ok(err)
	if !ok {
		f.Fatalf("the job is not there")
	}
	f.same("the job", found, job)
	step := f.step(job.ID, 2)
	if len(step.Tasks) != 2 || step.Tasks[0].Status != task.Pending || step.Job.Redriven != 2 || step.Job.State != deadletter.Running {
		f.Errorf("step %+v", step)
	}
	ended := f.finish(job.ID)
	if ended.State != deadletter.Ended || ended.Redriven != 5 || ended.Skipped != 0 {
		f.Errorf("at the end %+v", ended)
	}
	running, err := f.store.RunningRedrives(f.ctx)
	f.ok(err)
	for _, id := range running {
		if id == job.ID {
			f.Errorf("the job still counts as running")
		}
	}
	f.same("another error", f.get(other.ID), other)
	f.same("what waits", f.get(waiting.ID), waiting)
	f.wantTrail(job.ID, event.RecoveryRedriveStarted, event.RecoveryRedriveEnded)
	f.same("a step after the end", len(f.step(job.ID, 2).Tasks), 0)
	f.wantTrail(job.ID, event.RecoveryRedriveStarted, event.RecoveryRedriveEnded)
}

func redriveTwoLeaders(f *fixture) {
	const n = 40
	var ids []uuid.UUID
	for range n {
		ids = append(ids, f.dead(fault.NetworkError).ID)
	}
	job := f.job(fast, "")
	var leaders sync.WaitGroup
	for range 2 {
		leaders.Go(func() {
			for state := deadletter.Running; state == deadletter.Running; {
				step, err := f.tryStep(job.ID, 3)
				if err != nil {
					f.Errorf("step: %v", err)
					return
				}
				state = step.Job.State
			}
		})
	}
	leaders.Wait()
	for _, id := range ids {
		if t := f.get(id); t.Status != task.Pending || t.RedriveCount != 1 {
			f.Errorf("task %s: %s, redriven %d times", id, t.Status, t.RedriveCount)
		}
		f.wantTrail(id, event.TaskCreated, event.TaskDeadLettered, event.TaskRedriven)
	}
	if done := f.finish(job.ID); done.Redriven != n {
		f.Errorf("%d redriven, want %d", done.Redriven, n)
	}
}

func redriveNotAgain(f *fixture) {
	first, second := f.dead(fault.NetworkError), f.pending()
	job := f.job(fast, "")
	f.kill(second, fault.NetworkError) // after the job was made
	step := f.step(job.ID, 1)
	f.same("the first step", idsOf(step.Tasks), []uuid.UUID{first.ID})
	f.kill(f.get(first.ID), fault.NetworkError)
	if done := f.finish(job.ID); done.Redriven != 1 {
		f.Errorf("%d redriven, want 1", done.Redriven)
	}
	if t := f.get(first.ID); t.RedriveCount != 1 || t.Status != task.DeadLetter {
		f.Errorf("%s, redriven %d times", t.Status, t.RedriveCount)
	}
}

func redriveSkips(f *fixture) {
	keyed := func(t *task.Task) { t.UniqueKey = "one" }
	first, second := f.dead(fault.NetworkError, keyed), f.dead(fault.NetworkError, keyed)
	free := f.dead(fault.NetworkError)
	job := f.job(fast, "")
	done := f.finish(job.ID)
	if done.Redriven != 2 || done.Skipped != 1 {
		f.Errorf("redriven %d, skipped %d", done.Redriven, done.Skipped)
	}
	for id, want := range map[uuid.UUID]task.Status{first.ID: task.Pending, second.ID: task.DeadLetter, free.ID: task.Pending} {
		if t := f.get(id); t.Status != want {
			f.Errorf("%s, want %s", t.Status, want)
		}
	}
}

func redrivePaced(f *fixture) {
	for range 3 {
		f.dead(fault.NetworkError)
	}
	job := f.job(1, "")
	step := f.step(job.ID, 10)
	if len(step.Tasks) != 1 || step.Wait <= 0 || step.Wait > time.Second {
		f.Errorf("%d redriven, wait %s", len(step.Tasks), step.Wait)
	}
	if step = f.step(job.ID, 10); len(step.Tasks) != 0 || step.Wait <= 0 || step.Job.State != deadletter.Running {
		f.Errorf("too early: %d redriven, wait %s, %s", len(step.Tasks), step.Wait, step.Job.State)
	}
}

func redriveStops(f *fixture) {
	t := f.dead(fault.NetworkError)
	job := f.job(fast, "")
	for range 2 {
		stopped, found, err := f.store.StopRedrive(f.ctx, job.ID, jobEvent(event.RecoveryRedriveStopped))
		f.ok(err)
		if !found || stopped.State != deadletter.Stopped {
			f.Errorf("found %v, %s", found, stopped.State)
		}
	}
	if step := f.step(job.ID, 10); len(step.Tasks) != 0 || step.Job.State != deadletter.Stopped {
		f.Errorf("%d redriven, %s", len(step.Tasks), step.Job.State)
	}
	f.same("the dead letter", f.get(t.ID), t)
	f.wantTrail(job.ID, event.RecoveryRedriveStarted, event.RecoveryRedriveStopped)
	f.ok(f.store.ForgetRedrives(f.ctx, time.Hour))
	if _, found, err := f.store.RedriveJob(f.ctx, job.ID); err != nil || !found {
		f.Errorf("forgotten too early: found %v, %v", found, err)
	}
}

func redriveBounded(f *fixture) {
	f.job(fast, "")
	_, ok, err := f.store.CreateRedrive(f.ctx, deadletter.Job{ID: task.NewID(), PerSecond: 1}, 1, jobEvent(event.RecoveryRedriveStarted))
	f.ok(err)
	if ok {
		f.Errorf("one job too many")
	}
}

func redriveUnknown(f *fixture) {
	id := task.NewID()
	_, found, err := f.store.RedriveJob(f.ctx, id)
	f.ok(err)
	_, stopped, err := f.store.StopRedrive(f.ctx, id, jobEvent(event.RecoveryRedriveStopped))
	f.ok(err)
	if step := f.step(id, 1); found || stopped || step.Job.State != deadletter.Stopped {
		f.Errorf("found %v, stopped %v, step %+v", found, stopped, step)
	}
}
