package app

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/api/strictjson"
	"github.com/headrace/headrace/core/audit"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/breaker"
	"github.com/headrace/headrace/core/catalog"
	"github.com/headrace/headrace/core/dispatch"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/node"
	"github.com/headrace/headrace/core/pluginhost"
	"github.com/headrace/headrace/core/queue"
	"github.com/headrace/headrace/core/recovery"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/core/tasktype"
	"github.com/headrace/headrace/core/telemetry"
)

// Options of a node. Config, Programs, Guard, Version and Logger are required.
type Options struct {
	Config *config.Config
	// Programs finds the plugins.
	Programs *catalog.Catalog
	// Guard is the command line of the guard process, program first, absolute.
	Guard   []string
	Version string
	// Token is one more credential with the rights of an admin; empty: none.
	Token  string
	Logger hclog.Logger
}

// App is one node.
type App struct {
	opts Options
	log  hclog.Logger
	// registry of the metrics.
	registry *prometheus.Registry

	store      Store
	redis      *redis.Client
	stopRedis  func() error
	stateDir   *stateDir
	types      *tasktype.Registry
	queue      *queue.Queue
	filler     *recovery.Filler
	pusher     *queue.Pusher
	host       *pluginhost.Host
	dispatcher *dispatch.Dispatcher
	pauses     *tasktype.Pauses
	breakers   *breaker.Breakers
	keeper     *node.Keeper
	leader     *node.Leader
	dead       deadLetters
	health     *health
	// away are the parts outside of this process that the log is quiet about.
	away     outages
	server   *http.Server
	listener net.Listener

	// background are the loops that work from the first to the last moment.
	background []loop
}

// loop is one part that works until its context ends.
type loop struct {
	name string
	run  func(ctx context.Context) error
}

// New opens what the node needs and wires its parts. What it has opened when
// it fails is closed again.
func New(ctx context.Context, opts Options) (*App, error) {
	if opts.Config == nil || opts.Programs == nil || opts.Version == "" || opts.Logger == nil {
		return nil, errors.New("app: a part of the options is missing")
	}
	away := newOutages(opts.Logger)
	a := &App{
		opts: opts, log: away.logger(opts.Logger), away: away,
		registry: prometheus.NewRegistry(), stopRedis: func() error { return nil },
	}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

// wire makes the parts in the order in which they need each other.
func (a *App) wire(ctx context.Context) error {
	a.registry.MustRegister(telemetry.NewSystem(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, step := range []func(context.Context) error{
		a.open, a.refuseCompany, a.wireQueue, a.wireDispatch, a.wirePauses, a.wireRecovery, a.wireDeadLetters, a.wireAPI,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// open opens what lies outside of this process.
func (a *App) open(ctx context.Context) (err error) {
	cfg := a.opts.Config
	if a.types, err = typesOf(cfg, a.opts.Programs); err != nil { //nolint:contextcheck // a description has its own short limit
		return err
	}
	if a.store, err = OpenStore(ctx, cfg.Storage, cfg.Server.Lease, a.log.Named("store")); err != nil {
		return err
	}
	if a.redis, a.stopRedis, err = openRedis(ctx, cfg.Redis); err != nil {
		a.stopRedis = func() error { return nil }
		return err
	}
	if a.stateDir, err = newStateDir(socketRoot(os.TempDir())); err != nil {
		return err
	}
	a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Server.Listen)
	return err
}

// socketRoot is the folder for temporary files, unless its path is so long that
// the path of a socket below it would pass the kernel's limit of 107 bytes.
func socketRoot(temporary string) string {
	const most = 40
	if len(temporary) > most {
		return "/tmp"
	}
	return temporary
}

// wireQueue makes the queue and what keeps it filled.
func (a *App) wireQueue(context.Context) error {
	ids, err := queue.New(queue.Config{Client: a.redis})
	if err != nil {
		return err
	}
	filler, err := recovery.NewFiller(recovery.FillerConfig{
		Store: a.store, Queue: ids, Types: a.types, Ready: a.wake,
		Logger: a.log.Named("filler"), Registerer: a.registry,
	})
	if err != nil {
		return err
	}
	a.pusher, err = queue.NewPusher(queue.PusherConfig{Queue: ids, Client: a.redis, Ready: a.wake, Lost: filler.Ask})
	if err != nil {
		return err
	}
	a.queue, a.filler = ids, filler
	a.background = append(a.background, loop{"pusher", a.pusher.Run}, loop{"filler", filler.Run})
	return nil
}

// wireDispatch makes the plugins' host, the node's lease and the dispatcher.
func (a *App) wireDispatch(context.Context) error {
	cfg := a.opts.Config
	recorder, err := audit.NewRecorder(audit.Config{Store: a.store, Logger: a.log.Named("audit"), Registerer: a.registry})
	if err != nil {
		return err
	}
	slots, err := slotsOf(cfg, a.opts.Programs)
	if err != nil {
		return err
	}
	if a.host, err = pluginhost.New(pluginhost.Config{
		Slots: slots, StateDir: a.stateDir.path, GuardCommand: a.opts.Guard, Logger: a.log.Named("plugin"),
		Record: func(c pluginhost.Crash) { recorder.Record(crashEvent(&c)) },
		Limits: pluginhost.Limits{
			Drain: a.share(pluginShare), Shutdown: a.share(pluginShare), Terminate: a.share(pluginShare),
		},
	}); err != nil {
		return err
	}
	if a.keeper, err = node.NewKeeper(node.Config{
		Store: a.store, Name: nodeName(cfg.Server.Name), Version: a.opts.Version, ConfigHash: cfg.Hash(),
		Lease: cfg.Server.Lease, Lost: a.fence, Renewed: a.renewed, Logger: a.log.Named("node"),
	}); err != nil {
		return err
	}
	if a.leader, err = node.NewLeader(a.store, a.keeper, a.log.Named("leader")); err != nil {
		return err
	}
	gates, err := a.wireGates(recorder)
	if err != nil {
		return err
	}
	if a.dispatcher, err = dispatch.New(dispatch.Config{
		Store: a.store, Queue: a.queue, Offers: a.pusher, Plugins: a.host, Node: a.keeper, Types: a.types, Gates: gates,
		Lost: a.filler.Ask, Low: a.filler.Ask, Freed: a.tell(redis.Place), Check: func(doc json.RawMessage) error { return strictjson.Check(doc) },
		RecordStarts: cfg.Audit.Level == config.AuditDebug,
		Grace:        a.share(taskShare),
		Logger:       a.log.Named("dispatch"), Registerer: a.registry,
	}); err != nil {
		return err
	}
	a.background = append(a.background, loop{"audit", recorder.Run}, loop{"node", a.keeper.Run},
		loop{"signals", a.listen}, loop{"plugin changes", a.followPlugins})
	return nil
}

// wireRecovery makes the loops that put right what crashes and time leave.
func (a *App) wireRecovery(context.Context) error {
	due, err := recovery.NewDue(recovery.DueConfig{Store: a.store, Offers: a.pusher, Logger: a.log.Named("due")})
	if err != nil {
		return err
	}
	deadlines, err := recovery.NewDeadlines(recovery.DeadlinesConfig{
		Store: a.store, Types: a.types, Logger: a.log.Named("deadlines"),
	})
	if err != nil {
		return err
	}
	reaper, err := recovery.NewReaper(recovery.ReaperConfig{
		Store: a.store, Types: a.types, Offers: a.pusher,
		Every: a.opts.Config.Server.Lease / 3, Logger: a.log.Named("reaper"),
	})
	if err != nil {
		return err
	}
	upkeep, err := recovery.NewUpkeep(a.store, a.leader.Leads, a.log.Named("upkeep"))
	if err != nil {
		return err
	}
	a.background = append(a.background, loop{"due", due.Run}, loop{"deadlines", deadlines.Run},
		loop{"reaper", reaper.Run}, loop{"upkeep", upkeep.Run})
	return nil
}

// wireAPI makes the way in.
func (a *App) wireAPI(context.Context) error {
	in, err := intake.New(intake.Config{Store: a.store, Types: a.types, Queue: a.pusher, Registerer: a.registry})
	if err != nil {
		return err
	}
	schedules, err := a.wireSchedules(in)
	if err != nil {
		return err
	}
	watch, err := auth.NewWatch(auth.WatchConfig{Recorder: a.store, Logger: a.log.Named("auth"), Registerer: a.registry})
	if err != nil {
		return err
	}
	authenticator, err := auth.NewAuthenticator(auth.Config{Keys: a.store, Token: a.opts.Token})
	if err != nil {
		return err
	}
	a.health = newHealth(a.store, a.redis, a.host, a.away)
	handler, err := api.New(api.Config{
		Intake: in, Store: a.store, Canceller: canceller{a}, DeadLetters: a.dead.desk, Cleaner: a.dead.cleaner, Types: a.types, Pauses: a.pauses, WaitReasons: a.dispatcher, Breakers: a.breakers, Schedules: schedules,
		Checks: a.health, Authenticator: authenticator, Watch: watch,
		Metrics: promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}),
		Logger:  a.log.Named("api"), Registerer: a.registry, MaxPayload: a.opts.Config.Limits.Payload,
	})
	if err != nil {
		return err
	}
	a.server = api.NewServer(handler, a.log.Named("http"))
	a.background = append(a.background, loop{"intake", in.Run}, loop{"auth", watch.Run}, loop{"health", a.health.run})
	return nil
}

// nodeName is the configured name, or the machine's.
func nodeName(configured string) string {
	if configured != "" {
		return configured
	}
	if host, err := os.Hostname(); err == nil {
		return host
	}
	return "headrace"
}

// Addr is the address that the API listens on.
func (a *App) Addr() net.Addr { return a.listener.Addr() }
