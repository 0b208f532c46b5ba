package api

import (
	"net/http"

	"github.com/headrace/headrace/core/node"
)

// membersMost bounds the list of nodes: those of one engine's starts in a day.
const membersMost = 1000

// ListNodes shows the engines that share the store.
func (h handlers) ListNodes(w http.ResponseWriter, r *http.Request) {
	members, err := h.cfg.Store.Members(r.Context(), membersMost)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.reply(w, http.StatusOK, plainJSON, page("nodes", members, (*jsonWriter).node, ""))
}

func (j *jsonWriter) node(m *node.Member) {
	j.open()
	j.id("id", m.ID)
	j.text("name", m.Name)
	j.text("version", m.Version)
	j.text("state", string(m.State))
	j.truth("leader", m.Leads)
	j.number("running", m.Running)
	j.time("started", m.Started)
	j.time("lease_until", m.LeaseUntil)
	j.optionalTime("dead_at", m.DeadAt)
	j.text("config_hash", m.ConfigHash)
	j.close()
}
