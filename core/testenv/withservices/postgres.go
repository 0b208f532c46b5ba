package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/core/testenv/realserver"
)

const (
	// postgresName is PostgreSQL in arguments, messages and file names.
	postgresName = "postgres"
	// postgresUser is the superuser of the private server, and the system user that runs it when
	// this process is root: PostgreSQL refuses to run as root.
	postgresUser = "postgres"
	// fsyncVar set to "off" lets PostgreSQL answer before its data is on disk.
	fsyncVar = "HEADRACE_TEST_FSYNC"
	// maxConnections suits some packages tested at once, each with a few pools.
	maxConnections = 200
)

// cluster is a PostgreSQL data directory and what it takes to run it.
type cluster struct {
	bin        string // folder of initdb and postgres
	home       string // owned by the user that runs the server
	password   string
	credential *syscall.Credential // nil: the user of this process
}

// startPostgres makes a cluster and starts a server on it.
func startPostgres(ctx context.Context, run *run, bin string) (server, error) {
	c := &cluster{bin: bin, home: filepath.Join(run.dir, postgresName), password: newPassword()}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	if err := c.initialize(ctx); err != nil {
		return nil, err
	}
	return onFreePort(run, postgresName, func(port int) (*child, error) {
		return c.start(ctx, run, port)
	})
}

// prepare makes the home with the password file in it, for the user that will run the server.
func (c *cluster) prepare() error {
	if err := os.Mkdir(c.home, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(c.passwordFile(), []byte(c.password), 0o600); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	credential, err := realserver.Credential(postgresUser)
	if err != nil {
		return fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	c.credential = credential
	uid, gid := int(credential.Uid), int(credential.Gid)
	return errors.Join(os.Chown(c.passwordFile(), uid, gid), os.Chown(c.home, uid, gid))
}

func (c *cluster) passwordFile() string { return filepath.Join(c.home, "password") }
func (c *cluster) data() string         { return filepath.Join(c.home, "data") }

// initialize makes the data directory. Its locale is C, so that the order of text is the same on
// every machine.
func (c *cluster) initialize(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"),
		"--pgdata="+c.data(), "--username="+postgresUser, "--pwfile="+c.passwordFile(),
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions", "--no-sync")
	c.adopt(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// adopt makes a command run in the home as the user of the server.
func (c *cluster) adopt(cmd *exec.Cmd) {
	cmd.Dir = c.home
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.credential}
}

// start runs the server and waits until it answers. SIGINT is its fast shutdown; SIGQUIT, which it
// gets when the guard dies, ends it without a word to anybody.
func (c *cluster) start(ctx context.Context, run *run, port int) (*child, error) {
	cmd := exec.Command(filepath.Join(c.bin, "postgres"), c.settings(port)...) //nolint:noctx // stop ends it
	c.adopt(cmd)
	started, err := startChild(run, postgresName, cmd, syscall.SIGINT, syscall.SIGQUIT)
	if err != nil {
		return nil, err
	}
	started.address = fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/postgres?sslmode=disable",
		postgresUser, c.password, port)
	err = started.await(ctx, func(ctx context.Context) error { return pingPostgres(ctx, started.address) })
	if err != nil {
		return nil, errors.Join(err, started.stop())
	}
	return started, nil
}

// settings returns the arguments of the server: everything durable as in production unless told
// otherwise, no socket file, no background work that would blur a test.
func (c *cluster) settings(port int) []string {
	args := []string{
		"-D", c.data(),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "port=" + strconv.Itoa(port),
		"-c", "unix_socket_directories=",
		"-c", "max_connections=" + strconv.Itoa(maxConnections),
		"-c", "jit=off",
	}
	if os.Getenv(fsyncVar) == "off" {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	return args
}

// pingPostgres connects once and asks for nothing.
func pingPostgres(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return conn.Ping(ctx)
}
