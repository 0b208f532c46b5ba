package archtest

// module is the path of this module; the table leaves it out.
const module = "github.com/headrace/headrace/"

// layers go from the bottom to the top. A package imports what is in lower layers, never its
// neighbours in a layer and never what is above. An entry stands for the package and for those in
// its folder, which may import each other, unless one of those has an entry of its own.
var layers = [][]string{
	{"sdk/fault", "sdk/proto", "migrations", "core/group", "core/outage"},
	{"core/event", "config", "sdk/netguard"},
	{"core/task", "sdk"},
	{"core/redis", "core/node", "core/follow", "core/tasktype", "core/catalog", "core/telemetry"},
	// pluginhost is below dispatch, which hands attempts to it and judges their outcomes.
	{"core/queue", "core/breaker", "core/ratelimit", "core/audit", "core/archive", "core/pluginhost"},
	{
		"core/intake", "core/dispatch", "core/recovery", "core/schedule", "core/deadletter",
		"core/alert", "core/auth", "core/invariant",
	},
	{"core/store/postgres", "core/store/sqlite", "core/api", "core/console"},
	{"core/app", "sdk/client", "plugins"},
	{"cmd"},
}

// only narrows what an entry may import from this module, whatever the layers say.
var only = map[string][]string{
	"config":       {"sdk/fault"}, // knows no core
	"migrations":   {},
	"sdk":          {"sdk/fault", "sdk/proto", "sdk/netguard"}, // plugin authors get no engine
	"sdk/fault":    {},
	"sdk/proto":    {},
	"sdk/netguard": {"sdk/fault"},
	"sdk/client":   {"sdk/fault"},
	"plugins":      {"sdk", "sdk/fault", "sdk/netguard"},
	"core/event":   {"sdk/fault"},
}

// apart are folders whose packages must not import each other although they share an entry.
var apart = []string{"plugins"}

// kits are packages for tests, besides those whose name ends in "test". Tests and other kits import
// them, nothing else does; they import what they like, within the rule for sdk below.
var kits = []string{"core/testenv", "core/archtest"}

// authorKits are kits that plugin authors import: they see sdk only.
var authorKits = map[string][]string{
	"sdk/plugintest": {"sdk", "sdk/fault", "sdk/proto", "sdk/netguard"},
}

// sdkLibraries are what packages of sdk may import besides the standard library: the modules of
// these and of what these import, since all of that is in every plugin anyway. sdk/client is not
// bound by this.
var sdkLibraries = []string{
	"google.golang.org/grpc",
	"google.golang.org/protobuf/proto",
	"github.com/hashicorp/go-plugin",
	"github.com/hashicorp/go-hclog",
	"github.com/google/jsonschema-go/jsonschema",
}

// testLibraries never end up in a program. go-cmp is not here, since hcl's own hclwrite brings it
// along; the linter's depguard keeps it out of our packages. The standard package testing is not here, since
// go-plugin imports it; that no package of ours does is checked by itself.
var testLibraries = []string{
	"github.com/rogpeppe/go-internal",
	"github.com/stretchr/testify",
	"go.uber.org/goleak",
	"pgregory.net/rapid",
	module + "core/testenv",
}
