package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Names of the figures that tell what a backlog costs.
const (
	claimTime = "headrace_claim_duration_seconds"
	pageP50   = "page p50 ms"
	pageP99   = "page p99 ms"
	redisIDs  = "ids in Redis"
)

// pages is how many pages of the list are read, one behind the other.
const pages = 100

// depth measures, while tasks wait, how long a page of them takes and how many ids Redis holds.
func (r *headraceRig) depth(ctx context.Context, figures map[string]float64) error {
	var took []float64
	cursor := ""
	for range pages {
		began := time.Now()
		answer, text, err := r.client.ask(ctx, http.MethodGet, "/api/tasks?status=pending&limit=100"+cursor, "")
		if err != nil {
			return err
		}
		took = append(took, float64(time.Since(began).Nanoseconds())/1e6)
		var page struct {
			NextCursor string `json:"next_cursor"`
		}
		if err := json.Unmarshal(text, &page); err != nil || answer.StatusCode != http.StatusOK {
			return errors.Join(fmt.Errorf("a page of tasks: %s: %s", answer.Status, text), err)
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	slices.Sort(took)
	figures[pageP50], figures[pageP99] = quantile(took, 0.5), quantile(took, 0.99)
	for priority := range 4 {
		n, err := r.services.redis.ZCard(ctx, fmt.Sprintf("hrbench:{%s}:ready:%d", echoType, priority)).Result()
		if err != nil {
			return err
		}
		figures[redisIDs] += float64(n)
	}
	return nil
}
