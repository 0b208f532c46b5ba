package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/headrace/headrace/core/event"
)

const (
	// These tables have a partition for each day of their ids.
	historyTable = "task_history"
	eventsTable  = "audit_events"
	// daysAhead is how many days to come have their partitions.
	daysAhead = 7
	// partitionLock is the advisory lock under which partitions are made: two
	// nodes then never make the same one. The number is arbitrary, but ours.
	partitionLock = 0x6865_6164_7261_6365
	// clockSkew is how far the clocks of nodes may lie apart before the trail of a
	// task could miss an event.
	clockSkew = time.Hour
	// lockTimeout bounds the wait for the parent table, behind which others
	// would queue.
	lockTimeout = "2s"
)

// day is a day in UTC, as days since 1970.
type day int64

const dayLength = 24 * time.Hour

func dayOf(t time.Time) day { return day(t.Unix() / int64(dayLength/time.Second)) }

func (d day) start() time.Time { return time.Unix(int64(d)*int64(dayLength/time.Second), 0).UTC() }

// daysFrom lists today and so many days ahead.
func daysFrom(now time.Time, ahead int) []day {
	today := dayOf(now)
	days := make([]day, 0, ahead+1)
	for i := range ahead + 1 {
		days = append(days, today+day(i))
	}
	return days
}

// firstID returns the smallest id that was created at t or later.
func firstID(t time.Time) (id uuid.UUID) {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++ // ids know whole milliseconds only
	}
	ms = max(ms, 0)
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

// write runs do; when a partition is missing it makes those of the ids and runs
// do again. do leaves nothing behind when it fails.
func (s *Store) write(ctx context.Context, op string, ids func() []uuid.UUID, do func() error) error {
	err := do()
	if missesPartition(err) {
		if err = s.makePartitions(ctx, daysOf(ids())); err == nil {
			err = do()
		}
	}
	if err != nil {
		return fail(op, err)
	}
	return nil
}

// missesPartition recognises a row that fits no partition: a check violation
// that names no constraint.
func missesPartition(err error) bool {
	const checkViolation = "23514"
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == checkViolation && answer.ConstraintName == "" &&
		(answer.TableName == historyTable || answer.TableName == eventsTable)
}

// daysOf lists the days of ids, each once.
func daysOf(ids []uuid.UUID) []day {
	days := make([]day, 0, 2)
	for _, id := range ids {
		if d := dayOf(event.TimeOf(id)); !slices.Contains(days, d) {
			days = append(days, d)
		}
	}
	slices.Sort(days)
	return days
}

// makePartitions makes what is missing of both tables' partitions. Each is a
// transaction of its own, so that no lock is held for long.
func (s *Store) makePartitions(ctx context.Context, days []day) error {
	for _, table := range []string{eventsTable, historyTable} {
		missing, err := s.missingDays(ctx, table, days)
		if err != nil {
			return fmt.Errorf("look for partitions of %s: %w", table, err)
		}
		for _, d := range missing {
			if err := s.makePartition(ctx, table, d); err != nil {
				return fmt.Errorf("make partition %s: %w", partitionName(table, d), err)
			}
		}
	}
	return nil
}

func partitionName(table string, d day) string {
	return table + "_" + d.start().Format("20060102")
}

// missingDays returns those days of which a table has no partition.
func (s *Store) missingDays(ctx context.Context, table string, days []day) ([]day, error) {
	const attached = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass"
	names, err := collect(ctx, s.control, pgx.RowTo[string], attached, table)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(days), func(d day) bool {
		return slices.Contains(names, partitionName(table, d))
	}), nil
}

// makePartition makes one partition, unless another node has just done so. A
// table that is made first and attached then does not wait for readers of the
// parent, nor do they wait for it.
func (s *Store) makePartition(ctx context.Context, table string, d day) error {
	name := partitionName(table, d)
	bound := func(d day) string { return firstID(d.start()).String() }
	return pgx.BeginFunc(ctx, s.control, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1), set_config('lock_timeout', $2, true)", int64(partitionLock), lockTimeout)
		if err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&there); err != nil || there {
			return err
		}
		if _, err := tx.Exec(ctx, fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL)", name, table)); err != nil {
			return err
		}
		attach := fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')", table, name, bound(d), bound(d+1))
		if _, err := tx.Exec(ctx, attach); err != nil {
			return err
		}
		s.log.Debug("made a partition", "table", table, "partition", name)
		return nil
	})
}

// expireChunk bounds how many rows one statement of Maintain removes.
const expireChunk = 1000

// Maintain makes the partitions of the days to come and removes expired answers,
// a chunk at a time.
func (s *Store) Maintain(ctx context.Context) error {
	if err := s.makePartitions(ctx, daysFrom(time.Now(), daysAhead)); err != nil {
		return fail("make partitions", err)
	}
	for removed := int64(expireChunk); removed == expireChunk; {
		tag, err := s.control.Exec(ctx, s.queries[qExpireAnswers], expireChunk)
		if err != nil {
			return fail("expire answers", err)
		}
		removed = tag.RowsAffected()
	}
	return nil
}
