package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Options are what Load needs besides the files. The zero value works.
type Options struct {
	// Vars are the values of -var NAME=VALUE.
	Vars map[string]string
	// LookupEnv reads the environment; nil: os.LookupEnv.
	LookupEnv func(name string) (value string, set bool)
	// Builtins are the plugins inside the engine's own binary; nil:
	// DefaultBuiltins.
	Builtins []string
	// Schemas describes plugins; nil: what only a plugin can tell (its task
	// types, what its config block may hold) is not checked.
	Schemas Schemas
	// CheckCron says what is wrong with a cron expression; nil: it is not checked.
	CheckCron func(text string) error
	// Complete demands the blocks that `server` cannot do without: storage and
	// redis.
	Complete bool
}

// Load reads a file, or every *.hcl in a folder. With diagnostics there is no
// configuration.
func Load(path string, opts Options) (*Config, Diagnostics) {
	report := &report{origin: newOrigin()}
	whole := hcl.Range{Filename: path}
	files, folder, err := listFiles(path)
	if err != nil {
		report.addf(whole, "Cannot read the configuration", "%s", err)
		return nil, report.finish()
	}
	var bodies []*hclsyntax.Body
	for _, file := range files {
		source, err := readFile(file)
		if err != nil {
			report.addf(hcl.Range{Filename: file}, "Cannot read the configuration", "%s", err)
			continue
		}
		bodies = append(bodies, report.parseSource(file, source))
	}
	return newLoader(report, folder, whole, opts).load(bodies)
}

// LoadSource reads one file's text; relative paths start at folder.
func LoadSource(name string, source []byte, folder string, opts Options) (*Config, Diagnostics) {
	report := &report{origin: newOrigin()}
	body := report.parseSource(name, source)
	return newLoader(report, folder, hcl.Range{Filename: name}, opts).load([]*hclsyntax.Body{body})
}

// loader is the state of one load.
type loader struct {
	opts   Options
	report *report
	scope  *scope
	cfg    *Config
	// folder is where relative paths start.
	folder string
	// whole is the place of what is missing altogether.
	whole hcl.Range
	// described caches what the plugins said.
	described map[string]*Description
}

func newLoader(report *report, folder string, whole hcl.Range, opts Options) *loader {
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	if opts.Builtins == nil {
		opts.Builtins = DefaultBuiltins()
	}
	cfg := Default()
	cfg.Server.PluginDir = filepath.Join(folder, cfg.Server.PluginDir)
	cfg.origin = report.origin
	return &loader{
		opts:   opts,
		report: report,
		scope: &scope{
			report: report,
			fns:    functions(folder, opts.LookupEnv, report.origin.secrets),
			vars:   map[string]cty.Value{},
			locals: map[string]*local{},
		},
		cfg:       cfg,
		folder:    folder,
		whole:     whole,
		described: map[string]*Description{},
	}
}

// load decodes the files' bodies, unless one of them is broken: what it would
// have said is missing then, and every reference to it a false alarm.
func (l *loader) load(bodies []*hclsyntax.Body) (*Config, Diagnostics) {
	if !l.report.failed() {
		l.decode(l.sortBlocks(bodies))
	}
	if l.report.failed() {
		return nil, l.report.finish()
	}
	l.report.origin.secrets.ordered() // from now on it is only read, by any goroutine
	return l.cfg, nil
}

func (l *loader) decode(blocks map[string][]*hclsyntax.Block) {
	l.readVariables(blocks["variable"])
	for _, block := range blocks["locals"] {
		l.scope.addLocals(block.Body)
	}
	l.scope.solveLocals()
	l.readServer(l.single(blocks["server"]))
	l.readStorage(l.single(blocks["storage"]))
	l.readRedis(l.single(blocks["redis"]))
	l.readLimits(l.single(blocks["limits"]))
	l.readAudit(l.single(blocks["audit"]))
	l.readDeadLetter(l.single(blocks["dead_letter"]))
	l.readArchive(l.single(blocks["archive"]))
	l.readPlugins(blocks["plugin"])
	l.readTasks(blocks["task"])
	l.readSchedules(blocks["schedule"])
	if l.opts.Complete {
		l.requireComplete()
	}
}

// topBlocks says which blocks there are and how many labels they take.
func topBlocks() map[string]int {
	return map[string]int{
		"variable": 1, "locals": 0, "server": 0, "storage": 1, "redis": 0,
		"plugin": 1, "task": 1, "schedule": 1, "limits": 0, "audit": 0, "dead_letter": 0, "archive": 1,
	}
}

// sortBlocks groups the blocks of all files by type and reports what does not
// belong at the top of a file.
func (l *loader) sortBlocks(bodies []*hclsyntax.Body) map[string][]*hclsyntax.Block {
	known, byType := topBlocks(), map[string][]*hclsyntax.Block{}
	for _, body := range bodies {
		for name, attr := range body.Attributes {
			l.report.addf(attr.NameRange, "Unsupported attribute", "%q stands outside of any block", name)
			l.report.origin.hide(attr.Expr.Range())
		}
		for _, block := range body.Blocks {
			if labels, ok := known[block.Type]; !ok {
				l.report.addf(block.DefRange(), "Unsupported block", "there is no block %q; %s",
					block.Type, suggest(block.Type, slices.Collect(maps.Keys(known))))
				l.report.origin.hide(block.Body.Range())
			} else if l.labelled(block, labels) {
				byType[block.Type] = append(byType[block.Type], block)
			}
		}
	}
	return byType
}

func (l *loader) labelled(block *hclsyntax.Block, want int) bool {
	if len(block.Labels) == want {
		return true
	}
	form := block.Type + strings.Repeat(` "NAME"`, want)
	l.report.addf(block.DefRange(), "Wrong number of labels", "it is written: %s {", form)
	l.report.origin.hide(block.Body.Range())
	return false
}

// single returns the one block of a type that may occur once.
func (l *loader) single(blocks []*hclsyntax.Block) *hclsyntax.Block {
	if len(blocks) == 0 {
		return nil
	}
	for _, again := range blocks[1:] {
		l.report.addf(again.DefRange(), "Duplicate block", "there is one %q block already, at %s; only one is allowed",
			again.Type, blocks[0].DefRange())
	}
	return blocks[0]
}

// unique returns the blocks whose label is new.
func (l *loader) unique(blocks []*hclsyntax.Block) []*hclsyntax.Block {
	first := map[string]*hclsyntax.Block{}
	var out []*hclsyntax.Block
	for _, block := range blocks {
		if known, twice := first[block.Labels[0]]; twice {
			l.report.duplicate(block.DefRange(), known.DefRange(), block.Type, block.Labels[0])
			continue
		}
		first[block.Labels[0]] = block
		out = append(out, block)
	}
	return out
}

// duplicate reports the second of two things of one name, and says where the
// first is.
func (r *report) duplicate(second, first hcl.Range, what, name string) {
	r.addf(second, "Duplicate "+what, "%s %q is defined already, at %s", what, name, first)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
