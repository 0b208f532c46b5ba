package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/headrace/headrace/core/task"
)

// intake is one group insert with unique keys or Idempotency-Keys in it.
type intake struct {
	store   *Store
	tx      pgx.Tx
	subs    []task.Submission
	results []task.InsertResult
	// lastTry: a holder that has just ended is no reason to begin anew.
	lastTry bool
}

// request is the submissions that share an Idempotency-Key, or one without.
type request struct {
	key *task.Idempotency
	// items are positions in the group.
	items []int
}

// run writes the group in rounds. A round has one request a key; should nothing
// of it be inserted, the next request with that key gets its chance.
func (in *intake) run(ctx context.Context) error {
	for left := in.requests(); len(left) > 0; {
		turn, later := nextTurn(left)
		free, err := in.reserve(ctx, turn)
		if err != nil {
			return err
		}
		if err := in.insert(ctx, free); err != nil {
			return err
		}
		kept, err := in.conclude(ctx, free)
		if err != nil {
			return err
		}
		left = slices.DeleteFunc(later, func(r *request) bool {
			taken := kept[keyOf(r.key)] || !slices.ContainsFunc(free, func(f *request) bool { return f.key != nil && keyOf(f.key) == keyOf(r.key) })
			if taken {
				in.refuse(r)
			}
			return taken
		})
	}
	return nil
}

// requests groups the submissions, in their order.
func (in *intake) requests() []*request {
	var list []*request
	known := make(map[*task.Idempotency]*request)
	for i := range in.subs {
		key := in.subs[i].Idempotency
		r := known[key]
		if r == nil || key == nil {
			r = &request{key: key}
			known[key] = r
			list = append(list, r)
		}
		r.items = append(r.items, i)
	}
	return list
}

// answerKey is what an Idempotency-Key is known by.
type answerKey struct{ principal, route, key string }

func keyOf(i *task.Idempotency) answerKey { return answerKey{i.Principal, i.Route, i.Key} }

// compare is the order in which groups take keys.
func (k answerKey) compare(other answerKey) int {
	for _, c := range []int{
		strings.Compare(k.principal, other.principal), strings.Compare(k.route, other.route), strings.Compare(k.key, other.key),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// nextTurn takes the first request of every key, and all without one. Those with
// a key are sorted.
func nextTurn(requests []*request) (turn, later []*request) {
	seen := make(map[answerKey]bool)
	for _, r := range requests {
		switch {
		case r.key == nil:
			turn = append(turn, r)
		case seen[keyOf(r.key)]:
			later = append(later, r)
		default:
			seen[keyOf(r.key)] = true
			turn = append(turn, r)
		}
	}
	slices.SortStableFunc(turn, func(a, b *request) int {
		switch {
		case a.key != nil && b.key != nil:
			return keyOf(a.key).compare(keyOf(b.key))
		case a.key != nil:
			return -1
		case b.key != nil:
			return 1
		}
		return 0
	})
	return turn, later
}

// keyColumns are keys as parameters.
func keyColumns(requests []*request) (principals, routes, keys []string) {
	for _, r := range requests {
		principals = append(principals, r.key.Principal)
		routes = append(routes, r.key.Route)
		keys = append(keys, r.key.Key)
	}
	return principals, routes, keys
}

func withKey(requests []*request) []*request {
	return slices.DeleteFunc(slices.Clone(requests), func(r *request) bool { return r.key == nil })
}

// reserve takes the keys of the requests and returns the requests that may go
// on. The others are told.
func (in *intake) reserve(ctx context.Context, turn []*request) (free []*request, err error) {
	keyed := withKey(turn)
	if len(keyed) == 0 {
		return turn, nil
	}
	principals, routes, keys := keyColumns(keyed)
	expires, hashes := make([]pgtype.Timestamptz, len(keyed)), make([][]byte, len(keyed))
	for i, r := range keyed {
		expires[i], hashes[i] = instant(r.key.Expires), notNil(r.key.RequestHash)
	}
	won, err := collect(ctx, in.tx, scanAnswerKey, in.store.queries[qReserveKeys], principals, routes, keys, expires, hashes)
	if err != nil {
		return nil, err
	}
	for _, r := range turn {
		if r.key == nil || slices.Contains(won, keyOf(r.key)) {
			free = append(free, r)
		} else {
			in.refuse(r)
		}
	}
	return free, nil
}

func scanAnswerKey(row pgx.CollectableRow) (k answerKey, err error) {
	return k, row.Scan(&k.principal, &k.route, &k.key)
}

// refuse tells a request that its key was used before.
func (in *intake) refuse(r *request) {
	for _, i := range r.items {
		in.results[i] = task.InsertResult{Fate: task.KeyTaken}
	}
}

// insert writes the tasks of the requests.
func (in *intake) insert(ctx context.Context, requests []*request) error {
	var chosen []int
	for _, r := range requests {
		chosen = append(chosen, r.items...)
	}
	if len(chosen) == 0 {
		return nil
	}
	taken, err := in.store.insertTasks(ctx, in.tx, in.subs, chosen)
	if err != nil || len(taken) == 0 {
		return err
	}
	holders, err := in.holders(ctx, taken)
	if err != nil {
		return err
	}
	for _, i := range taken {
		t := &in.subs[i].Task
		holder, held := holders[uniqueKey{t.Type, t.UniqueKey}]
		if !held && !in.lastTry {
			return errHolderGone
		}
		in.results[i] = task.InsertResult{Fate: task.UniqueTaken, Holder: holder}
	}
	return nil
}

// uniqueKey is what one living task at most may hold.
type uniqueKey struct{ typ, key string }

// holders names the tasks that hold the unique keys which were taken.
func (in *intake) holders(ctx context.Context, taken []int) (map[uniqueKey]uuid.UUID, error) {
	var types, keys []string
	for _, i := range taken {
		types, keys = append(types, in.subs[i].Task.Type), append(keys, in.subs[i].Task.UniqueKey)
	}
	rows, err := in.tx.Query(ctx, in.store.queries[qUniqueHolders], types, keys)
	if err != nil {
		return nil, err
	}
	holders := make(map[uniqueKey]uuid.UUID)
	var (
		held uniqueKey
		id   [16]byte
	)
	_, err = pgx.ForEachRow(rows, []any{&held.typ, &held.key, &id}, func() error {
		holders[held] = id
		return nil
	})
	return holders, err
}

// conclude writes the answers of the requests and returns their keys. It frees
// those of requests of which nothing was inserted.
func (in *intake) conclude(ctx context.Context, requests []*request) (kept map[answerKey]bool, err error) {
	var empty, written []*request
	kept = make(map[answerKey]bool)
	for _, r := range withKey(requests) {
		if in.insertedAny(r) {
			written = append(written, r)
			kept[keyOf(r.key)] = true
		} else {
			empty = append(empty, r)
		}
	}
	if len(empty) > 0 {
		principals, routes, keys := keyColumns(empty)
		if _, err := in.tx.Exec(ctx, in.store.queries[qFreeKeys], principals, routes, keys); err != nil {
			return nil, err
		}
	}
	if len(written) == 0 {
		return kept, nil
	}
	return kept, in.remember(ctx, written)
}

func (in *intake) insertedAny(r *request) bool {
	return slices.ContainsFunc(r.items, func(i int) bool { return in.results[i].Fate == task.Inserted })
}

// remember writes the answers of requests, which are made from their fates.
func (in *intake) remember(ctx context.Context, requests []*request) error {
	principals, routes, keys := keyColumns(requests)
	statuses, bodies := make([]int32, len(requests)), make([][]byte, len(requests))
	for i, r := range requests {
		status, body := in.answer(r)
		statuses[i], bodies[i] = int32(status), notNil(body)
	}
	_, err := in.tx.Exec(ctx, in.store.queries[qRememberAnswers], principals, routes, keys, statuses, bodies)
	return err
}

func (in *intake) answer(r *request) (status int, body []byte) {
	if r.key.Render == nil {
		return r.key.Status, r.key.Body
	}
	fates := make([]task.InsertResult, len(r.items))
	for n, i := range r.items {
		fates[n] = in.results[i]
	}
	return r.key.Render(fates)
}

// notNil is an empty value for a column that takes no NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
