package realserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// postgresUser is the superuser of the server, and the system user that runs it
// when this process is root: PostgreSQL refuses to run as root.
const postgresUser = "postgres"

// PostgresConfig of a PostgreSQL.
type PostgresConfig struct {
	// Settings of the server besides its address, as NAME=VALUE.
	Settings []string
	// TLS makes it speak TLS only, with a certificate for 127.0.0.1; nil: none.
	TLS *Authority
}

// Postgres starts a PostgreSQL with everything as durable as in production. Its
// data outlives an End, of whatever kind. SIGQUIT is its immediate stop, SIGINT
// its fast one.
func Postgres(tb testing.TB, cfg PostgresConfig) *Server {
	tb.Helper()
	bin := FindPostgres(tb.Context(), PostgresGlob)
	if bin == "" {
		tb.Fatal("PostgreSQL is needed on this machine (Debian: apt-get install postgresql)")
	}
	s := &Server{Dir: folder(tb, "postgres"), Password: newPassword(), ping: pingPostgres}
	home := filepath.Join(s.Dir, "home")
	adopt, err := prepareCluster(tb.Context(), bin, home, s.Password)
	if err != nil {
		tb.Fatal(err)
	}
	settings := cfg.Settings
	if cfg.TLS != nil {
		key, err := cfg.TLS.keyFor(home)
		if err != nil {
			tb.Fatal(err)
		}
		settings = append(settings, "ssl=on", "ssl_cert_file="+cfg.TLS.ServerCert(), "ssl_key_file="+key)
	}
	s.command = func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "postgres"), clusterArgs(home, s.Port, settings)...) //nolint:noctx // End ends it
		adopt(cmd)
		return cmd
	}
	return begin(tb, s, syscall.SIGQUIT, func() error {
		mode := "disable"
		if cfg.TLS != nil {
			mode = "verify-full&sslrootcert=" + cfg.TLS.CA()
		}
		s.URL = fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/postgres?sslmode=%s", postgresUser, s.Password, s.Port, mode)
		return nil
	})
}

// prepareCluster makes a data directory below home; adopt makes a command run as
// the user that owns it.
func prepareCluster(ctx context.Context, bin, home, password string) (adopt func(*exec.Cmd), err error) {
	var credential *syscall.Credential
	secret := filepath.Join(home, "password")
	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if credential, err = Credential(postgresUser); err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
		}
		if err := errors.Join(own(secret, credential), own(home, credential)); err != nil {
			return nil, err
		}
	}
	adopt = func(cmd *exec.Cmd) {
		cmd.Dir = home
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata="+filepath.Join(home, "data"),
		"--username="+postgresUser, "--pwfile="+secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
		"--no-instructions", "--no-sync")
	adopt(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return adopt, nil
}

func own(path string, credential *syscall.Credential) error {
	return os.Chown(path, int(credential.Uid), int(credential.Gid))
}

// clusterArgs are the arguments of the server: no socket file, no work in the
// background that would blur a test.
func clusterArgs(home string, port int, settings []string) []string {
	args := []string{"-D", filepath.Join(home, "data")}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=", "jit=off",
	}, settings...) {
		args = append(args, "-c", setting)
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

// Database makes a database on the server and returns its URL.
func Database(ctx context.Context, s *Server, name string) (url string, err error) {
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", err
	}
	return strings.Replace(s.URL, "/postgres?", "/"+name+"?", 1), nil
}
