package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/headrace/headrace/core/testenv"
)

// redisNumber is the database of Redis that the benchmark uses and empties.
const redisNumber = 15

// services are the PostgreSQL and the Redis that every system shares.
type services struct {
	postgresURL, redisURL string
	postgresPID, redisPID int
	admin                 *pgx.Conn
	redis                 *redis.Client
	// persistence is how Redis was set before; it is put back.
	persistence string
}

// openServices connects to what the environment names.
func openServices(ctx context.Context) (*services, error) {
	s := &services{postgresURL: os.Getenv(testenv.DatabaseVar)}
	address := os.Getenv(testenv.RedisVar)
	if s.postgresURL == "" || address == "" {
		return nil, fmt.Errorf("%s and %s name the servers to use, and one is not set: run `make bench`, which starts private ones",
			testenv.RedisVar, testenv.DatabaseVar)
	}
	if err := errors.Join(s.openPostgres(ctx), s.openRedis(ctx, address)); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, nil
}

func (s *services) openPostgres(ctx context.Context) (err error) {
	if s.admin, err = pgx.Connect(ctx, s.postgresURL); err != nil {
		return err
	}
	backend, err := readProcess(int(s.admin.PgConn().PID()))
	if err != nil {
		return fmt.Errorf("PostgreSQL must run on this machine, to read its CPU: %w", err)
	}
	s.postgresPID = backend.parent
	return isCalled(s.postgresPID, "postgres")
}

func (s *services) openRedis(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	u.Path = "/" + strconv.Itoa(redisNumber)
	s.redisURL = u.String()
	options, err := redis.ParseURL(s.redisURL)
	if err != nil {
		return err
	}
	s.redis = redis.NewClient(options)
	size, err := s.redis.DBSize(ctx).Result()
	if err != nil {
		return err
	}
	if size > 0 {
		return fmt.Errorf("number %d of Redis is not empty, and the benchmark empties it", redisNumber)
	}
	info, err := s.redis.Info(ctx, "server").Result()
	if err != nil {
		return err
	}
	if s.redisPID, err = strconv.Atoi(infoField(info, "process_id")); err != nil {
		return fmt.Errorf("the process of Redis: %w", err)
	}
	if err := isCalled(s.redisPID, "redis-server"); err != nil {
		return err
	}
	return s.persist(ctx)
}

// persist makes Redis write to its append-only file, as those do who keep tasks in it.
func (s *services) persist(ctx context.Context) error {
	was, err := s.redis.ConfigGet(ctx, "appendonly").Result()
	if err != nil {
		return err
	}
	s.persistence = was["appendonly"]
	return s.redis.ConfigSet(ctx, "appendonly", "yes").Err()
}

// infoField returns one value of Redis' INFO.
func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return value
		}
	}
	return ""
}

// isCalled makes sure that a process is what it should be: a server in a container has another id
// there than here.
func isCalled(pid int, want string) error {
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return fmt.Errorf("%s must run on this machine, to read its CPU: %w", want, err)
	}
	if got := strings.TrimSpace(string(name)); got != want {
		return fmt.Errorf("process %d is %s, not %s: it must run on this machine, outside of a container, to read its CPU", pid, got, want)
	}
	return nil
}

// close puts back what was changed and ends the connections.
func (s *services) close(ctx context.Context) error {
	var errs []error
	if s.redis != nil {
		if s.persistence != "" {
			errs = append(errs, s.redis.FlushDB(ctx).Err(), s.redis.ConfigSet(ctx, "appendonly", s.persistence).Err())
		}
		errs = append(errs, s.redis.Close())
	}
	if s.admin != nil {
		errs = append(errs, s.admin.Close(ctx))
	}
	return errors.Join(errs...)
}

// freshDatabase makes an empty database; drop removes it with whatever is still connected.
func (s *services) freshDatabase(ctx context.Context) (address string, drop func(context.Context) error, err error) {
	name := "hrbench_" + strings.ToLower(rand.Text())
	quoted := pgx.Identifier{name}.Sanitize()
	if _, err := s.admin.Exec(ctx, "CREATE DATABASE "+quoted); err != nil {
		return "", nil, fmt.Errorf("create a database: %w", err)
	}
	drop = func(ctx context.Context) error {
		_, err := s.admin.Exec(ctx, "DROP DATABASE "+quoted+" WITH (FORCE)")
		return err
	}
	u, err := url.Parse(s.postgresURL)
	if err != nil {
		return "", nil, errors.Join(err, drop(ctx))
	}
	u.Path = "/" + name
	return u.String(), drop, nil
}

// settle brings both servers to rest before a measurement: what an earlier one left to be written is
// written now, on nobody's account.
func (s *services) settle(ctx context.Context) error {
	_, err := s.admin.Exec(ctx, "CHECKPOINT")
	return err
}

// emptyRedis removes what an earlier measurement left there.
func (s *services) emptyRedis(ctx context.Context) error { return s.redis.FlushDB(ctx).Err() }
