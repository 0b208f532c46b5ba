package dispatch

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/core/event"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/sdk/fault"
)

func TestConcurrencyIsNeverExceededAndAlwaysUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(10, nil)
		_, stop := w.start(t, nil) // 4 at a time
		for _, want := range []int{4, 4, 2} {
			if n := w.count(); n != want {
				t.Fatalf("%d inside, want %d", n, want)
			}
			w.answer(pluginhost.Completed)
			synctest.Wait()
		}
		stop()
		for _, id := range ids {
			if got := w.task(id); got.Status != task.Completed {
				t.Errorf("task %s is %s", id, got.Status)
			}
		}
	})
}

func TestNothingIsClaimedWithoutALeaseOrAPlugin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.holds = false
		id := w.add(1, nil)[0]
		d, stop := w.start(t, nil)
		after(10 * time.Second)
		w.set(func() { w.holds, w.inactive = true, true })
		after(10 * time.Second)
		if got := w.task(id); got.Status != task.Pending {
			t.Errorf("task is %s", got.Status)
		}
		waiting := w.task(id)
		if reason := d.WaitReason(&waiting); reason != "no_plugin" {
			t.Errorf("wait reason %q", reason)
		}
		w.set(func() { w.inactive = false })
		d.WakeAll()
		synctest.Wait()
		if w.count() != 1 {
			t.Error("not handed over when the plugin became active")
		}
		w.answer(pluginhost.Completed)
		stop()
	})
}

func TestWithoutRedisTheStoreIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(3, nil)
		w.lost = true
		_, stop := w.start(t, nil)
		if w.count() != 3 || len(w.asked) == 0 {
			t.Errorf("%d inside, rebuilds asked for: %v", w.count(), w.asked)
		}
		w.answer(pluginhost.Completed)
		stop()
	})
}

func TestResultsAreKeptWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(2, nil)
		_, stop := w.start(t, nil)
		w.set(func() { w.away = true })
		w.answer(pluginhost.Completed)
		after(5 * time.Second)
		w.set(func() { w.away = false })
		after(time.Second)
		for _, id := range ids {
			if got := w.task(id); got.Status != task.Completed || got.Attempt != 1 {
				t.Errorf("task is %s after %d attempts", got.Status, got.Attempt)
			}
		}
		stop()
	})
}

func TestALateResultIsRefusedAndRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.add(1, nil)[0]
		d, stop := w.start(t, nil)
		d.Fence()
		if len(w.cancelled) != 1 {
			t.Error("the plugin was not told")
		}
		w.set(func() { w.tasks[id].Status, w.tasks[id].Attempt = task.Running, 2 }) // another node's by now
		w.answer(pluginhost.Completed)
		after(time.Second)
		if got := w.task(id); got.Status != task.Running {
			t.Errorf("the late result was taken: %s", got.Status)
		}
		if len(w.events) != 1 || w.events[0].Type != event.RecoveryLateResultRefused {
			t.Errorf("events %+v", w.events)
		}
		stop()
	})
}

func TestCancelOfARunningTask(t *testing.T) {
	for name, c := range map[string]struct {
		kill, abandoned bool
		end             func(w *world)
	}{
		"that ends":            {end: func(w *world) { w.answer(pluginhost.Failed) }},
		"that does not end":    {abandoned: true, end: func(*world) {}},
		"that is to be killed": {kill: true, abandoned: true, end: func(*world) {}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				id := w.add(1, nil)[0]
				d, stop := w.start(t, func(s *tasktype.Settings) { s.KillOnCancel = c.kill })
				w.set(func() { w.tasks[id].CancelRequested = true })
				d.LookForCancels(t.Context())
				if len(w.cancelled) != 1 {
					t.Fatal("the plugin was not told")
				}
				c.end(w)
				after(2 * time.Second)
				got := w.task(id)
				var details struct{ Abandoned bool }
				if len(got.Error.Details) > 0 {
					if err := json.Unmarshal(got.Error.Details, &details); err != nil {
						t.Fatal(err)
					}
				}
				if got.Status != task.Cancelled || details.Abandoned != c.abandoned || (len(w.killed) == 1) != c.kill {
					t.Errorf("%s, abandoned %v, killed %v", got.Status, details.Abandoned, w.killed)
				}
				if c.abandoned { // it keeps its place until the plugin lets go of it
					if d.table.size() != 1 {
						t.Error("the place was given away")
					}
					w.answer(pluginhost.Completed)
					synctest.Wait()
				}
				if got := w.task(id); got.Status != task.Cancelled {
					t.Errorf("the plugin's late answer was taken: %s", got.Status)
				}
				stop()
			})
		})
	}
}

func TestACancelThatComesBetweenFailureAndRetryWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.add(1, nil)[0]
		_, stop := w.start(t, nil)
		w.set(func() { w.tasks[id].CancelRequested = true }) // nobody has told this node yet
		w.answer(pluginhost.Failed)
		after(time.Second)
		if got := w.task(id); got.Status != task.Cancelled {
			t.Errorf("task is %s", got.Status)
		}
		stop()
	})
}

func TestAPluginThatIgnoresItsTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.add(1, nil)[0]
		_, stop := w.start(t, func(s *tasktype.Settings) { s.Timeout = 5 * time.Second })
		after(5*time.Second + overrun + 2*watchEvery)
		if len(w.cancelled) != 1 {
			t.Error("the plugin was not told that the time is over")
		}
		after(2 * time.Second)
		if got := w.task(id); got.Status != task.Pending || got.Error.Code != fault.TaskTimeout || got.RetryCount != 1 {
			t.Errorf("task is %+v", got)
		}
		w.answer(pluginhost.Completed)
		stop()
	})
}

func TestWhoWaitsOutsideSpendsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		suspects := w.add(3, func(k *task.Task) { k.CrashCount = 1 })
		d, stop := w.start(t, func(s *tasktype.Settings) { s.Timeout = 5 * time.Second })
		for i, id := range suspects {
			after(4 * time.Second) // together longer than one of them may take
			if len(w.inside) != 1 || w.inside[0].ID != id || len(w.cancelled) != 0 {
				t.Fatalf("suspect %d: inside %v, told to end %v", i, w.inside, w.cancelled)
			}
			late := task.Task{Type: "t"}
			if reason := d.WaitReason(&late); reason != "concurrency" {
				t.Errorf("wait reason %q", reason)
			}
			w.answer(pluginhost.Completed)
			synctest.Wait()
		}
		stop()
		for _, id := range suspects {
			if got := w.task(id); got.Status != task.Completed || got.Attempt != 1 {
				t.Errorf("task is %s after %d attempts: %+v", got.Status, got.Attempt, got.Error)
			}
		}
	})
}

func TestTheInnocentDoNotWaitForSuspectsHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(1, func(k *task.Task) { k.CrashCount = 1 })
		innocent := w.add(1, nil)[0]
		d, stop := w.start(t, nil)
		after(patience + 2*watchEvery)
		if got := w.task(innocent); got.Status != task.Pending || got.RetryCount != 0 {
			t.Errorf("the innocent task is not free for other nodes: %+v", got)
		}
		w.answer(pluginhost.Completed)
		d.Wake("t")
		synctest.Wait()
		w.answer(pluginhost.Completed)
		stop()
		if got := w.task(innocent); got.Status != task.Completed {
			t.Errorf("task is %s", got.Status)
		}
	})
}

// quick lets a type's attempts take a millisecond each, until its pace is known.
func (w *world) quick(rounds int) {
	for range rounds {
		after(time.Millisecond)
		w.answer(pluginhost.Completed)
		synctest.Wait()
	}
}

func TestShortTasksAreClaimedAheadOfTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(200, nil)
		_, stop := w.start(t, nil) // 4 at a time
		w.quick(3)
		claimed := 0
		for _, id := range ids {
			if got := w.task(id); got.Status == task.Running {
				claimed++
			}
		}
		// 4 in 1 ms are 100 within the horizon
		if w.count() != 4 || claimed < 54 || claimed > 104 {
			t.Errorf("%d inside, %d claimed; want 4 inside and a stock of 50 to 100", w.count(), claimed)
		}
		// What is claimed ahead goes back when its turn does not come.
		after(patience + 2*watchEvery)
		for _, id := range ids {
			if got := w.task(id); got.Status == task.Running {
				claimed--
			}
		}
		if left := w.count(); left != 4 || claimed == 0 {
			t.Errorf("%d are still inside", left)
		}
		running := 0
		for _, id := range ids {
			if got := w.task(id); got.Status == task.Running {
				running++
			} else if got.RetryCount != 0 {
				t.Error("a retry was spent")
			}
		}
		if running != 4 {
			t.Errorf("%d are claimed after the stall, want the 4 inside", running)
		}
		stop()
	})
}

func TestClaimsDoNotRunAwayFromSettlements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.add(3*unsettledMost, nil)
		_, stop := w.start(t, nil)
		hold := make(chan struct{})
		w.set(func() { w.slow = hold })
		for range 3 * unsettledMost {
			if w.count() == 0 {
				break
			}
			w.quick(1)
		}
		running := 0
		w.mu.Lock()
		for _, k := range w.tasks {
			if k.Status == task.Running {
				running++
			}
		}
		w.mu.Unlock()
		if running < unsettledMost || running > unsettledMost+aheadMost+claimMost {
			t.Errorf("%d claimed while no settlement ends, want about %d", running, unsettledMost)
		}
		w.set(func() { w.slow = nil })
		close(hold)
		synctest.Wait()
		if w.count() == 0 {
			t.Error("no task runs after the settlements were written")
		}
		w.quick(2 * unsettledMost)
		stop()
		for id := range w.tasks {
			if got := w.task(id); got.Status != task.Completed {
				t.Errorf("task is %s", got.Status)
			}
		}
	})
}

func TestStopGivesBackWhatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(3, nil)
		_, stop := w.start(t, nil)
		began := time.Now()
		stop()
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("the stop took %v, more than the grace", took)
		}
		for _, id := range ids {
			if got := w.task(id); got.Status != task.Pending || got.RetryCount != 0 || got.CrashCount != 0 {
				t.Errorf("task is %+v", got)
			}
		}
		for _, e := range w.events {
			if e.Type != event.TaskReleased {
				t.Errorf("event %s", e.Type)
			}
		}
	})
}

func TestStopWaitsForWhatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.add(1, nil)[0]
		_, stop := w.start(t, nil)
		go func() {
			time.Sleep(3 * time.Second)
			w.answer(pluginhost.Completed)
		}()
		stop()
		if got := w.task(id); got.Status != task.Completed {
			t.Errorf("task is %s", got.Status)
		}
	})
}

func TestCrashesSendSuspectsAloneAndSpareTheInnocent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ids := w.add(3, nil)
		poison := ids[1]
		d, stop := w.start(t, nil)
		for range 20 {
			if w.count() == 0 {
				break
			}
			w.mu.Lock()
			crash := false
			for _, a := range w.inside {
				crash = crash || a.ID == poison
			}
			w.mu.Unlock()
			if crash {
				w.answer(pluginhost.Crashed)
			} else {
				w.answer(pluginhost.Completed)
			}
			synctest.Wait()
			d.Wake("t")
			synctest.Wait()
		}
		for _, id := range ids {
			got, want := w.task(id), task.Completed
			if id == poison {
				want = task.DeadLetter
			}
			if got.Status != want {
				t.Errorf("task is %s after %d crashes, want %s", got.Status, got.CrashCount, want)
			}
			if id != poison && got.CrashCount != 1 {
				t.Errorf("an innocent task has %d crashes, want 1", got.CrashCount)
			}
		}
		stop()
	})
}
