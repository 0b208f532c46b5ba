package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// measure is one column of a table.
type measure struct {
	head   string
	format string
	// better is 1 when more is better, -1 when less is.
	better int
	of     func(m measurement) float64
}

// Columns of the tables.
var (
	taskRate   = func(m measurement) float64 { return float64(m.Tasks) / m.Seconds }
	acceptRate = func(m measurement) float64 { return float64(m.Tasks) / m.AcceptedSeconds }
	cpuCost    = func(m measurement) float64 { return 1000 * m.CPU.parts() / float64(m.Tasks) }
)

// measuresOf returns the columns of a scenario.
func measuresOf(scenario string) []measure {
	settled := measure{"tasks/s settled", "%.0f", 1, taskRate}
	cost := measure{"CPU s per 1,000", "%.3f", -1, cpuCost}
	switch scenario {
	case "idle":
		return []measure{
			{"p50 ms", "%.1f", -1, func(m measurement) float64 { return quantile(slices.Sorted(slices.Values(m.PickUpMS)), 0.5) }},
			{"p99 ms", "%.1f", -1, func(m measurement) float64 { return quantile(slices.Sorted(slices.Values(m.PickUpMS)), 0.99) }},
		}
	case "backlog":
		figure := func(name string) func(measurement) float64 {
			return func(m measurement) float64 { return m.Figures[name] }
		}
		return []measure{
			settled, cost,
			{"ms a claim", "%.2f", -1, func(m measurement) float64 { return 1000 * m.Figures[claimTime] }},
			{"ms a page of 100, p50", "%.1f", -1, figure(pageP50)},
			{"the same, p99", "%.1f", -1, figure(pageP99)},
			{"ids in Redis", "%.0f", -1, figure(redisIDs)},
		}
	case "together":
		return []measure{{"tasks/s accepted", "%.0f", 1, acceptRate}, settled, cost}
	}
	return []measure{settled, cost}
}

// table renders one scenario in Markdown: a row for each system, with what Headrace is beside it.
func table(s *scenario, all []measurement) string {
	var text strings.Builder
	columns := measuresOf(s.name)
	fmt.Fprintf(&text, "### %s, %d tasks\n\n| system |", s.title, s.tasks)
	for _, c := range columns {
		fmt.Fprintf(&text, " %s | Headrace is |", c.head)
	}
	text.WriteString("\n| --- |" + strings.Repeat(" ---: | --- |", len(columns)) + "\n")
	ours := of(all, s.name, s.contenders[0]) // whoever comes first, when Headrace was left out
	for i, who := range s.contenders {
		runs := of(all, s.name, who)
		if len(runs) == 0 || len(ours) == 0 {
			continue
		}
		fmt.Fprintf(&text, "| %s |", who)
		for _, c := range columns {
			verdict := ""
			if i > 0 {
				verdict = advantage(ratio(c, ours, runs))
			}
			fmt.Fprintf(&text, " %s | %s |", show(c, runs), verdict)
		}
		text.WriteString("\n")
	}
	return text.String()
}

// of selects the runs of one contender.
func of(all []measurement, scenario string, who contender) (runs []measurement) {
	for _, m := range all {
		if m.Scenario == scenario && m.System == who.System && m.Setting == who.Setting {
			runs = append(runs, m)
		}
	}
	return runs
}

func values(c measure, runs []measurement) spread {
	list := make([]float64, len(runs))
	for i, m := range runs {
		list[i] = c.of(m)
	}
	return spreadOf(list)
}

// show writes median (least..most).
func show(c measure, runs []measurement) string {
	v := values(c, runs)
	return fmt.Sprintf(c.format+" ("+c.format+".."+c.format+")", v.median, v.least, v.most)
}

// ratio is above 1 where ours is better than theirs.
func ratio(c measure, ours, theirs []measurement) float64 {
	r := values(c, ours).median / values(c, theirs).median
	if c.better < 0 {
		return 1 / r
	}
	return r
}

// shares says where the CPU of Headrace goes, and what its groups were, in one paragraph.
func shares(s *scenario, all []measurement) string {
	ours := of(all, s.name, s.contenders[0])
	if len(ours) == 0 {
		return ""
	}
	median := func(what func(measurement) float64) float64 {
		return values(measure{of: what}, ours).median
	}
	perThousand := func(part func(usage) float64) float64 {
		return median(func(m measurement) float64 { return 1000 * part(m.CPU) / float64(m.Tasks) })
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Of Headrace's CPU seconds per 1,000 tasks the engine with its plugins took %.3f, PostgreSQL %.3f, Redis %.3f, the client %.3f.",
		perThousand(func(u usage) float64 { return u.Engine }), perThousand(func(u usage) float64 { return u.Postgres }),
		perThousand(func(u usage) float64 { return u.Redis }), perThousand(func(u usage) float64 { return u.Bench }))
	for _, name := range slices.Sorted(maps.Keys(ours[0].Figures)) {
		if name == claimTime || name == redisIDs {
			continue
		}
		fmt.Fprintf(&text, " %s, mean: %.0f.", name, median(func(m measurement) float64 { return m.Figures[name] }))
	}
	if start := median(func(m measurement) float64 { return m.StartCPU }); start > 0 {
		fmt.Fprintf(&text, " Starting a node took %.2f CPU seconds, which are not in here.", start)
	}
	fmt.Fprintf(&text, " Other programs kept %.2f cores busy (all systems, median; %.2f at most).\n", others(s.name, all).median, others(s.name, all).most)
	return text.String()
}

// others is how busy the machine was with something else.
func others(scenario string, all []measurement) spread {
	var cores []float64
	for _, m := range all {
		if m.Scenario == scenario {
			cores = append(cores, m.OtherCores)
		}
	}
	return spreadOf(cores)
}

// summary renders everything in Markdown.
func summary(on machine, list []scenario, all []measurement, rounds int, raw string) string {
	var text strings.Builder
	text.WriteString("# Headrace beside its peers\n\nWritten by `make bench`. Ratios are what counts; figures are this machine's. Below 1.3 times it says level.\n\n")
	fmt.Fprintf(&text, "%s: %d cores of %s, Linux %s, %s, PostgreSQL %s (fsync %s), Redis %s (append-only file, %s)",
		on.When.Format("2006-01-02"), on.Cores, on.CPU, on.Kernel, on.Go, on.Postgres, on.PostgresFsync, on.Redis, on.RedisPersistence)
	if on.Revision != "" {
		fmt.Fprintf(&text, ", Headrace at %s", on.Revision)
	}
	for _, path := range slices.Sorted(maps.Keys(on.Modules)) {
		fmt.Fprintf(&text, ", %s %s", path, on.Modules[path])
	}
	fmt.Fprintf(&text, ".\n\nMedian (least..most) of %d rounds, one system after the other in each; raw data: `%s`. CPU is of all processes that took part. "+
		"Headrace runs its handler in a plugin process, is spoken to over HTTP, and has committed a task and its audit event to PostgreSQL when it answers; "+
		"the start of the node is left out. The handlers of the peers run in the process of their clients; asynq keeps tasks in Redis and forgets the ended.\n", rounds, raw)
	for i := range list {
		text.WriteString("\n" + table(&list[i], all) + "\n" + shares(&list[i], all))
	}
	return text.String()
}
