package config

import (
	"encoding/json"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// What becomes of fire times that nobody was there for.
const (
	MisfireSkip = "skip"
	MisfireOnce = "once"
	MisfireAll  = "all"
)

// What a fire time does while the task before it lives.
const (
	OverlapAllow = "allow"
	OverlapSkip  = "skip"
)

// Schedule is one `schedule` block: a task for each time of a cron expression.
type Schedule struct {
	Name string `json:"name"`
	// Cron is the expression, TimeZone the zone it goes by.
	Cron     string `json:"cron"`
	TimeZone string `json:"time_zone"`
	// Task is the type of the tasks, Payload a JSON object.
	Task    string          `json:"task"`
	Payload json.RawMessage `json:"payload"`
	// Priority is LOW, MEDIUM, HIGH or CRITICAL.
	Priority string `json:"priority"`
	// Misfire is MisfireSkip, MisfireOnce or MisfireAll.
	Misfire string `json:"misfire"`
	// Overlap is OverlapAllow or OverlapSkip.
	Overlap string `json:"overlap"`
	Place   Place  `json:"-"`
}

func (l *loader) readSchedules(blocks []*hclsyntax.Block) {
	for _, block := range l.unique(blocks) {
		if l.named(block) {
			l.cfg.Schedules = append(l.cfg.Schedules, l.readSchedule(block))
		}
	}
}

func (l *loader) readSchedule(from *hclsyntax.Block) Schedule {
	s := Schedule{
		Name: from.Labels[0], TimeZone: "UTC", Payload: json.RawMessage("{}"), Priority: "MEDIUM",
		Misfire: MisfireOnce, Overlap: OverlapAllow,
	}
	b := l.open(from.Body, from.DefRange(), "schedule", "schedules/"+s.Name)
	b.require("cron", "it says when")
	if b.text("cron", &s.Cron, notEmpty) {
		l.checkCron(b, s.Cron)
	}
	b.text("time_zone", &s.TimeZone, zoneName)
	b.require("task", "it says what to run")
	known := b.text("task", &s.Task)
	if known {
		known = l.checkScheduled(b, s.Task)
	}
	b.choice("priority", &s.Priority, "LOW", "MEDIUM", "HIGH", "CRITICAL")
	b.choice("misfire", &s.Misfire, MisfireSkip, MisfireOnce, MisfireAll)
	b.choice("overlap", &s.Overlap, OverlapAllow, OverlapSkip)
	if at, set := l.readPayload(b, &s.Payload); set && known {
		l.checkPayload(b, &s, at)
	}
	b.close()
	s.Place = b.place
	return s
}

// checkCron asks who knows cron expressions, where somebody does.
func (l *loader) checkCron(b *block, text string) {
	if l.opts.CheckCron == nil {
		return
	}
	if err := l.opts.CheckCron(text); err != nil {
		b.errorf(b.place.Of("cron"), "Invalid cron expression", "%s", err)
	}
}

// zoneName takes names of the tz database. "Local" would mean something else on
// each machine.
func zoneName(text string) string {
	if text != "" && text != "Local" {
		if _, err := time.LoadLocation(text); err == nil {
			return ""
		}
	}
	return "the name of a time zone, such as Europe/Berlin"
}

// checkScheduled tells whether a task block has the type.
func (l *loader) checkScheduled(b *block, name string) bool {
	var names []string
	for i := range l.cfg.Tasks {
		if l.cfg.Tasks[i].Name == name {
			return true
		}
		names = append(names, l.cfg.Tasks[i].Name)
	}
	b.errorf(b.place.Of("task"), "Unknown task type", "there is no task %q; %s", name, suggest(name, names))
	return false
}

// readPayload reads any object as JSON.
func (l *loader) readPayload(b *block, target *json.RawMessage) (at hcl.Range, set bool) {
	s, given := b.get("payload")
	if !given {
		return hcl.Range{}, false
	}
	if ty := s.value.Type(); !ty.IsObjectType() && !ty.IsMapType() {
		b.wrongType(s, "an object")
		return s.at, false
	}
	text, err := ctyjson.Marshal(s.value, s.value.Type())
	if err != nil {
		b.errorf(s.at, "Invalid value", `"payload" cannot be written as JSON`)
		return s.at, false
	}
	*target = text
	return s.at, true
}

// checkPayload holds a payload against the limit of its type.
func (l *loader) checkPayload(b *block, s *Schedule, at hcl.Range) {
	for i := range l.cfg.Tasks {
		if t := &l.cfg.Tasks[i]; t.Name == s.Task && len(s.Payload) > t.MaxPayload {
			b.errorf(at, "Value out of range", `"payload" has %d bytes; the task %q takes at most %d`,
				len(s.Payload), t.Name, t.MaxPayload)
		}
	}
}
