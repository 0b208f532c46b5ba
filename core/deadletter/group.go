package deadletter

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Group is the dead letters of one kind of error.
type Group struct {
	Fingerprint, Type, Code string
	// Message is that of the newest one.
	Message string
	Count   int64
	// Oldest and Newest are when the first and the last of them was given up.
	Oldest, Newest time.Time
	// Sample is one of them.
	Sample uuid.UUID
}

// Groups is all of them, the largest first.
type Groups struct {
	List []Group
	// Partial: there was no time to look at every dead letter, or there are more
	// groups than are shown.
	Partial bool
}

const (
	// groupPage is how many dead letters are read at once.
	groupPage = 2000
	// groupMost bounds the groups of one answer, and the memory they take.
	groupMost = 1000
	// groupTime bounds the search; the newest dead letters are looked at first.
	groupTime = 5 * time.Second
)

// Groups puts the dead letters together by their kind of error.
func (d *Desk) Groups(ctx context.Context) (Groups, error) {
	until := time.Now().Add(groupTime)
	var c collector
	for before := uuid.Nil; ; {
		page, err := d.cfg.Store.DeadBriefs(ctx, before, groupPage)
		if err != nil {
			return Groups{}, err
		}
		for i := range page {
			c.add(&page[i])
		}
		if len(page) < groupPage {
			return c.groups(false), nil
		}
		if time.Now().After(until) {
			return c.groups(true), nil
		}
		before = page[len(page)-1].ID
	}
}

// collector counts dead letters by kind.
type collector struct {
	byKind map[string]*Group
	full   bool
}

func (c *collector) add(b *Brief) {
	kind := Fingerprint(b.Type, b.Code, b.Message)
	g := c.byKind[kind]
	if g == nil {
		if len(c.byKind) == groupMost {
			c.full = true
			return
		}
		if c.byKind == nil {
			c.byKind = make(map[string]*Group)
		}
		g = &Group{Fingerprint: kind, Type: b.Type, Code: b.Code, Message: b.Message, Oldest: b.Died, Newest: b.Died, Sample: b.ID}
		c.byKind[kind] = g
	}
	g.Count++
	if b.Died.Before(g.Oldest) {
		g.Oldest = b.Died
	}
	if b.Died.After(g.Newest) {
		g.Newest, g.Message, g.Sample = b.Died, b.Message, b.ID
	}
}

func (c *collector) groups(cut bool) Groups {
	list := make([]Group, 0, len(c.byKind))
	for _, g := range c.byKind {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return Groups{List: list, Partial: cut || c.full}
}
