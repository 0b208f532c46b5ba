package app

import (
	"encoding/json"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/schedule"
	"github.com/headrace/headrace/core/task"
)

// wireSchedules makes what turns fire times into tasks. They come in as any other
// submission does.
func (a *App) wireSchedules(in *intake.Intake) (*schedule.Runner, error) {
	var settings []schedule.Settings
	for i := range a.opts.Config.Schedules {
		s, err := scheduleOf(&a.opts.Config.Schedules[i])
		if err != nil {
			return nil, err
		}
		settings = append(settings, s)
	}
	runner, err := schedule.New(schedule.Config{
		Schedules: settings, Store: a.store, Offers: a.pusher, Leads: a.leader.Leads, Logger: a.log.Named("schedule"),
		Prepare: func(s schedule.Settings, by string) (task.Task, error) { return scheduledTask(in, s, by) },
	})
	if err != nil {
		return nil, err
	}
	a.background = append(a.background, loop{"schedules", runner.Run})
	return runner, nil
}

// scheduledTask makes the task of a schedule; which one stands in its metadata.
func scheduledTask(in *intake.Intake, s schedule.Settings, by string) (task.Task, error) {
	metadata, err := json.Marshal(map[string]string{"schedule": s.Name})
	if err != nil {
		return task.Task{}, err
	}
	t, f := in.Prepare(intake.Item{
		Type: s.TaskType, Payload: s.Payload, Priority: &s.Priority, Metadata: metadata,
	}, intake.Origin{Principal: by})
	if f != nil {
		return task.Task{}, f
	}
	return t, nil
}

func scheduleOf(s *config.Schedule) (schedule.Settings, error) {
	priority, err := task.ParsePriority(s.Priority)
	return schedule.Settings{
		Name: s.Name, Cron: s.Cron, TimeZone: s.TimeZone, TaskType: s.Task, Payload: s.Payload, Priority: priority,
		Misfire: schedule.Misfire(s.Misfire), NoOverlap: s.Overlap == config.OverlapSkip,
	}, err
}
