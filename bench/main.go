package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// options are the flags.
type options struct {
	counts    counts
	rounds    int
	scenarios string
	systems   string
	headrace  string
	out, name string
}

func parseOptions(args []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.counts.drain, "drain", 20_000, "tasks of a drain")
	flags.IntVar(&o.counts.together, "together", 20_000, "tasks submitted while a worker runs")
	flags.IntVar(&o.counts.idle, "idle", 100, "tasks submitted one by one to an idle worker")
	flags.IntVar(&o.counts.backlog, "backlog", 1_000_000, "tasks that wait behind those of a drain, in the scenario backlog")
	flags.IntVar(&o.rounds, "rounds", 3, "runs of each system")
	flags.StringVar(&o.scenarios, "scenarios", "drain,together,idle", "what to measure: also backlog")
	flags.StringVar(&o.systems, "systems", "Headrace,asynq,River", "whom to measure")
	flags.StringVar(&o.headrace, "headrace", "../bin/headrace", "the binary to measure")
	flags.StringVar(&o.out, "out", "results", "folder for the raw data and README.md, the summary")
	flags.StringVar(&o.name, "name", "run", "part of the name of the raw data's file")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if min(o.rounds, o.counts.drain, o.counts.together, o.counts.idle, o.counts.backlog) < 1 {
		return o, errors.New("every count must be at least 1")
	}
	return o, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, progress io.Writer) (err error) {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	s, err := openServices(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	dir, err := os.MkdirTemp("", "headrace-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs, err := build(ctx, o, dir)
	if err != nil {
		return err
	}
	list, err := chosen(scenarios(programs, o.counts), o.scenarios, o.systems)
	if err != nil {
		return err
	}
	on, err := describeMachine(ctx, s, revision(ctx))
	if err != nil {
		return err
	}
	return runAll(ctx, o, &bench{services: s}, on, list, stdout, progress)
}

// build makes the plugin that is measured with, and finds the engine.
func build(ctx context.Context, o options, dir string) (binaries, error) {
	headrace, err := filepath.Abs(o.headrace)
	if err != nil {
		return binaries{}, err
	}
	if _, err := os.Stat(headrace); err != nil {
		return binaries{}, fmt.Errorf("the engine to measure: %w; run `make build`", err)
	}
	b := binaries{headrace: headrace, stamp: filepath.Join(dir, "stamp")}
	out, err := exec.CommandContext(ctx, "go", "build", "-o", b.stamp, "./stamp").CombinedOutput()
	if err != nil {
		return b, fmt.Errorf("build the plugin: %w: %s", err, out)
	}
	return b, nil
}

// revision names the commit that is checked out; empty where there is none to ask.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// chosen selects scenarios and systems by their names.
func chosen(all []scenario, names, systems string) ([]scenario, error) {
	wanted := strings.Split(systems, ",")
	var list []scenario
	for name := range strings.SplitSeq(names, ",") {
		at := slices.IndexFunc(all, func(s scenario) bool { return s.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no scenario %q", name)
		}
		s := all[at]
		s.contenders = slices.DeleteFunc(slices.Clone(s.contenders), func(c contender) bool {
			return !slices.Contains(wanted, c.System)
		})
		if len(s.contenders) == 0 {
			return nil, fmt.Errorf("there is no system %q", systems)
		}
		list = append(list, s)
	}
	return list, nil
}

// runAll measures, and writes the raw data as it comes and the summary at the end.
func runAll(ctx context.Context, o options, b *bench, on machine, list []scenario, stdout, progress io.Writer) (err error) {
	if err := os.MkdirAll(o.out, 0o755); err != nil { //nolint:gosec // G301: results are for everybody
		return err
	}
	raw := on.When.Format("2006-01-02") + "-" + o.name + ".jsonl"
	file, err := os.Create(filepath.Join(o.out, raw))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines := json.NewEncoder(file)
	if err := lines.Encode(map[string]machine{"machine": on}); err != nil {
		return err
	}
	var all []measurement
	for round := range o.rounds {
		for i := range list {
			runs, err := b.round(ctx, &list[i], round, progress)
			if err != nil {
				return err
			}
			for _, m := range runs {
				if err := lines.Encode(m); err != nil {
					return err
				}
			}
			all = append(all, runs...)
		}
	}
	text := summary(on, list, all, o.rounds, raw)
	if _, err := io.WriteString(stdout, text); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.out, "README.md"), []byte(text), 0o644) //nolint:gosec // G306: results are for everybody
}

// round measures each contender once; who begins changes with the round.
func (b *bench) round(ctx context.Context, s *scenario, round int, progress io.Writer) ([]measurement, error) {
	var runs []measurement
	for i := range s.contenders {
		c := s.contenders[(i+round)%len(s.contenders)]
		m, err := b.measureOne(ctx, s, c, round)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", s.name, c, err)
		}
		fmt.Fprintf(progress, "round %d, %s, %s: %.2f s\n", round+1, s.name, c, m.Seconds)
		runs = append(runs, m)
	}
	return runs, nil
}
