package app

import (
	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/outage"
	"github.com/headrace/headrace/core/redis"
	"github.com/headrace/headrace/sdk/fault"
)

// outages are what a node works without for a while, one line at its beginning
// and one at its end; the health loop says when.
type outages struct {
	store, redis *outage.Part
}

func newOutages(log hclog.Logger) outages {
	return outages{
		store: outage.New(outage.Config{
			Name: "database", Logger: log,
			Blames: func(err error) bool { return fault.CodeOf(err) == fault.ServiceUnavailable },
		}),
		redis: outage.New(outage.Config{Name: "redis", Logger: log, Blames: redis.Away}),
	}
}

// logger is quiet about what the outages explain. An error of the store often
// holds one of the network, so the store comes first.
func (o outages) logger(log hclog.Logger) hclog.Logger { return outage.Logger(log, o.store, o.redis) }
